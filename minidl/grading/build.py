"""build: an assignment of your own from one solution file, with scaffolds for its checks."""

import ast
import re
from pathlib import Path

from minidl.grading.folder import assignment_of
from minidl.grading.skeleton import BEGIN, END, blanks_of, leaks, skeleton, solution_lines

CHECKS = '''"""The checks of {name}. Runs in the grader only."""

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close  # noqa: F401


def cases(rng):
    """For each blank the arguments to call it with; a backward's come from its forward's."""
    return {{
{cases}
    }}


ASSIGNMENT = Assignment(
    name="{name}",
    title="{title}",
    lesson="",
    hours=2,
    blanks=[
{blanks}
    ],
    cases=cases,
    items=[],  # Item("{first}.rows_alone", 5, function_of_student_reference_rng)
    public=[],  # Item("{first}.worked", 5, function_of_student): the handout's numbers
    stack={stack},
)
'''
MUTANTS = '''"""Mistakes planted in solution.py, and the items that each must lose.

Made by changing one line at a time. `minidl assignment prove FOLDER` says which items each one
loses: write them into loses, and throw out those that change nothing.
"""

from minidl.grading.assignment import Mutant

MUTANTS = [
{mutants}
]
'''
CHANGES = [  # what students get wrong: in words, and as a change of a line's text
    ("minus for plus", r" \+ ", " - "),
    ("plus for minus", r" - ", " + "),
    ("divided, not multiplied", r" \* ", " / "),
    ("multiplied, not divided", r" / ", " * "),
    ("not transposed", r"\.T\b", ""),
    ("the other axis", r"axis=0", "axis=1"),
    ("the first axis", r"axis=-1", "axis=0"),
    ("the mean, not the sum", r"\.sum\(", ".mean("),
    ("without 1 minus", r"1 - ", ""),
    ("the axis is dropped", r"keepdims=True", "keepdims=False"),
    ("the sign", r"return (\w+)", r"return -\1"),
    ("twice as large", r"^(\w+) = ", r"\1 = 2 * "),
]


def build(path, folder=None):
    """Write the folder of an assignment for a solution file; the paths written."""
    path = Path(path)
    solution = path.read_text(encoding="utf-8")
    name = assignment_of(solution) or path.stem
    files = built_files(with_name(solution, name), name)
    folder = Path(folder or name)
    taken = [file for file in files if (folder / file).exists()]
    if taken:
        raise FileExistsError(f"{folder} already has {', '.join(taken)}: name another folder")
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in files]


def built_files(solution, name):
    """{file: text}. ValueError where there is no blank, or the rest gives a solution away."""
    names = blanks_of(solution)
    if not names:
        raise ValueError(f"no function holds {BEGIN} … {END}: mark what students write")
    found = leaks(solution, skeleton(solution))
    if found:
        raise ValueError(f"the skeleton would give away {found}")
    return {
        "solution.py": solution,
        "checks.py": checks_scaffold(solution, name, names),
        "mutants.py": MUTANTS.format(mutants="\n".join(mutants(solution))),
        "handout.md": handout_scaffold(solution, name, names),
        f"released/{name}.py": skeleton(solution),
    }


def with_name(solution, name):
    """The solution with the line by which `minidl check` knows the assignment."""
    if assignment_of(solution):
        return solution
    body = ast.parse(solution).body
    imports = [n.end_lineno for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    docstring = body[0].end_lineno if ast.get_docstring(ast.parse(solution)) else 0
    line = max(imports, default=docstring)
    lines = solution.splitlines()
    return "\n".join([*lines[:line], "", f'ASSIGNMENT = "{name}"', *lines[line:]]) + "\n"


def checks_scaffold(solution, name, names):
    tree = ast.parse(solution)
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    shares = share(90, len(names))
    blanks = [blank_text(functions[n], names, points) for n, points in zip(names, shares)]
    cases = [
        f'        "{n}": [],  # ({", ".join(a.arg for a in functions[n].args.args)}), …'
        for n in names
        if n.removesuffix("_backward") not in names or not n.endswith("_backward")
    ]
    title = (ast.get_docstring(tree) or name).splitlines()[0].rstrip(".").replace('"', "'")
    return CHECKS.format(
        name=name, title=title, cases="\n".join(cases), blanks="\n".join(blanks),
        first=names[0], stack=100 - sum(shares),
    )  # fmt: skip


def blank_text(function, names, points):
    """The scaffold of one Blank, its points shared out over what it returns."""
    outputs = outputs_of(function)
    of = function.name.removesuffix("_backward")
    of = f'of="{of}", ' if of != function.name and of in names else ""
    parts = [o for o in outputs if o != "cache"] if of else ["value"]
    small = max(1, points // 10)
    worth = dict(zip(parts, share(points - 2 * small, len(parts))))
    worth = {"shape": small, **worth, "contract": small}
    return (
        f'        Blank("{function.name}", outputs={tuple(outputs)!r}, {of}points={worth!r}),'
    )


def outputs_of(function):
    """The names in the last return statement; the second of a forward is its cache."""
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    value = returns[-1] if returns else ast.Name("y")
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    names = [p.id if isinstance(p, ast.Name) else f"output{i}" for i, p in enumerate(parts)]
    if len(names) == 2 and not function.name.endswith("_backward"):
        names[1] = "cache"
    return names


def share(points, among):
    """Integers that add up to points."""
    return [points // among + (i < points % among) for i in range(among)]


def mutants(solution, most=30):
    """Mutant entries: one line of the solution, changed as students get it wrong."""
    made = []
    for line in dict.fromkeys(solution_lines(solution)):
        if line.startswith("#") or solution.count(line) != 1:
            continue
        for words, pattern, new in CHANGES:
            changed = re.sub(pattern, new, line, count=1)
            if changed != line:
                made.append(mutant_text(f"{words}: {line[:40].strip()}", line, changed))
    return made[:most]


def mutant_text(name, old, new):
    lines = [f"{name!r},", f"{old!r},", f"{new!r},", "loses=(),"]
    return "\n".join(["    Mutant(", *[f"        {line}" for line in lines], "    ),"])


def handout_scaffold(solution, name, names):
    tree = ast.parse(solution)
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    lines = [
        f"# {(ast.get_docstring(tree) or name).splitlines()[0]}",
        "",
        "## What to write",
        "",
    ]
    for n in names:
        doc = (ast.get_docstring(functions[n]) or "").splitlines()
        signature = ", ".join(a.arg for a in functions[n].args.args)
        lines += [f"- `{n}({signature})`: {doc[0] if doc else ''}"]
    lines += ["", "## Worked numbers", "", "## Points", ""]
    return "\n".join([*lines, "```sh", f"minidl check {name}.py", "```", ""])
