"""Limits: what a student's process may use."""

from dataclasses import dataclass

EVERY = {  # in the order of the report; what is lost where it is missing
    "wall clock": "a sleeping submission would hold the class up",
    "output": "a submission could fill the memory with prints",
    "audit hook": "files, network and processes would be open to plain Python",
    "own session": "what a submission starts could outlive it",
    "processor time": "an endless loop costs the wall clock's limit instead",
    "memory": "a huge array may slow the machine down",
    "processes": "a submission could start processes",
    "file size": "a submission that gets round the audit hook could fill the disk",
    "open files": "a submission could open very many files",
    "core dumps": "a crash may write a core file",
    "own user": "(only where the grader is root) student code runs as the grader's user",
    "no new privileges": "setuid programs would work",
    "ends with the grader": "a process may go on where the grader is killed",
    "closed memory": "another process of the same user could read its memory",
    "landlock: no files": "only the audit hook guards files: references could be read",
    "seccomp: no processes, signals, network": "only the audit hook guards these",
}


@dataclass(frozen=True)
class Limits:
    """For each process; a submission has one process for each blank and each check."""

    cpu: int = 4  # seconds of processor time
    wall: float = 12.0  # seconds on the clock: generous, for other work may slow us down
    memory: int = 2 << 30  # bytes of address space
    output: int = 1 << 20  # bytes printed before the pipe is closed
    shown: int = 4000  # characters of it that are kept
    stub_calls: int = 500  # calls of other blanks
    stub_seconds: float = 3.0  # that the reference may take for them in all
    hangs: int = 2  # after so many, the submission's other checks are not run
    total: float = 90.0  # seconds for a submission


def report(held):
    """Which limits hold on this system, and what a missing one means."""
    lines = []
    for name, lost in EVERY.items():
        mark = "yes" if name in held else "no "
        lines.append(f"{mark}  {name}" + ("" if name in held else f": {lost}"))
    return "\n".join(lines)
