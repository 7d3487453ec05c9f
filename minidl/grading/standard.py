"""The standard items of a blank: its shape, its values, each gradient, its contract."""

import numpy as np

from minidl.grading.assignment import CACHE
from minidl.grading.checking import Wrong
from minidl.grading.compare import dtype_fault, first, numbers_in, shape_fault, value_fault
from minidl.grading.exam import named
from minidl.grading.honesty import allowed_calls, by_differences, gradients_of


def grade_blank(blank, exam, start):
    """{part: what is wrong, or None}. start(blank) gives a Student."""
    cases = exam.cases[blank.name]
    if not cases:
        return {}
    try:
        with start(blank) as student:
            got, differences = zip(*[call(student, blank, case) for case in cases])
            kept = contract(student, blank, cases[0], got)
    except Wrong as error:
        return lost(blank, error)
    answers = [(named(blank, g), named(blank, case.want)) for g, case in zip(got, cases)]
    faults = numbers_and_shapes(blank, answers, cases) | {"contract": kept}
    if any(differences):
        faults |= dict.fromkeys(gradients_of(blank), by_differences(blank))
    if nothing_computed(blank, answers):
        why = first(faults.values()) or "wrong"
        return lost(blank, Nothing(f"{why}; {blank.name} returns the same for all arguments"))
    return {part: faults.get(part) for part in blank.points}


def numbers_and_shapes(blank, answers, cases):
    """{part: the first fault in any of the calls}."""
    wheres = [f" (call {i + 1}: {signature(case.args)})" for i, case in enumerate(cases)]
    calls = list(zip(answers, wheres))
    faults = {
        "shape": first(
            with_call(shape_fault(got[o], want[o], o), where)
            for (got, want), where in calls
            for o in blank.outputs
            if o != CACHE
        )
    }
    for output in blank.graded:
        part = blank.property_of(output)
        faults[part] = faults.get(part) or first(
            with_call(value_fault(got[output], want[output], output, blank.rtol), where)
            for (got, want), where in calls
        )
    return faults


class Nothing(Wrong):
    """An answer that does not depend on the question wins nothing: no item of the blank."""


def nothing_computed(blank, answers):
    """Every output is one number in all entries of all calls, where it should not be."""
    forms = [o for o in blank.outputs if o != CACHE]
    got, want = zip(*answers)
    return not any(varies(got, o) for o in forms) and any(varies(want, o) for o in forms)


def varies(outputs, name):
    """Are there two different numbers in all of these outputs?"""
    numbers = numbers_in([output[name] for output in outputs])
    finite = numbers[np.isfinite(numbers)]
    return finite.size > 0 and bool((finite != finite[0]).any())


def lost(blank, error):
    """Every standard part of the blank, lost for one reason."""
    return {part: error for part in blank.points}


def call(student, blank, case):
    """(what one call returns, whether it asks for as many forwards as differences do)."""
    before = student.forward_calls
    value = student.answer(blank.name, case.args)
    return value, bool(blank.of) and student.forward_calls - before > allowed_calls(case)


def contract(student, blank, case, got):
    """None, or how the contract is broken; seen by calling the first case again."""
    want = named(blank, got[0])
    try:
        again = named(blank, student.answer(blank.name, case.args))
        overwritten = named(blank, student.overwritten())
        student.answer(blank.name, case.args, readonly=True)
        after = student.arguments()
    except Wrong as error:
        if "read-only" in str(error):
            return f"it changes its arguments in place ({error}): work on copies"
        return error
    for name in blank.outputs:
        if value_fault(again[name], want[name], name, blank.rtol, nan=True):
            return f"a second call with the same arguments gives another {name}: keep no state"
        if name != CACHE and value_fault(overwritten[name], want[name], name, blank.rtol, True):
            return f"{name} shares memory with an argument: return an array of its own (copy)"
    fault = shape_fault(after, case.args, "args") or value_fault(
        after, case.args, "args", 0.0, nan=True
    )
    if fault:
        return f"it changes its arguments: {fault}"
    return first(
        dtype_fault(value, name) for g in got for name, value in named(blank, g).items()
    )


def with_call(fault, where):
    return f"{fault}{where}" if fault else None


def signature(args):
    """The shapes of the arguments, in words."""
    parts = []
    for value in args:
        shape = getattr(value, "shape", None)
        if shape is not None:
            parts.append(f"{tuple(shape)}")
        elif isinstance(value, tuple | list | dict):
            parts.append(type(value).__name__)
        else:
            parts.append(f"{value!r:.20}")
    return ", ".join(parts)
