"""grade: one submission against an exam."""

import time
from contextlib import contextmanager

from minidl.grading.checking import Wrong
from minidl.grading.honesty import gradients_of, suspicion
from minidl.grading.process import Stopped
from minidl.grading.result import Mark, Result, clean
from minidl.grading.stack import grade_stack
from minidl.grading.standard import Nothing, grade_blank
from minidl.grading.student import Student


def grade(source, exam, sandbox, student="", file=None, fault=""):
    """The Result of a file's text. fault: why there is no text; then every item is lost."""
    file = file or f"{exam.assignment.name}.py"
    result = Result(clean(student), file, exam.assignment.name, exam.seed)
    started = time.perf_counter()
    run = Run(source, exam, sandbox, file)
    verdicts = {} if fault else run.verdicts()
    result.fault, result.printed = clean(fault or run.fault), clean(run.printed)
    for part in exam.assignment.parts:
        verdict = result.fault or verdicts.get(part.name, "it was not graded")
        result.marks.append(mark(part, verdict, not result.fault))
    result.seconds = time.perf_counter() - started
    return result


def mark(part, verdict, with_hint):
    """The Mark for a verdict: only None is right; an error without words is an error too."""
    if verdict is None:
        return Mark(part, True)
    text = str(verdict) or "wrong"
    hint = with_hint and part.hint and " is empty: " not in text
    return Mark(part, False, f"{text}\ntry: {part.hint}" if hint else text)


class Run:
    """The grading of one submission: what it printed, how often it hung, when time is up."""

    def __init__(self, source, exam, sandbox, file):
        self.source, self.exam, self.sandbox, self.file = source, exam, sandbox, file
        self.fault, self.printed, self.hangs = "", "", 0
        self.ends = time.monotonic() + sandbox.limits.total
        self.student, self.blank = None, None  # the process that is open, and for which blank

    def verdicts(self):
        """{item: what is wrong, or None}."""
        found, assignment = {}, self.exam.assignment
        try:
            for blank in assignment.blanks:
                faults = self.standard_items(blank)
                if self.fault:
                    return {}
                found |= {f"{blank.name}.{part}": fault for part, fault in faults.items()}
                nothing = next((f for f in faults.values() if isinstance(f, Nothing)), None)
                for item in assignment.items + assignment.public:
                    if item.blank == blank.name:
                        public = item in assignment.public
                        found[item.name] = nothing or self.item(item, public)
            if assignment.stack:
                found["stack"] = grade_stack(self.exam, self.start)
        finally:
            self.close()
        return found

    def standard_items(self, blank):
        faults = grade_blank(blank, self.exam, self.start)
        first = next(iter(faults.values()), None)
        if getattr(first, "loading", False):
            self.fault = f"{self.file} cannot be loaded: {first}"
        elif blank.of and not all(faults[part] for part in gradients_of(blank)):
            more = suspicion(blank, self.source, self.exam, self.alone)
            faults = {part: fault or more.get(part) for part, fault in faults.items()}
        return faults

    def item(self, item, public):
        arguments = () if public else (self.exam.reference, self.exam.rng(item.name))
        try:
            with self.start(self.exam.assignment[item.blank]) as student:
                item.function(student, *arguments)
        except Wrong as error:
            return str(error)
        except Exception as error:  # the check met an answer that it cannot compute with
            sentence = f"{type(error).__name__}: {error}"
            return f"the check cannot use what {item.blank} returns ({sentence})"
        return None

    # ---- processes ----

    @contextmanager
    def start(self, blank):
        """A Student for one blank; with None for the stack. One blank's checks share a process
        as long as it lives: one that hangs or dies costs the check that it was asked for."""
        if self.hangs >= self.sandbox.limits.hangs or time.monotonic() > self.ends:
            raise Wrong("not run: earlier checks ran into the time limit: mend those first")
        try:
            if self.student is None or self.blank is not blank:
                self.close()
                self.student, self.blank = self.process(blank), blank
            self.student.renew()
            yield self.student
        except Stopped as error:
            self.hangs += error.hung
            self.close()
            raise

    @contextmanager
    def alone(self, blank, **limits):
        """A Student in a process of its own, to be measured."""
        student = self.process(blank, **limits)
        try:
            yield student
        finally:
            student.close()

    def process(self, blank, **limits):
        stubs = self.exam.uses[blank.name] if blank else ()
        return Student(self.sandbox, self.source, self.file, self.exam, stubs, **limits)

    def close(self):
        if self.student is not None:
            self.student.close()
            self.printed = self.printed or self.student.printed
            self.student = None
