"""Classroom: many submissions, graded by a few workers side by side."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import Queue

from minidl.grading.grade import grade
from minidl.grading.result import Mark, Result
from minidl.grading.sandbox import Sandbox


def grade_all(submissions, exam, limits=None, jobs=2, tick=None):
    """The Results in the order of the submissions. tick(done, all) after each.

    Each thread has a sandbox of its own: student code runs in its processes, so the threads
    mostly wait. What one submission does cannot reach another's process."""
    sandboxes, results = Queue(), {}
    made = [Sandbox(limits) for _ in range(max(1, min(jobs, len(submissions))))]
    for sandbox in made:
        sandboxes.put(sandbox)
    try:
        with ThreadPoolExecutor(len(made)) as pool:
            futures = {
                pool.submit(grade_one, submission, exam, sandboxes): index
                for index, submission in enumerate(submissions)
            }
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                if tick:
                    tick(len(results), len(submissions))
    finally:
        for sandbox in made:
            sandbox.close()
    return [results[index] for index in range(len(submissions))]


def grade_one(submission, exam, sandboxes):
    sandbox = sandboxes.get()
    try:
        return grade(
            submission.source, exam, sandbox, submission.student, submission.file,
            submission.fault,
        )  # fmt: skip
    except Exception as error:  # a fault of ours must not end the class
        sentence = f"the grader failed: {type(error).__name__}: {error}"
        marks = [Mark(part, False, sentence) for part in exam.assignment.parts]
        name = exam.assignment.name
        return Result(submission.student, submission.file, name, exam.seed, marks, sentence)
    finally:
        sandboxes.put(sandbox)


def progress_bar(stream=sys.stderr):
    """A tick that draws a bar on a terminal, at most ten times a second; else nothing."""
    if not stream.isatty():
        return None
    last = [0.0]

    def tick(done, every):
        now = time.monotonic()
        if now - last[0] >= 0.1 or done == every:
            last[0] = now
            bar = "#" * (30 * done // every)
            end = "\n" if done == every else ""
            print(f"\r[{bar:30}] {done}/{every}", end=end, file=stream, flush=True)

    return tick
