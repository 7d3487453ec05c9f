"""The stripper: from a solution to what students get. One for every path that releases text."""

import ast
import re

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TELLING = 24  # a solution line of so many characters must stand in nothing that is released


def skeleton(solution):
    """The solution with one line that raises in place of each marked region."""
    lines, kept, inside = solution.splitlines(), [], False
    blanks = blank_lines(solution)
    for number, line in enumerate(lines, 1):
        if line.strip() == BEGIN:
            if inside:
                raise ValueError(f"line {number}: {BEGIN} inside a solution")
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            kept += [f"{indent}{text}" for text in raising(blanks.get(number, "this part"))]
        elif line.strip() == END:
            if not inside:
                raise ValueError(f"line {number}: {END} without {BEGIN}")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"the last {BEGIN} has no {END}")
    return "\n".join(kept) + "\n"


def raising(name):
    """What stands in an empty blank."""
    return [
        "raise NotImplementedError(",
        f'    "{name} is empty: write it here, in place of this error"',
        ")",
    ]


def blank_lines(solution):
    """{line number of a BEGIN: name of the function around it}."""
    functions = [n for n in ast.walk(ast.parse(solution)) if isinstance(n, ast.FunctionDef)]
    found = {}
    for number, line in enumerate(solution.splitlines(), 1):
        if line.strip() == BEGIN:
            around = [f for f in functions if f.lineno <= number <= last_line(f, solution)]
            if around:
                found[number] = max(around, key=lambda f: f.lineno).name
    return found


def last_line(function, solution):
    """The function's last line; a marker that follows its last statement is a comment."""
    lines = solution.splitlines()
    last = function.end_lineno
    while last < len(lines) and (not lines[last].strip() or lines[last].startswith(" ")):
        last += 1
    return last


def blanks_of(solution):
    """The names of the functions that hold a solution, in order."""
    return list(dict.fromkeys(blank_lines(solution).values()))


def solution_lines(solution):
    """The lines between the markers, stripped."""
    inside, found = False, []
    for line in solution.splitlines():
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            found.append(line.strip())
    return found


def leaks(solution, released):
    """What of the solution stands in a released text: markers, and lines that tell."""
    found = [marker for marker in (BEGIN, END) if marker in released]
    text = squeezed(released)
    for line in dict.fromkeys(solution_lines(solution)):
        code = squeezed(line.split("  #")[0])
        comment = line.startswith("#")
        if len(line.split("  #")[0]) >= TELLING and not comment and code in text:
            found.append(line)
    return found


def squeezed(text):
    """Without white space: a line that is wrapped leaks as well."""
    return re.sub(r"\s+", "", text)


def empty_blanks(source, blanks):
    """The blanks of a student's file that still raise what the skeleton raises."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    return [
        name for name in blanks
        if name in functions and f"{name} is empty: " in ast.unparse(functions[name])
    ]  # fmt: skip
