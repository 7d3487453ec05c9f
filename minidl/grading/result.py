"""Result: what one submission is worth, item by item."""

import re
from dataclasses import dataclass, field

from minidl.grading.assignment import Part

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def clean(text):
    """A student's text, fit for a terminal, XML and UTF-8: no control characters."""
    return CONTROL.sub("?", str(text).encode("utf-8", "replace").decode("utf-8"))


@dataclass
class Mark:
    """One item's verdict. text: empty where it is right; else what is wrong and what to try."""

    part: Part
    passed: bool
    text: str = ""

    def __post_init__(self):
        self.text = clean(self.text)

    @property
    def score(self):
        return self.part.points if self.passed else 0


@dataclass
class Result:
    """student, file, the marks; fault: why the file as a whole could not be graded."""

    student: str
    file: str
    assignment: str
    seed: int
    marks: list = field(default_factory=list)
    fault: str = ""
    printed: str = ""
    seconds: float = 0.0

    @property
    def score(self):
        return sum(mark.score for mark in self.marks)

    @property
    def points(self):
        return sum(mark.part.points for mark in self.marks)

    @property
    def lost(self):
        """The names of the items that are not passed."""
        return [mark.part.name for mark in self.marks if not mark.passed]

    def __getitem__(self, name):
        return {mark.part.name: mark for mark in self.marks}[name]
