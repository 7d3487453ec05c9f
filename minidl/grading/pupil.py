"""Pupil: `minidl check` on a file of an assignment: hints, public checks, points so far."""

from minidl.grading.checking import Wrong
from minidl.grading.exam import Exam
from minidl.grading.folder import load_assignment
from minidl.grading.sandbox import Sandbox
from minidl.grading.skeleton import empty_blanks
from minidl.grading.student import Student
from minidl.grading.submissions import read_submission


def check_assignment(path, name, names=()):
    """Print what the student can know; 0 where all public checks pass and nothing is empty."""
    assignment = load_assignment(name)
    submission = read_submission(path, name)
    if submission.fault:
        print(submission.fault)
        return 1
    empty = empty_blanks(submission.source, assignment.names)
    print(f"{assignment.name}: {assignment.title}\n")
    contract_kept = check_classes(path, names, empty)
    lost = check_public(assignment, submission.source, path.name)
    print_points(assignment, lost)
    return 0 if contract_kept and not lost and not empty else 1


def check_classes(path, names, empty):
    """The gradient checker on what the file puts into CHECKS, once no blank is empty."""
    for blank in empty:
        print(f"  {blank} is empty")
    if empty:
        print("the gradient checker waits until nothing is empty\n")
        return False
    from minidl.testing.files import check_file, find_cases, load

    try:
        if not find_cases(load(path)):
            return True  # nothing but functions: the public checks are all there is
    except Exception:
        pass  # check_file says what is wrong
    return check_file(path, names) == 0


def check_public(assignment, source, file):
    """{public item: what is wrong}, printed as they come. The student's own parts only."""
    lost = {}
    print("public checks")
    with Sandbox() as sandbox:
        exam = Exam(assignment, seed=0)
        for item in assignment.public:
            fault = public_fault(item, sandbox, source, file, exam)
            print(
                f"  {'LOST' if fault else 'ok  '}  {item.name}"
                + (f"  {fault}" if fault else "")
            )
            if fault:
                lost[item.name] = fault
    return lost


def public_fault(item, sandbox, source, file, exam):
    student = None
    try:
        student = Student(sandbox, source, file, exam)
        item.function(student)
    except Wrong as error:
        return str(error)
    except Exception as error:
        return f"cannot use what {item.blank} returns ({type(error).__name__}: {error})"
    finally:
        if student is not None:
            student.close()
    return None


def print_points(assignment, lost):
    public = [part for part in assignment.parts if part.public]
    held = [part for part in assignment.parts if not part.public]
    won = sum(part.points for part in public if part.name not in lost)
    print(f"\n{won} of {sum(p.points for p in public)} public points so far")
    print(f"{sum(p.points for p in held)} points are held back until grading:")
    for blank in [*assignment.names, "stack"]:
        parts = [p for p in held if p.blank == blank]
        told = ", ".join(
            f"{p.name.partition('.')[2] or 'your functions together'} {p.points}" for p in parts
        )
        if told:
            print(f"  {blank}: {told}")
