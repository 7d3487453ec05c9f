"""Proof that an assignment grades as it should: empty 0, reference 100, mutants their items."""

from minidl.grading.exam import Exam
from minidl.grading.folder import load_mutants, released_skeleton
from minidl.grading.grade import grade

ENOUGH = 12  # mutants


def empty_fault(exam, sandbox):
    """None, or what is wrong with the grade of an untouched skeleton."""
    result = grade(released_skeleton(exam.assignment), exam, sandbox)
    won = [mark.part.name for mark in result.marks if mark.score]
    if won:
        return f"the empty skeleton wins {won}"
    silent = [m.part.name for m in result.marks if "is empty" not in m.text]
    return f"these do not say which blank is empty: {silent}" if silent else None


def reference_fault(exam, sandbox):
    result = grade(exam.assignment.solution, exam, sandbox)
    lost = [f"{m.part.name}: {m.text}" for m in result.marks if not m.passed]
    return "the reference loses " + "; ".join(lost) if lost else None


def mutant_fault(mutant, exam, sandbox):
    """None, or the items lost too many or too few.

    A public check shows a property that a held-back one grades: where a blank loses anything,
    its public checks may be lost too."""
    result = grade(mutant.apply(exam.assignment.solution), exam, sandbox)
    if result.fault:
        return f"mutant {mutant.name!r} cannot be graded: {result.fault}"
    public = {part.name for part in exam.assignment.parts if part.public}
    blanks = {name.partition(".")[0] for name in mutant.loses}
    allowed = {name for name in public if name.partition(".")[0] in blanks}
    missing = set(mutant.loses) - set(result.lost)
    extra = set(result.lost) - set(mutant.loses) - allowed
    if not missing and not extra:
        return None
    told = [f"{name}: {result[name].text.splitlines()[0]}" for name in sorted(extra)]
    kept = f" keeps {sorted(missing)}" if missing else ""
    also = f" also loses {'; '.join(told)}" if told else ""
    return f"mutant {mutant.name!r}{kept}{also}"


def faults(assignment, sandbox, seed=None):
    """Every sentence on what is wrong with an assignment; none where it is proved."""
    exam, mutants = Exam(assignment, seed), load_mutants(assignment)
    found = [empty_fault(exam, sandbox), reference_fault(exam, sandbox)]
    found += [mutant_fault(mutant, exam, sandbox) for mutant in mutants]
    if len(mutants) < ENOUGH:
        found.append(f"{len(mutants)} mutants: write at least {ENOUGH}")
    if not any(part.public for part in assignment.parts):
        found.append("no public checks: the handout's worked numbers should be some")
    strangers = {n for m in mutants for n in m.loses} - {p.name for p in assignment.parts}
    if strangers:
        found.append(f"mutants lose what is no item: {sorted(strangers)}")
    return [fault for fault in found if fault]
