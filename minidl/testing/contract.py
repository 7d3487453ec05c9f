"""check_layer: the whole contract of a layer or a loss, one named check after the other."""

import copy
import inspect
from dataclasses import dataclass, field

import numpy as np

from minidl.testing.gradcheck import as_target, examine, gradcheck
from minidl.testing.snapshot import same_array
from minidl.testing.targets import as_input, built, own_copy


@dataclass
class Check:
    """One part of the contract. verdict: "passed", "failed" or "skipped"; text says why."""

    name: str
    verdict: str = "passed"
    text: str = ""

    def __str__(self):
        return f"  {self.verdict:<8} {self.name}" + (f": {self.text}" if self.text else "")


@dataclass
class ContractReport:
    """passed; checks, one Check for each part of the contract; gradients, the GradientReport."""

    target: str
    checks: list = field(default_factory=list)
    gradients: object = None

    @property
    def passed(self):
        return all(c.verdict != "failed" for c in self.checks)

    def __bool__(self):
        return self.passed

    @property
    def failed(self):
        return [c for c in self.checks if c.verdict == "failed"]

    @property
    def causes(self):
        return self.gradients.causes if self.gradients else []

    def __getitem__(self, name):
        return {c.name: c for c in self.checks}[name]

    def __str__(self):
        kept = sum(c.verdict == "passed" for c in self.checks)
        head = f"{self.target}: keeps the contract ({kept} checks)"
        if self.failed:
            head = f"{self.target}: {self.failed[0].text.splitlines()[0]}"
        return "\n".join([head, *map(str, self.checks)])

    def to_dict(self):
        return {
            "target": self.target,
            "passed": self.passed,
            "checks": [dict(vars(c)) for c in self.checks],
            "gradients": self.gradients.to_dict() if self.gradients else None,
        }


class Violation(Exception):
    """A check's reason to fail."""


class Skip(Exception):
    """A check's reason not to apply."""


class Subject:
    """A layer, an x, and how it is called; each check works on copies."""

    def __init__(self, layer, x, training=False, seed=0, oracle=None, kwargs=None):
        self.source, self.x, self.training, self.seed = layer, x, training, seed
        self.oracle, self.kwargs = oracle, kwargs
        self.name = type(layer).__name__

    def target(self):
        return as_target(self.source, self.x, None, self.training, self.seed, (), self.kwargs)

    def layer(self):
        """A fresh built copy, in the dtype that the user gave."""
        return built(own_copy(self.source), arrays_of(self.x), self.seed)

    def forward(self, layer, x, training=None):
        takes = inspect.signature(layer.forward).parameters
        keywords = dict(self.kwargs or {})
        if "training" in takes:
            keywords["training"] = self.training if training is None else training
        return layer.forward(x, **keywords)


def arrays_of(x):
    return tuple(np.asarray(part) for part in x) if isinstance(x, tuple) else np.asarray(x)


def first_of(x):
    return x[0] if isinstance(x, tuple) else x


def each(change, x):
    return tuple(map(change, x)) if isinstance(x, tuple) else change(x)


# ---- the checks: each takes a Subject, and raises Violation or Skip, or returns ----


def gradients(subject):
    """Every gradient is the slope of forward; backward is pure and linear in dy."""
    report = gradcheck(
        subject.source, subject.x, training=subject.training, seed=subject.seed,
        kwargs=subject.kwargs,
    )  # fmt: skip
    subject.gradients = report
    if not report.passed:
        raise Violation(str(report))


def output_shape(subject):
    """layer.output_shape says what forward gives."""
    layer = subject.layer()
    if not hasattr(layer, "output_shape"):
        raise Skip("the layer has no output_shape")
    x = arrays_of(subject.x)
    y, _ = subject.forward(layer, x)
    shape = tuple(p.shape[1:] for p in x) if isinstance(x, tuple) else x.shape[1:]
    said = tuple(layer.output_shape(shape))
    if not isinstance(y, tuple | list) and said != y.shape[1:]:
        raise Violation(f"output_shape({shape}) says {said}, but forward gives {y.shape[1:]} a row")


def batch_axis(subject):
    """As many rows come out as go in."""
    x = arrays_of(subject.x)
    y, _ = subject.forward(subject.layer(), x)
    if np.ndim(first_of(y)) == 0 or len(first_of(y)) != len(first_of(x)):
        raise Violation(f"x has {len(first_of(x))} rows, y has shape {np.shape(first_of(y))}")


def deterministic(subject):
    """Two copies with the same seed give the same output."""
    ys = [subject.forward(subject.layer(), arrays_of(subject.x))[0] for _ in range(2)]
    if not np.array_equal(first_of(ys[0]), first_of(ys[1])):
        raise Violation(
            "two copies of the layer with the same seed give different outputs: draw from self.rng"
        )


def prediction_is_not_random(subject):
    """forward(training=False) twice gives the same."""
    layer, x = subject.layer(), arrays_of(subject.x)
    ys = [subject.forward(layer, x, training=False)[0] for _ in range(2)]
    if not np.array_equal(first_of(ys[0]), first_of(ys[1])):
        raise Violation("forward(training=False) is not the same twice: be random only in training")


def rows_one_by_one(subject):
    """A batch gives what its rows give one by one (unless layer.mixes_batch, in training)."""
    layer = subject.layer()
    if getattr(layer, "mixes_batch", False) and subject.training:
        raise Skip("the layer says mixes_batch")
    target = subject.target()
    x = target.x
    if target.is_random or len(first_of(x)) < 2 or subject.kwargs:
        raise Skip("random, or a single row, or further arguments")
    whole, _ = target.split(target.call())
    rows = [target.call_with_x(each(lambda part: part[i : i + 1], x)) for i in range(len(first_of(x)))]
    for i, row in enumerate(rows):
        if not np.allclose(first_of(row)[0], first_of(whole)[i], rtol=1e-9, atol=1e-10):
            raise Violation(
                f"row {i} of a batch differs from the same row alone: rows must not see each "
                "other (or the layer must say mixes_batch = True)"
            )


def params_and_grads(subject):
    """grads has the keys, shapes and dtypes of params; params are arrays of one float dtype."""
    layer, x = subject.layer(), arrays_of(subject.x)
    y, cache = subject.forward(layer, x)
    dy = each(np.ones_like, tuple(y) if isinstance(y, list) else y)
    _, grads = layer.backward(dy, cache)
    params = getattr(layer, "params", {})
    if set(grads) != set(params):
        raise Violation(f"grads has the keys {sorted(grads)}, params {sorted(params)}")
    for name, array in params.items():
        if grads[name].shape != array.shape or grads[name].dtype != array.dtype:
            raise Violation(
                f"d{name} is {grads[name].dtype} {grads[name].shape}, "
                f"{name} is {array.dtype} {array.shape}"
            )


def state_only_in_training(subject):
    """layer.state changes in forward(training=True) only."""
    layer, x = subject.layer(), arrays_of(subject.x)
    state = getattr(layer, "state", {})
    if not state:
        raise Skip("the layer has no state")
    before = {n: a.copy() for n, a in state.items()}
    _, cache = subject.forward(layer, x, training=False)
    changed = [n for n, a in layer.state.items() if not same_array(a, before[n])]
    if changed:
        raise Violation(f"forward(training=False) writes state {changed}: only training may")


def nothing_kept(subject):
    """forward leaves nothing of the call on the layer (beside state and random streams)."""
    layer, x = subject.layer(), arrays_of(subject.x)
    before = attributes(layer)
    subject.forward(layer, x)
    kept = sorted(n for n, v in attributes(layer).items() if before.get(n) is not v)
    if kept:
        raise Violation(
            f"forward writes self.{kept[0]}: return it in the cache, or a second call before "
            "backward silently changes the gradient"
        )


def attributes(layer):
    return {n: v for n, v in vars(layer).items() if n not in ("state", "rng")}


def trainable(subject):
    """trainable=False changes no gradient that flows through."""
    layer, x = subject.layer(), arrays_of(subject.x)
    if not hasattr(layer, "trainable"):
        raise Skip("the layer has no trainable flag")
    answers = []
    for flag in (True, False):
        layer = subject.layer()
        layer.trainable = flag
        y, cache = subject.forward(layer, x)
        answers.append(layer.backward(each(np.ones_like, y), cache)[0])
    on, off = map(first_of, answers)
    if on is not None and (off is None or not np.allclose(on, off, equal_nan=True)):
        raise Violation("trainable = False changes dx: a frozen layer still passes gradients on")


def float32_stays(subject):
    """float32 parameters and float32 x give float32 y and dx."""
    layer = subject.layer()
    params = getattr(layer, "params", {})
    if any(a.dtype != np.float32 for a in params.values()):
        raise Skip("the parameters are not float32")
    x = each(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a, arrays_of(subject.x))
    y, cache = subject.forward(layer, x)
    dx, grads = layer.backward(each(np.ones_like, y), cache)
    for name, array in {"y": first_of(y), "dx": first_of(dx), **grads}.items():
        if array is not None and array.dtype != np.float32:
            raise Violation(f"float32 in, but {name} is {array.dtype}: half the speed, twice the memory")


def non_contiguous(subject):
    """An x and a dy with strides give what their copies give."""
    x = each(lambda a: np.asarray(a), arrays_of(subject.x))
    layer, other = subject.layer(), subject.layer()
    y, cache = subject.forward(layer, x)
    strided_y, strided_cache = subject.forward(other, each(strided, x))
    if isinstance(y, tuple | list):
        raise Skip("several outputs")
    dy = np.random.default_rng(subject.seed).standard_normal(y.shape).astype(y.dtype)
    dx, grads = layer.backward(dy, cache)
    strided_dx, strided_grads = other.backward(strided(dy), strided_cache)
    pairs = {"y": (y, strided_y), "dx": (first_of(dx), first_of(strided_dx))}
    pairs |= {f"d{n}": (grads[n], strided_grads[n]) for n in grads}
    for name, (a, b) in pairs.items():
        if a is not None and not np.allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5):
            raise Violation(f"{name} is another for a non-contiguous x and dy: use shapes, not memory order")


def strided(a):
    """The same numbers with a gap between neighbours."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]) if a.ndim else (), a.dtype)
    if a.ndim == 0:
        return a.copy()
    wide[..., ::2] = a
    return wide[..., ::2]


def oracle(subject):
    """An independent forward gives the same y: a wrong forward may have a right backward."""
    if subject.oracle is None:
        raise Skip("no oracle given")
    target = subject.target()
    y, _ = target.split(target.call())
    wants_params = len(inspect.signature(subject.oracle).parameters) > 1
    params = {n: a.copy() for n, a in target.params.items()}
    x = copy.deepcopy(target.x)
    expected = subject.oracle(x, params) if wants_params else subject.oracle(x)
    y, expected = np.asarray(first_of(y)), np.asarray(first_of(expected))
    if y.shape != expected.shape:
        raise Violation(f"forward gives shape {y.shape}, the oracle {expected.shape}")
    off = np.abs(y - expected)
    limit = 1e-6 * max(1e-300, float(np.abs(expected).max(initial=0.0)))
    if not (off <= limit).all():
        i = tuple(map(int, np.unravel_index(np.nanargmax(off), off.shape)))
        raise Violation(
            f"forward is wrong: y{list(i)} is {y[i]:.6g}, the oracle says {expected[i]:.6g} "
            f"({np.mean(off > limit):.0%} of y differs)"
        )


LAYER_CHECKS = (
    gradients, oracle, output_shape, batch_axis, params_and_grads, rows_one_by_one,
    deterministic, prediction_is_not_random, state_only_in_training, nothing_kept, trainable,
    float32_stays, non_contiguous,
)  # fmt: skip


def check_layer(layer, x, *, training=False, seed=0, oracle=None, kwargs=None):
    """Run the whole contract of a layer at x; a ContractReport.

    oracle: an independent forward, f(x) or f(x, params) -> y, compared with the layer's."""
    as_target(layer, x, None, training, seed, (), kwargs)  # what cannot be checked says so here
    subject = Subject(layer, x, training, seed, oracle, kwargs)
    return run_checks(subject, LAYER_CHECKS)


def run_checks(subject, checks):
    subject.gradients = None
    report = ContractReport(subject.name)
    for check in checks:
        report.checks.append(run_check(subject, check))
    report.gradients = subject.gradients
    return report


def run_check(subject, check):
    """The Check that a check function comes to; an exception in the layer is a failure."""
    name = check.__name__.replace("_", " ")
    try:
        with np.errstate(all="ignore"):
            check(subject)
    except Skip as reason:
        return Check(name, "skipped", str(reason))
    except Violation as reason:
        return Check(name, "failed", str(reason))
    except Exception as error:
        return Check(name, "failed", f"{type(error).__name__}: {error}")
    return Check(name)


def assert_layer(layer, x, **arguments):
    """Raise AssertionError with the report's text unless the layer keeps the contract."""
    report = check_layer(layer, x, **arguments)
    if not report.passed:
        raise AssertionError(str(report))


# ---- losses ----


def loss_gradient(subject):
    """backward is the slope of exactly the number that forward returns."""
    subject.gradients = examine(subject.target(), subject.seed)
    if not subject.gradients.passed:
        raise Violation(str(subject.gradients))


def loss_is_one_number(subject):
    value, _ = subject.source.forward(subject.y_true, subject.y_pred)
    if np.ndim(value) != 0:
        raise Violation(f"forward returns a value of shape {np.shape(value)}: one number, please")


def loss_called(subject):
    """loss(y_true, y_pred) is forward's value, as a float."""
    if not callable(subject.source):
        raise Skip("the loss cannot be called")
    value, _ = subject.source.forward(subject.y_true, subject.y_pred)
    called = subject.source(subject.y_true, subject.y_pred)
    if not isinstance(called, float) or not np.isclose(called, float(value), rtol=1e-6):
        raise Violation(f"loss(y_true, y_pred) is {called!r}, forward gives {float(value)!r}")


def loss_gradient_dtype(subject):
    y_pred = np.asarray(subject.y_pred, np.float32)
    _, cache = subject.source.forward(subject.y_true, y_pred)
    dy = subject.source.backward(cache)
    if dy.dtype != np.float32 or dy.shape != y_pred.shape:
        raise Violation(f"y_pred is float32 {y_pred.shape}, its gradient {dy.dtype} {dy.shape}")


def loss_oracle(subject):
    """An independent f(y_true, y_pred) gives the same number."""
    if subject.oracle is None:
        raise Skip("no oracle given")
    y_pred = as_input(subject.name, subject.y_pred, "y_pred")
    value, _ = subject.source.forward(np.asarray(subject.y_true), y_pred)
    expected = float(subject.oracle(np.asarray(subject.y_true), y_pred))
    if not np.isclose(float(value), expected, rtol=1e-6, atol=1e-12):
        raise Violation(f"forward is wrong: {float(value):.8g}, the oracle says {expected:.8g}")


LOSS_CHECKS = (loss_gradient, loss_oracle, loss_is_one_number, loss_called, loss_gradient_dtype)


class LossSubject(Subject):
    def __init__(self, loss, y_true, y_pred, seed, oracle, kwargs):
        super().__init__(loss, y_pred, seed=seed, oracle=oracle, kwargs=kwargs)
        self.source = own_copy(loss)
        self.y_true, self.y_pred = copy.deepcopy(y_true), copy.deepcopy(y_pred)

    def target(self):
        return as_target(self.source, self.y_pred, self.y_true, kwargs=self.kwargs)


def check_loss(loss, y_true, y_pred, *, seed=0, oracle=None, kwargs=None):
    """Run the contract of a loss; a ContractReport. oracle: f(y_true, y_pred) -> number."""
    as_target(loss, y_pred, y_true, kwargs=kwargs)
    return run_checks(LossSubject(loss, y_true, y_pred, seed, oracle, kwargs), LOSS_CHECKS)


def assert_loss(loss, y_true, y_pred, **arguments):
    report = check_loss(loss, y_true, y_pred, **arguments)
    if not report.passed:
        raise AssertionError(str(report))


# ---- pytest ----


def parametrize_with_checks(cases):
    """A pytest decorator: one case for each check of each (layer, x), with a readable id.

    @parametrize_with_checks([(Dense(3), x), (lambda: LSTM(4), sequences)])
    def test_layer(layer, check):
        check(layer)
    """
    import pytest

    parameters = []
    for layer, x, *options in cases:
        made = layer() if is_factory(layer) else layer
        for check in LAYER_CHECKS:
            name = f"{type(made).__name__}-{check.__name__}"
            parameters.append(pytest.param(made, OneCheck(check, x, options), id=name))
    return pytest.mark.parametrize(("layer", "check"), parameters)


def is_factory(layer):
    """A class, or a function that makes the layer."""
    return inspect.isclass(layer) or inspect.isfunction(layer)


class OneCheck:
    """check(layer): one part of the contract at one x."""

    def __init__(self, check, x, options):
        self.check, self.x, self.options = check, x, options[0] if options else {}

    def __call__(self, layer):
        import pytest

        found = run_check(Subject(layer, self.x, **self.options), self.check)
        if found.verdict == "skipped":
            pytest.skip(found.text)
        if found.verdict == "failed":
            raise AssertionError(f"{type(layer).__name__}: {found.text}")
