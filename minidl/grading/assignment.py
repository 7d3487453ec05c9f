"""Assignment: what a student is asked for, how it is checked, and what it is worth."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

CACHE = "cache"  # the output that a backward takes, by this name


@dataclass(frozen=True)
class Blank:
    """A function that the student writes.

    outputs   the names of what it returns; one name: it returns that, no tuple
    of        the forward blank whose gradient this one returns
    points    {"shape": 2, "value": 6, "contract": 2}; in place of "value", or beside it, an
              output's own name: {"dx": 5, "dW": 5}. "cache" grades the cache's contents
    hints     {output or property: what to try}, shown where it is lost
    rtol      how exact: the largest error allowed, relative to the size of the whole output
    """

    name: str
    outputs: tuple
    points: dict = field(default_factory=dict)
    of: str | None = None
    hints: dict = field(default_factory=dict)
    rtol: float = 1e-11

    @property
    def graded(self):
        """The outputs that a value is compared of."""
        return tuple(o for o in self.outputs if o != CACHE or CACHE in self.points)

    def property_of(self, output):
        """The part of `points` that an output's value counts for."""
        return output if output in self.points else "value"


@dataclass(frozen=True)
class Item:
    """A check of its own, a function of (student, reference, rng); a public one of (student).

    name   "BLANK.what": the blank is graded on the reference's other parts
    """

    name: str
    points: int
    function: Callable
    hint: str = ""

    @property
    def blank(self):
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Mutant:
    """A mistake planted in the reference, and the items that it must lose: these, no others."""

    name: str
    old: str
    new: str
    loses: tuple
    count: int = 1

    def apply(self, source):
        found = source.count(self.old)
        if found != self.count:
            raise ValueError(
                f"mutant {self.name!r}: old occurs {found} times, not {self.count}"
            )
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Part:
    """One line of the report: an item, its points, and whether students see its check."""

    name: str
    points: int
    public: bool = False
    hint: str = ""

    @property
    def blank(self):
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Assignment:
    """Blanks and items of 100 points in all.

    cases(rng)   {blank: [arguments, ...]}; a backward's are made from its forward's
    large(rng)   {forward blank: arguments} of 200 000 parameters or so and a small batch,
                 where differences would take minutes; {} or None where that cannot be
    stack        points for the student's own blanks together
    """

    name: str
    title: str
    lesson: str
    hours: float
    blanks: list
    cases: Callable
    items: list = field(default_factory=list)
    public: list = field(default_factory=list)
    large: Callable | None = None
    stack: int = 0
    folder: object = None
    solution: str = ""

    def __post_init__(self):
        for blank in self.blanks:
            known = {"shape", "value", "contract", *blank.outputs}
            wrong = set(blank.points) - known
            if wrong:
                raise ValueError(
                    f"{self.name}: {blank.name} has points for {sorted(wrong)}: "
                    f"the parts are {sorted(known)}"
                )
        names = [part.name for part in self.parts]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"{self.name}: two items are called {sorted(twice)}")
        strangers = [i.name for i in self.items + self.public if i.blank not in self.names]
        if strangers:
            raise ValueError(f"{self.name}: {strangers}: an item is called BLANK.what")
        if self.total != 100:
            raise ValueError(f"{self.name}: the points add up to {self.total}, not to 100")

    @property
    def names(self):
        return [blank.name for blank in self.blanks]

    @property
    def total(self):
        return sum(part.points for part in self.parts)

    @property
    def parts(self):
        """Every line of the report, in order: each blank's, then the stack."""
        parts = []
        for blank in self.blanks:
            parts += [
                Part(f"{blank.name}.{what}", points, hint=blank.hints.get(what, ""))
                for what, points in blank.points.items()
            ]
            for items, public in ((self.items, False), (self.public, True)):
                own = [i for i in items if i.blank == blank.name]
                parts += [Part(i.name, i.points, public, i.hint) for i in own]
        return parts + ([Part("stack", self.stack)] if self.stack else [])

    def at(self, folder, solution):
        return replace(self, folder=folder, solution=solution)

    def __getitem__(self, name):
        return {blank.name: blank for blank in self.blanks}[name]
