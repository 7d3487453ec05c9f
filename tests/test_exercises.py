"""Every exercise of a lesson has an answer: `minidl check` accepts it, and no spoiled one.

An exercise names one class in backticks and prints numbers that its forward must give.
tests/answers/<lesson>.py has that class for each exercise, and for each exercise in turn

    NUMBERS = [(Softplus().forward(np.zeros((1, 1)))[0], "0.6931"), …]

what the answer gives, and the piece of the exercise's text that says so: one number, or
several with commas, "0.25, -0.5", each right to its last digit.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import minidl
from minidl.course.cells import split_cells
from minidl.testing import files

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]*_*.py"))
SHIPPED = {
    name
    for module in (minidl, minidl.layers, minidl.losses, minidl.optimizers, minidl.initializers)
    for name in dir(module)
}
COMMAND = "`minidl check answers.py`"

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


# ---- what a lesson asks for ----


@cache
def exercises(lesson):
    """The text of each exercise, on one line."""
    last = split_cells(lesson.read_text("utf-8"))[-2].text
    _, _, text = last.partition("## Exercises\n")
    parts = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
    return [" ".join(part.split()) for part in parts]


def own_classes(text):
    """The class names in backticks, with or without arguments, that are not minidl's."""
    names = re.findall(r"`([A-Z]\w*)(?:\([^`]*\))?`", text)
    return [name for name in dict.fromkeys(names) if name not in SHIPPED]


# ---- and its answers ----


def answers_of(lesson):
    path = ROOT / "tests" / "answers" / lesson.name
    assert path.is_file(), f"no answers: write tests/answers/{lesson.name}"
    return path


@cache
def load(path):
    return files.load(path)


def classes(module):
    """The classes of an answers file that `minidl check` finds; of an object, its class."""
    subjects = [subject for _, subject, _ in files.find_cases(module)]
    kinds = [s if isinstance(s, type) else type(s) for s in subjects]
    return list(dict.fromkeys(kind.__name__ for kind in kinds))


def test_there_are_lessons():
    assert len(LESSONS) >= 17


def test_no_answer_is_without_a_lesson():
    found = {path.name for path in (ROOT / "tests" / "answers").glob("*.py")}
    assert found <= {path.name for path in LESSONS}


@each_lesson
def test_an_exercise_names_one_class_of_its_own(lesson):
    assert 2 <= len(exercises(lesson)) <= 3
    for text in exercises(lesson):
        assert len(own_classes(text)) == 1, f"{own_classes(text)} in: {text}"
    assert COMMAND in exercises(lesson)[0], f"the first exercise does not say {COMMAND}"


@each_lesson
def test_each_has_its_answer(lesson):
    asked = [name for text in exercises(lesson) for name in own_classes(text)]
    assert sorted(classes(load(answers_of(lesson)))) == sorted(asked)


@each_lesson
def test_the_answers_keep_the_contract(lesson, capsys):
    status = files.check_file(answers_of(lesson))
    assert status == 0, capsys.readouterr().out


@each_lesson
def test_the_printed_numbers_are_the_answers(lesson):
    found = load(answers_of(lesson)).NUMBERS
    assert len(found) == len(exercises(lesson)), "a pair (result, printed) for each exercise"
    for (result, printed), text in zip(found, exercises(lesson)):
        assert re.search(rf"(?<![\d.]){re.escape(printed)}(?!\.?\d)", text), (printed, text)
        numbers = printed.split(", ")
        got = np.ravel(result)
        assert len(got) == len(numbers), (result, printed)
        for number, value in zip(numbers, got):
            decimals = len(number.partition(".")[2])
            assert abs(float(number) - value) <= 0.5001 * 10.0**-decimals, (value, printed)


# ---- spoiled answers ----


def doubled(gradients):
    """(gradients, with the first one that there is times 2; was there one?)."""
    if gradients is None:
        return None, False
    if isinstance(gradients, np.ndarray | np.generic):
        return 2 * gradients, True
    pairs = gradients.items() if isinstance(gradients, dict) else enumerate(gradients)
    changed, done = {}, False
    for key, gradient in pairs:
        changed[key], done = (gradient, True) if done else doubled(gradient)
    return (changed if isinstance(gradients, dict) else tuple(changed.values())), done


def spoil(kind, which, done):
    """Make kind.backward double a gradient: of the input (0) or of a parameter (1)."""
    right = kind.backward

    def backward(self, *given, **named):
        result = right(self, *given, **named)
        if not isinstance(result, tuple):  # a loss
            changed, found = doubled(result if which == 0 else None)
            result = changed if found else result
        else:
            changed, found = doubled(result[which])
            result = (changed, result[1]) if which == 0 else (result[0], changed)
        done.append(found)
        return result

    kind.backward = backward


@each_lesson
def test_a_spoiled_answer_is_noticed(lesson, monkeypatch, capsys):
    path = answers_of(lesson)
    for name in classes(load(path)):
        spoiled = 0
        for which in (0, 1):
            module, done = files.load(path), []
            spoil(getattr(module, name), which, done)
            monkeypatch.setattr(files, "load", lambda _, module=module: module)
            status = files.check_file(path, [name])
            monkeypatch.undo()
            spoiled += any(done)
            assert status == (1 if any(done) else 0), f"{name}: the wrong gradient passes"
        assert spoiled, f"{name}: backward returns no gradient"
