"""Every assignment keeps its word: empty 0, reference 100, each mutant loses its items only."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from minidl.course.runner import lessons_folder
from minidl.grading import proof
from minidl.grading.exam import Exam
from minidl.grading.folder import find_assignments, handout, load_assignment, load_mutants
from minidl.grading.skeleton import BEGIN, END, leaks, skeleton

FOLDERS = find_assignments()
NAMES = [folder.name for folder in FOLDERS]
each = pytest.mark.parametrize("name", NAMES)
exams, faults = {}, {}


def mutants_of(name):
    """None of a folder that cannot be loaded: its other tests fail and say why."""
    try:
        return load_mutants(load_assignment(name))
    except Exception:
        return []


MUTANTS = [(name, mutant) for name in NAMES for mutant in mutants_of(name)]


def exam_of(name):
    """One exam an assignment, of fresh entropy; pytest shows its seed where a test fails."""
    if name not in exams:
        exams[name] = Exam(load_assignment(name))
    print(f"seed {exams[name].seed}")
    return exams[name]


@each
def test_the_empty_skeleton_wins_nothing_and_says_which_blank_is_empty(name, sandbox):
    assert proof.empty_fault(exam_of(name), sandbox) is None


@each
def test_the_reference_wins_everything(name, sandbox):
    assert proof.reference_fault(exam_of(name), sandbox) is None


@pytest.mark.parametrize(
    ("name", "mutant"), MUTANTS, ids=[f"{n}: {m.name}" for n, m in MUTANTS]
)
def test_a_mutant_loses_its_items_and_no_others(name, mutant, sandboxes):
    if name not in faults:
        faults[name] = mutant_faults(name, sandboxes)
    assert faults[name][mutant.name] is None


def mutant_faults(name, sandboxes):
    """{mutant: its fault} of a whole assignment, two at a time."""
    exam, mutants = exam_of(name), mutants_of(name)
    halves = [mutants[i :: len(sandboxes)] for i in range(len(sandboxes))]

    def run(half, sandbox):
        return {mutant.name: proof.mutant_fault(mutant, exam, sandbox) for mutant in half}

    with ThreadPoolExecutor(len(sandboxes)) as pool:
        return {k: v for found in pool.map(run, halves, sandboxes) for k, v in found.items()}


@each
def test_the_folder_is_complete(name):
    assignment, mutants = load_assignment(name), load_mutants(load_assignment(name))
    assert assignment.name == name
    assert assignment.total == 100
    assert assignment.hours > 0
    assert (lessons_folder() / f"{assignment.lesson}.py").is_file()
    assert len(mutants) >= proof.ENOUGH
    assert len({m.name for m in mutants}) == len(mutants)
    items = {part.name for part in assignment.parts}
    assert {n for m in mutants for n in m.loses} <= items
    assert sum(part.points for part in assignment.parts if part.public) > 0
    assert {m.partition(".")[0] for mutant in mutants for m in mutant.loses} >= set(
        assignment.names
    )


@each
def test_nothing_released_gives_the_solution_away(name):
    assignment = load_assignment(name)
    for text in (skeleton(assignment.solution), handout(assignment)):
        assert leaks(assignment.solution, text) == []
        assert BEGIN not in text
        assert END not in text


@each
def test_no_file_names_minidl_or_looks_like_a_lesson(name):
    assignment = load_assignment(name)
    assert not re.search(r"^\s*(import|from) minidl", assignment.solution, re.MULTILINE)
    assert not re.match(r"\d\d_", name)


@each
def test_the_handout_is_a_page(name):
    text = handout(load_assignment(name))
    assert 20 <= len(text.splitlines()) <= 90
    assert "minidl check" in text
    assert all(len(line) <= 110 for line in text.splitlines() if line[:1] != "|")
