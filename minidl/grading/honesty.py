"""Honesty: is a gradient derived, or measured by differences?

A difference quotient needs the forward once or twice for every entry. So a backward may call
forwards only about as often as the reference does, and must be right and done in time on a
large case, where differences take minutes and loops in plain Python a fraction of a second.
For a function of single entries one difference does for all of them; there the tolerance
tells, and a check of entries where the slope is tiny.
"""

import io
import time
import tokenize
from functools import lru_cache

from minidl.grading.assignment import CACHE
from minidl.grading.checking import Wrong
from minidl.grading.compare import value_fault
from minidl.grading.exam import named

PATIENCE = 6.0  # seconds of processor time for the large case, on a machine of usual speed
USUAL = 0.030  # seconds that `speed` takes on a machine of usual speed
SLOW = None
COMPLEX = frozenset(("complex", "complex64", "complex128", "csingle", "cdouble", "clongdouble"))


def allowed_calls(case):
    """Forwards that a backward may ask for in one call: it may recompute, not measure."""
    return 4 * case.calls + 8


def patience():
    """Seconds for the large case: more on a slow machine, never fewer."""
    global SLOW
    if SLOW is None:
        SLOW = max(1.0, min(speed() for _ in range(3)) / USUAL)
    return PATIENCE * SLOW


def speed():
    """Seconds for a fixed loop in plain Python."""
    started, total = time.process_time(), 0.0
    for i in range(300_000):
        total += i * 0.5
    return time.process_time() - started


def gradients_of(blank):
    """The parts that are lost where gradients are not derived."""
    return [part for part in blank.points if part not in ("shape", "contract", CACHE)]


def suspicion(blank, source, exam, start):
    """{part: why it is lost though its numbers are right}."""
    word = complex_number(source, exam.assignment.solution)
    if word:
        why = f"the file has complex numbers ({word}): derive the gradient"
        return dict.fromkeys(gradients_of(blank), why)
    return large_faults(blank, exam, start) if blank.name in exam.large else {}


def large_faults(blank, exam, start):
    """{part: what is wrong} on the large case, in the time that a derivation needs."""
    case, seconds = exam.large[blank.name], patience()
    limits = {"cpu": round(seconds), "wall": 4 * seconds}
    for again in (True, False):  # a busy machine gets a second chance
        try:
            with start(blank, **limits) as student:
                got = named(blank, student.answer(blank.name, case.args))
                calls = student.forward_calls
            break
        except Wrong as error:
            hung = getattr(error, "hung", False)
            if not (hung and again):
                why = too_slow(blank, case, seconds) if hung else error
                return dict.fromkeys(gradients_of(blank), f"on a large case: {why}")
    if calls > allowed_calls(case):
        return dict.fromkeys(gradients_of(blank), by_differences(blank))
    faults, want = {}, named(blank, case.want)
    for output in blank.graded:
        fault = value_fault(got[output], want[output], output, 10 * blank.rtol)
        if fault:
            faults[blank.property_of(output)] = f"on a large case: {fault}"
    return faults


def by_differences(blank):
    return (
        f"{blank.name} calls forwards as often as a difference quotient does: "
        "derive the gradient"
    )


def too_slow(blank, case, seconds):
    return (
        f"{blank.name} needs more than {seconds:.0f} s where the reference needs "
        f"{case.seconds:.3f} s: gradients by differences? Derive them"
    )


def complex_number(source, solution):
    """A word of a complex number in the source, unless the solution has one too."""
    return min(complex_words(source) - complex_words(solution), default=None)


@lru_cache(maxsize=64)
def complex_words(source):
    """A step along the imaginary axis differentiates exactly, so it is looked for by name."""
    found = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            imaginary = token.type == tokenize.NUMBER and token.string[-1] in "jJ"
            if imaginary or (token.type == tokenize.NAME and token.string in COMPLEX):
                found.add(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass  # what does not tokenize does not run either
    return frozenset(found)
