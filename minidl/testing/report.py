"""GradientReport: what a gradient check found, for people and for programs."""

from dataclasses import dataclass, field

import numpy as np

from minidl.testing.heatmap import heat_map


@dataclass
class Entry:
    """One input or parameter. `got` is what backward says, `expected` what is true, at the
    worst entry; `kinks` lists the entries where any slope between left and right is right."""

    name: str
    label: str
    shape: tuple
    size: int
    passed: bool
    fault: str | None = None
    worst_index: tuple | None = None
    got: float | None = None
    expected: float | None = None
    relative_error: float = 0.0
    fraction_wrong: float = 0.0
    checked: int = 0
    kinks: list = field(default_factory=list)
    undecided: int = 0
    directions: list = field(default_factory=list)
    comparison: object = field(default=None, repr=False)

    def __str__(self):
        head = f"  {self.label:<6} {self.shape!s:<12}"
        if self.fault:
            return f"{head} WRONG  {self.fault}"
        if self.passed:
            worst = f"worst relative error {self.relative_error:.1e}"
            return f"{head} right  {self.counted()}, {worst}"
        return f"{head} WRONG  {self.mismatch()}\n{self.picture()}".rstrip()

    def mismatch(self):
        if self.fraction_wrong == 0 and self.directions:
            off = next(d for d in self.directions if not d.passed)
            return (
                f"slope along a random direction: got {off.got:.6g}, "
                f"expected {off.expected:.6g}; {self.counted()}"
            )
        place = f"{self.label}{list(self.worst_index)}"
        wrong = round(self.fraction_wrong * self.checked)
        return (
            f"{place}: got {self.got:.6g}, expected {self.expected:.6g}, relative error "
            f"{self.relative_error:.2g}; {wrong} of {self.checked} entries wrong "
            f"({self.fraction_wrong:.0%})"
        )

    def counted(self):
        """How many entries were compared, and how sure that makes us."""
        text = f"{self.checked} entries"
        if self.checked < self.size:
            count = len(self.directions)
            plural = "" if count == 1 else "s"
            text = (
                f"{self.checked} of {self.size:,} entries and {count} random direction{plural} "
            )
            text += "through all of them (a wrong row or entry anywhere shows with "
            text += "probability > 0.999)"
        if self.kinks:
            text += f", {len(self.kinks)} at a kink (any value between the two slopes accepted)"
        return text + (f", {self.undecided} without a derivative" if self.undecided else "")

    def picture(self):
        if self.checked < self.size:
            return ""
        return heat_map(self.comparison.dense(self.comparison.wrong) > 0)

    def to_dict(self):
        """JSON-able: numbers, strings, lists."""
        skipped = ("comparison", "directions")
        out = {k: v for k, v in vars(self).items() if k not in skipped}
        out["directions"] = [vars(d) for d in self.directions]
        return plain(out)


@dataclass
class Cause:
    """A likely mistake. `names` holds more than one where they cannot be told apart here."""

    names: tuple
    tensors: tuple
    hint: str

    @property
    def name(self):
        return " or ".join(self.names)

    def __str__(self):
        return f"{', '.join(self.tensors) or 'backward'}: {self.hint}"

    def to_dict(self):
        return {"name": self.name, "names": list(self.names), "tensors": list(self.tensors),
                "hint": self.hint}  # fmt: skip


@dataclass
class GradientReport:
    """passed; entries, one for each input and parameter; faults found before any number was
    compared; causes, the likely mistakes (only those that explain the error to 1e-6)."""

    target: str
    entries: list
    faults: list
    causes: list
    notes: list

    @property
    def passed(self):
        return not self.faults and all(e.passed for e in self.entries)

    def __bool__(self):
        return self.passed

    def __getitem__(self, name):
        """The entry of one tensor: report["W"]."""
        for entry in self.entries:
            if name in (entry.name, entry.label):
                return entry
        raise KeyError(
            f"no tensor {name!r}; there are {', '.join(e.name for e in self.entries)}"
        )

    @property
    def headline(self):
        """One line: what is wrong, or that nothing is."""
        if self.passed:
            count = sum(e.checked for e in self.entries)
            worst = max((e.relative_error for e in self.entries), default=0.0)
            names = ", ".join(e.label for e in self.entries)
            return f"{self.target}: gradients right ({names}; {count} entries, {worst:.1e})"
        if self.causes:
            return f"{self.target}: {self.causes[0]}"
        if self.faults:
            return f"{self.target}: {self.faults[0]}"
        wrong = [e for e in self.entries if not e.passed]
        return f"{self.target}: {wrong[0].label} is wrong: {wrong[0].mismatch()}"

    def __str__(self):
        lines = [self.headline]
        lines += [f"  also   {cause}" for cause in self.causes[1:]]
        said = {str(c) for c in self.causes}
        lines += [f"  fault  {fault}" for fault in self.faults if str(fault) not in said]
        lines += [str(entry) for entry in self.entries]
        lines += [f"  note   {note}" for note in self.notes]
        return "\n".join(lines)

    def to_dict(self):
        return {
            "target": self.target,
            "passed": self.passed,
            "headline": self.headline,
            "entries": [e.to_dict() for e in self.entries],
            "faults": [
                {"kind": f.kind, "tensor": f.tensor, "text": f.text} for f in self.faults
            ],
            "causes": [c.to_dict() for c in self.causes],
            "notes": list(self.notes),
        }

    def plot(self, name=None):
        """A matplotlib figure: backward's gradient, the measured one, and their difference."""
        from minidl.testing.heatmap import figure

        entries = [e for e in self.entries if e.comparison is not None]
        if name is not None:
            entries = [self[name]]
        return figure(self.headline, entries)


def plain(thing):
    """NumPy scalars, tuples and NaN as what JSON knows."""
    if isinstance(thing, dict):
        return {str(k): plain(v) for k, v in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(v) for v in thing]
    if isinstance(thing, np.generic):
        thing = thing.item()
    if isinstance(thing, float) and not np.isfinite(thing):
        return None
    return thing
