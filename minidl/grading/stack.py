"""Stack: the student's own blanks together, no reference between them."""

from minidl.grading.assignment import CACHE
from minidl.grading.checking import Wrong
from minidl.grading.compare import value_fault
from minidl.grading.exam import named


def grade_stack(exam, start):
    """None, or the first place where the student's blanks do not work together."""
    try:
        with start(None) as student:
            for blank in exam.assignment.blanks:
                if blank.of is None:
                    forward_and_back(student, blank, exam)
    except Wrong as error:
        return error
    return None


def forward_and_back(student, blank, exam):
    """A forward by the student, and its backward on the student's own cache."""
    for i, case in enumerate(exam.cases[blank.name]):
        got = named(blank, student.answer(blank.name, case.args))
        compare(blank, got, case)
        for back in exam.assignment.blanks:
            if back.of == blank.name and exam.cases[back.name]:
                run_back(student, back, got, exam.cases[back.name][i])


def run_back(student, back, outputs, case):
    args = list(case.args)
    if CACHE in outputs:
        args[-1] = outputs[CACHE]
    compare(back, named(back, student.answer(back.name, args)), case)


def compare(blank, got, case):
    want = named(blank, case.want)
    for output in blank.outputs:
        fault = value_fault(got[output], want[output], output, blank.rtol)
        if output != CACHE and fault:
            raise Wrong(f"{blank.name}: {fault}")
