"""The Optimizer contract: what every optimizer in `minidl.optimizers` keeps.

    optimizer.step(params, grads)                     both {name: array}; params change in place
    optimizer.apply_gradients(zip(grads, arrays))     Keras's form of it

A subclass writes `update`, the formula, for one array. Everything else is here.
"""

import numpy as np

from minidl.fading import Fading
from minidl.schedules import Constant, number, positive
from minidl.stepping import Stepping
from minidl.table_rows import Seen


class Optimizer(Stepping):
    """Moves parameters against their gradients.

    state           {name: {slot: array}}, what is remembered of each parameter
    iterations      how many steps were taken
    learning_rate   the next step's: a number, or what a schedule says of `iterations`
    weight_decay    λ: before each update w ← w − α λ w, whatever the gradient
    clipnorm, clipvalue, global_clipnorm       at most one of them: see minidl/clipping.py

    Raises    ValueError: a gradient whose name or shape fits no parameter
    Source:   D2 §4.1.2 θ ← θ − α ∇L(θ); the options are Keras 3's
    """

    slots = ()  # names of the arrays remembered for each parameter: they start as zeros
    epsilon = None

    def __init__(
        self,
        learning_rate,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        name=None,
        **unknown,
    ):
        if unknown:
            raise TypeError(
                f"{self.where}: unknown argument {', '.join(unknown)}: see help({self.where}); "
                "Keras 2's lr is learning_rate, and in place of decay pass a schedule"
            )
        super().__init__()
        self.name = name or self.where.lower()
        self._schedule = self._as_schedule(learning_rate)
        self.weight_decay = weight_decay and number(self.where, "weight_decay", weight_decay)
        self.clipnorm = clipnorm and positive(self.where, "clipnorm", clipnorm)
        self.clipvalue = clipvalue and positive(self.where, "clipvalue", clipvalue)
        self.global_clipnorm = global_clipnorm and positive(
            self.where, "global_clipnorm", global_clipnorm
        )
        if sum(map(bool, (clipnorm, clipvalue, global_clipnorm))) > 1:
            raise ValueError(
                f"{self.where}: pass only one of clipnorm, clipvalue and global_clipnorm"
            )
        self._variables = []  # what apply_gradients was first called with

    # ---- what a subclass writes ----

    def update(self, w, g, rate, **slots):
        """Change w and the slots in place: arrays of one shape, each entry on its own.

        They may be a whole parameter, a block of it, some rows of a table, or several small
        parameters side by side. Where g and the slots are zero w must stay: a table's rows are
        left out until their first gradient."""
        raise NotImplementedError(f"{self.where}: update is not written")

    fades = None  # (β₁, β₂, ε) where a table's moments may fade together: minidl.fading

    def step_size(self):
        """The `rate` that `update` gets: what is the same for all arrays of a step."""
        return self.learning_rate

    # ---- Keras's names ----

    def apply_gradients(self, grads_and_vars):
        """`step` for pairs (gradient, array), a gradient of None being skipped.

        State belongs to the arrays of the first call, by their order. Returns `iterations`."""
        pairs = [(getattr(g, "gradient", g), w) for g, w in grads_and_vars]
        for g, w in pairs:
            if isinstance(g, str) or not isinstance(w, np.ndarray):
                raise TypeError(
                    f"{self.where}: apply_gradients takes pairs (gradient, array), got "
                    f"({type(g).__name__}, {type(w).__name__}): pass grads.values()"
                )
        if all(g is None for g, _ in pairs):
            raise ValueError(f"{self.where}: no gradients: is the zip used up, or all None?")
        self._variables = self._variables or [w for _, w in pairs]
        names = [self._name_of(w) for _, w in pairs]
        if len(set(names)) < len(names):
            raise ValueError(
                f"{self.where}: apply_gradients got one array twice: add its gradients"
            )
        grads, arrays = zip(*pairs)
        self.step(dict(zip(names, arrays)), dict(zip(names, grads)))
        return self.iterations

    def _name_of(self, w):
        for i, known in enumerate(self._variables):
            if w is known:
                return str(i)
        raise ValueError(
            f"{self.where}: apply_gradients got an array {w.shape} that was not in its first "
            "call: pass the parameters themselves, not copies, and use a new optimizer for a "
            "new model"
        )

    @property
    def learning_rate(self):
        return float(self._schedule(self.iterations))

    @learning_rate.setter
    def learning_rate(self, rate):
        if not callable(rate) and not isinstance(self._schedule, Constant):
            raise TypeError(
                f"{self.where}: learning_rate follows {self._schedule!r} and cannot be set to "
                f"{rate!r}: assign a schedule, such as Constant({rate!r})"
            )
        self._schedule = self._as_schedule(rate)

    def _as_schedule(self, rate):
        return rate if callable(rate) else Constant(rate, self.where)

    @property
    def variables(self):
        """What is kept, as Keras lists it: iterations, a fixed rate, then all slots."""
        return self._listed(self.state)

    def count_params(self):
        """How many numbers are kept."""
        return sum(a.size for a in self._listed(self._state))

    def _listed(self, state):
        fixed = isinstance(self._schedule, Constant)
        kept = [np.array(self.iterations), *([np.float32(self.learning_rate)] if fixed else [])]
        return [*kept, *(a for slots in state.values() for a in slots.values())]

    def get_config(self):
        """{argument: value}, what the optimizer was made with: `Adam(**adam.get_config())`."""
        fixed = isinstance(self._schedule, Constant)
        hidden = ("iterations", "seen")
        options = {k: v for k, v in vars(self).items() if k[0] != "_" and k not in hidden}
        return {"learning_rate": self.learning_rate if fixed else self._schedule, **options}

    def __repr__(self):
        said = {k: v for k, v in self.get_config().items() if v is not None and k != "name"}
        return f"{self.where}({', '.join(f'{k}={v!r}' for k, v in said.items())})"

    where = property(lambda self: type(self).__name__)  # how an error names the optimizer

    # ---- saving ----

    def get_state(self):
        """Copies of all that is kept: "iterations", "learning_rate", and "<name>/<slot>".

        Where a table's moments fade together, its slots are those of `minidl.fading`."""
        kept = {"iterations": np.array(self.iterations)}
        if isinstance(self._schedule, Constant):
            kept["learning_rate"] = np.array(self.learning_rate)
        for name, slots in self._state.items():
            slots = self._fading[name].save() if name in self._fading else slots
            kept.update({f"{name}/{slot}": a.copy() for slot, a in slots.items()})
        return kept

    def set_state(self, arrays):
        """Continue from what `get_state` returned."""
        if "iterations" not in arrays:
            raise ValueError(f"{self.where}: not an optimizer's state, it has no 'iterations'")
        state, fading = {}, {}
        for key, a in arrays.items():
            name, _, slot = key.rpartition("/")
            if name:
                state.setdefault(name, {})[slot] = np.array(a, order="C")
        for name, slots in state.items():
            if self.fades and Fading.is_saved(slots):
                fading[name] = Fading.load(**slots)
                state[name] = {"m": slots["M"], "v": slots["S"]}
            elif set(slots) != set(self.slots):
                raise ValueError(
                    f"{self.where}: the state of {name!r} has {', '.join(slots)}, expected "
                    f"{', '.join(self.slots) or 'nothing'}: was it another optimizer's?"
                )
        if isinstance(self._schedule, Constant) and "learning_rate" in arrays:
            self.learning_rate = float(arrays["learning_rate"])
        self.iterations = int(arrays["iterations"])
        self._state, self._fading = state, fading
        found = {name: Seen.in_slots(slots) for name, slots in state.items()}
        self.seen = {name: seen for name, seen in found.items() if seen and seen.are_few}
