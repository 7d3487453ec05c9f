"""Places: which code computes an item of a lesson, and which test holds that code."""

import ast
import re
from pathlib import Path

from minidl.course.reach import reached
from minidl.course.sources import cited, find_named, find_strings

APART = {"datasets", "initializers"}  # they make numbers: no item's formula lives there


class Places:
    """The public classes and functions of a package, with their Source lines and tests."""

    def __init__(self, package):
        package = Path(package)
        self.strings = find_strings(package)
        self.named = [
            n
            for n in find_named(package).values()
            if not APART & set(n.path.relative_to(package).with_suffix("").parts)
        ]
        self.package, self.folder = package, package.parent / "tests"
        tests = sorted(self.folder.rglob("test_*.py"))
        self.tests = {path: path.read_text(encoding="utf-8") for path in tests}

    def code(self, outline):
        """{id: [Named, …]} of a lesson's items: what names the item's section and

        has the item's name; or else is used by its checks, or stands in a file that is; or is
        mentioned in the lesson and is no other item's. Where nothing is, what the checks use
        of the other items' code; or all that they use; or the other items' code."""
        names, mentioned = reached(outline, self.strings), mentions(outline.tree)
        used = {id: [n for n in self.named if n.name in names[id]] for id in names}
        citing = {item.id: self.citing(item.source) for item in outline.items}
        found = {id: self.exact(id, citing[id], used[id]) for id in citing}
        taken = [n for places in found.values() for n in places]
        for id, candidates in citing.items():
            here = [n for n in candidates if {n.name, n.path.stem} & mentioned]
            found[id] = found[id] or [n for n in here if n not in taken] or here
            found[id] = found[id] or [n for n in used[id] if n in taken]
            found[id] = found[id] or [n for n in used[id] if n.source]
            found[id] = found[id] or list(dict.fromkeys(taken))
        return found

    def exact(self, id, candidates, used):
        own = self.strings.get(id.rpartition("-")[2])  # F-D2-adam: Adam
        files = {n.path for n in used}
        return (
            [n for n in candidates if n.name == own]
            or [n for n in candidates if n in used]
            or [n for n in candidates if n.path in files]
        )

    def citing(self, source):
        """What names one of the sections of `source`."""
        sections = cited(source)
        return [n for n in self.named if sections & cited(n.source)]

    def test(self, named):
        """The test of the same name, or else the one that speaks of `named` most; or None."""
        inside = named.path.relative_to(self.package)
        mirror = self.folder / inside.parent / f"test_{inside.name}"
        if mirror in self.tests:
            return mirror
        word = re.compile(rf"\b{named.name}\b")
        counts = {path: len(word.findall(text)) for path, text in self.tests.items()}
        best = max(counts, key=counts.get, default=None)
        return best if best and counts[best] else None


def mentions(tree):
    """Every name in a lesson, and the last part of each module that it imports from."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").rpartition(".")[2], *(a.name for a in node.names)}
        found |= {getattr(node, "id", None), getattr(node, "attr", None)}
    return found
