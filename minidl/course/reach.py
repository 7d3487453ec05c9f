"""Reach: which names the checks of a lesson's item are computed from.

    mse.check("MSE = 6/5", squares / 5, MSE(y, y_hat))       with  MSE = losses.get("mse")

reaches squares, MSE, losses, get and, as "mse" is its name, MeanSquaredError. A name means what
was last assigned to it above; a function or class means all that stands in it. What comes out
of a loop is not followed.
"""

import ast

from minidl.course.outline import name_of


def reached(outline, strings):
    """{id: set of names} for each item; strings: {"mse": "MeanSquaredError", …}."""
    bindings = find_bindings(outline.tree)
    ids = {item.variable: item.id for item in outline.items}
    found = {item.id: set() for item in outline.items}
    for call in ast.walk(outline.tree):
        if isinstance(call, ast.Call) and name_of(call.func) in ("check", "check_gradient"):
            id = ids.get(getattr(call.func.value, "id", None))
            for part in [*call.args, *call.keywords] if id else []:
                found[id] |= collect(part, call.lineno, bindings, set())
    meanings = {repr(name): meaning for name, meaning in strings.items()}
    return {id: {meanings.get(name, name) for name in names} for id, names in found.items()}


def find_bindings(tree):
    """{name: [(line, what it stands for)]} at the top level, loops and all."""
    bindings = {}
    for node in outside_functions(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in pairs(target, node.value):
                    bindings.setdefault(name, []).append((node.lineno, value))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bindings.setdefault(node.name, []).append((node.lineno, node))
    return bindings


def outside_functions(node):
    """Every node below, but a function or a class as one."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield from outside_functions(child)


def pairs(target, value):
    """(name, value) of an assignment; a, b = x, y is two."""
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if not isinstance(target, ast.Tuple | ast.List):
        return []  # x[0] = …, x.a = …
    alike = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
    values = value.elts if alike else [value] * len(target.elts)
    return [pair for t, v in zip(target.elts, values) for pair in pairs(t, v)]


def collect(node, line, bindings, seen):
    """Every name in a node and in what the names stand for, and every string, quoted."""
    found, skipped = set(), {id(key) for d in ast.walk(node) for key in getattr(d, "keys", [])}
    for part in ast.walk(node):
        name = part.value if isinstance(part, ast.Constant) else name_of(part)
        if not isinstance(name, str) or id(part) in skipped:
            continue
        found.add(repr(name) if isinstance(part, ast.Constant) else name)
        above = [pair for pair in bindings.get(name, []) if pair[0] < line]
        if isinstance(part, ast.Name) and above and id(above[-1][1]) not in seen:
            start, value = above[-1]
            seen.add(id(value))
            inside = isinstance(value, ast.FunctionDef | ast.ClassDef)
            found |= collect(value, line if inside else start, bindings, seen)
    return found
