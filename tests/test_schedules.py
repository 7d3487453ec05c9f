"""Schedules against Keras 3's numbers and by hand."""

import json
import math
import pathlib

import numpy as np
import pytest

from minidl import optimizers, schedules
from minidl.schedules import Constant, CosineDecay, ExponentialDecay

KERAS = np.load(pathlib.Path(__file__).parent / "fixtures" / "optimizers.npz")
CASES = json.loads(str(KERAS["options"]))["schedules"]


@pytest.mark.parametrize("case", CASES)
def test_every_step_equals_keras(case):
    name, options = CASES[case]
    schedule = getattr(schedules, name)(0.1, **options)
    rates = [schedule(t) for t in range(40)]
    np.testing.assert_allclose(rates, KERAS[f"schedule/{case}"], rtol=1e-12, atol=1e-17)
    assert all(type(rate) is float for rate in rates)
    assert type(schedule(np.int64(3))) is float


def test_exponential_decay_by_hand():
    smooth, stairs = ExponentialDecay(8, 2, 0.25), ExponentialDecay(8, 2, 0.25, staircase=True)
    assert [smooth(t) for t in range(5)] == [8.0, 4.0, 2.0, 1.0, 0.5]
    assert [stairs(t) for t in range(5)] == [8.0, 8.0, 2.0, 2.0, 0.5]


def test_cosine_decay_by_hand():
    plain = CosineDecay(2.0, 4, alpha=0.5)  # from 2 to 1 in 4 steps, then 1
    expected = [2.0, 1.5 + math.sqrt(0.125), 1.5, 1.5 - math.sqrt(0.125), 1.0, 1.0]
    assert [plain(t) for t in range(6)] == pytest.approx(expected, rel=1e-15)
    risen = CosineDecay(1.0, 2, warmup_target=5.0, warmup_steps=4)
    assert [risen(t) for t in range(8)] == pytest.approx([1, 2, 3, 4, 5, 2.5, 0, 0], abs=1e-15)


def test_warmup_needs_a_target_and_may_be_empty():
    no_target = CosineDecay(2.0, 4, warmup_steps=10)
    assert [no_target(t) for t in (0, 2, 4)] == pytest.approx([2.0, 1.0, 0.0], abs=1e-15)
    assert CosineDecay(2.0, 4, warmup_target=3.0)(0) == 3.0
    assert CosineDecay(0, 4, warmup_target=3, warmup_steps=3)(1) == 1.0


def test_constant():
    assert [Constant(0.5)(t) for t in (0, 1, 1000)] == [0.5] * 3


def test_schedules_are_found_where_keras_has_them():
    assert optimizers.schedules.CosineDecay is CosineDecay


def test_repr_names_the_numbers():
    assert repr(Constant(0.1)) == "Constant(0.1)"
    assert (
        repr(ExponentialDecay(0.1, 7, 0.9)) == "ExponentialDecay(0.1, 7, 0.9, staircase=False)"
    )
    assert repr(CosineDecay(0.1, 7, 0.2, 1.0, 3)) == (
        "CosineDecay(0.1, 7, alpha=0.2, warmup_target=1.0, warmup_steps=3)"
    )


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Constant("x"), TypeError, "Constant: learning_rate must be a number, got 'x'"),
        (lambda: Constant(-1), ValueError, "learning_rate must be ≥ 0 and < inf, got -1"),
        (lambda: ExponentialDecay(1, 0, 0.5), ValueError, "decay_steps must be above 0, got 0"),
        (lambda: ExponentialDecay(1, 5, -0.5), ValueError, "ExponentialDecay: decay_rate must"),
        (lambda: CosineDecay(1, -3), ValueError, "CosineDecay: decay_steps must be ≥ 0"),
        (lambda: CosineDecay(1, math.inf), ValueError, "decay_steps must be ≥ 0 and < inf"),
        (lambda: CosineDecay(1, 3, warmup_steps=-1), ValueError, "warmup_steps must be ≥ 0"),
        (lambda: CosineDecay(1, 3, warmup_target=None, alpha=-1), ValueError, "alpha must be"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
