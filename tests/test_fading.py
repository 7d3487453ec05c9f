"""Adam's moments of a table, fading together: the plain form's numbers, whatever happens."""

import copy

import numpy as np
import pytest

from minidl.fading import Fading
from minidl.gradients import RowGradient
from minidl.optimizers import SGD, Adam, AdamW, RMSprop

DTYPES = {"float32": 3e-6, "float64": 1e-14}
SHAPE = (40, 3)


class Plain(Adam):
    """Adam by its formula on the whole table: a formula of its own never fades."""

    def update(self, w, g, rate, **slots):
        super().update(w, g, rate, **slots)


def batches(count, dtype="float64", rows=3, last_row=40):
    rng = np.random.default_rng(0)
    for _ in range(count):
        some = rng.choice(last_row, rows, replace=False)
        yield RowGradient(some, rng.normal(size=(rows, 3)).astype(dtype), SHAPE)


def table(dtype="float64"):
    return {"E": np.random.default_rng(1).normal(size=SHAPE).astype(dtype)}


def assert_close(found, expected, tolerance=1e-14):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.5), (0.99, 0.9), (0.3, 0.9), (0.9, 0)])
def test_300_steps_are_those_of_the_plain_form(dtype, betas):
    fading, plain = (kind(0.01, *betas) for kind in (Adam, Plain))
    mine, its = table(dtype), table(dtype)
    for g in batches(300, dtype):
        fading.step(mine, {"E": g})
        plain.step(its, {"E": g})
    assert_close(mine["E"], its["E"], DTYPES[dtype])
    assert bool(fading._fading) == (min(betas) >= 0.5)
    assert not plain._fading
    for slot, a in plain.state["E"].items():
        assert fading.state["E"][slot].dtype == dtype
        assert_close(fading.state["E"][slot], a, DTYPES[dtype])


@pytest.mark.parametrize("shape", [(9,), (9, 1), (9, 2, 3)])
def test_a_table_may_have_any_number_of_axes(shape):
    fading, plain, rng = Adam(0.1), Plain(0.1), np.random.default_rng(0)
    mine, its = {"E": np.ones(shape)}, {"E": np.ones(shape)}
    for _ in range(20):
        rows = rng.choice(9, 4, replace=False)
        g = RowGradient(rows, rng.normal(size=(4, *shape[1:])), shape)
        fading.step(mine, {"E": g})
        plain.step(its, {"E": g})
    assert fading._fading
    assert_close(mine["E"], its["E"])


def test_rows_that_were_never_seen_stay_and_the_others_go_on():
    """First few rows are seen, later more than half of them."""
    fading, plain, mine, its = Adam(0.1), Plain(0.1), table(), table()
    start = mine["E"].copy()
    for g in batches(20, last_row=10):
        fading.step(mine, {"E": g})
        plain.step(its, {"E": g})
    assert len(fading.seen["E"].rows) == 10
    np.testing.assert_array_equal(mine["E"][10:], start[10:])
    for g in batches(20):
        fading.step(mine, {"E": g})
        plain.step(its, {"E": g})
    assert not fading.seen
    assert_close(mine["E"], its["E"])


def test_rows_that_were_never_seen_are_not_touched(monkeypatch):
    """Neither at the start, nor when M and S are made smaller: a table may have a million."""
    touched = set()
    each_block = Fading.each_block

    def noting(self, work, rows):
        touched.update(range(SHAPE[0]) if rows is None else rows.tolist())
        each_block(self, work, rows)

    monkeypatch.setattr(Fading, "each_block", noting)
    optimizer, params, refreshed = Adam(), table(), 0
    for g in batches(200, last_row=10):
        optimizer.step(params, {"E": g})
        refreshed += optimizer._fading["E"].fade_m == 1
    assert touched == set(range(10))
    assert refreshed == 3  # 0.9^66 is the first power below 1e-3


def test_whoever_looks_at_the_state_sees_m_and_v():
    optimizer, untouched = Adam(), Adam()
    seen, unseen = table(), table()
    m = v = np.zeros(SHAPE)
    for g in batches(30):
        optimizer.step(seen, {"E": g})
        untouched.step(unseen, {"E": g})
        m, v = 0.9 * m + 0.1 * g.to_dense(), 0.999 * v + 0.001 * g.to_dense() ** 2
        assert_close(optimizer.state["E"]["m"], m)
        assert_close(optimizer.state["E"]["v"], v)
    assert_close(optimizer.variables[-1], v)
    np.testing.assert_array_equal(seen["E"], unseen["E"])  # looking changes nothing
    with pytest.raises(ValueError, match="read-only"):
        optimizer.state["E"]["m"][...] = 0  # nor could it


@pytest.mark.parametrize("steps", [1, 30, 100])
def test_a_copy_and_a_saved_state_go_on_alike_to_the_last_bit(steps):
    optimizer, params = AdamW(), table("float32")
    for g in batches(steps):
        optimizer.step(params, {"E": g})
    twin, loaded = copy.deepcopy(optimizer), AdamW()
    loaded.set_state(optimizer.get_state())
    others = [copy.deepcopy(params) for _ in range(2)]
    for g in batches(30):
        optimizer.step(params, {"E": g})
        twin.step(others[0], {"E": g})
        loaded.step(others[1], {"E": g})
    for other in others:
        np.testing.assert_array_equal(other["E"], params["E"])
    with pytest.raises(ValueError, match="'E' has M, S, fades, expected m, v, v_max"):
        Adam(amsgrad=True).set_state(optimizer.get_state())


OTHERS = [Adam(amsgrad=True), RMSprop(), SGD(momentum=0.9)]


@pytest.mark.parametrize("optimizer", [Adam(), *OTHERS])
def test_a_loaded_state_knows_which_rows_had_a_gradient(optimizer):
    params, loaded = {**table(), "b": np.ones(9)}, copy.deepcopy(optimizer)
    for g in batches(20, last_row=10):  # all ten of them
        optimizer.step(params, {"E": g, "b": np.zeros(9)})
    loaded.set_state(optimizer.get_state())
    np.testing.assert_array_equal(loaded.seen["E"].rows, range(10))
    loaded.step(params, {"E": next(batches(1, last_row=10)), "b": np.ones(9)})
    assert list(loaded.seen) == ["E"]
    assert list(loaded.seen["E"].rows) == list(range(10))
    loaded.step(params, {"E": np.ones(SHAPE)})
    assert not loaded.seen


def test_loading_a_state_forgets_what_was_fading():
    optimizer, params = Adam(), table()
    for g in batches(5):
        optimizer.step(params, {"E": g})
    before, weights = optimizer.get_state(), copy.deepcopy(params)
    for g in batches(5):
        optimizer.step(params, {"E": g})
    optimizer.set_state(before)
    once, again = params["E"].copy(), params
    again["E"][...] = weights["E"]
    for g in batches(5):
        optimizer.step(again, {"E": g})
    assert_close(again["E"], once)


def test_options_may_change_on_the_way():
    """Another β₁, one that is too small to wait, and a dense gradient now and then."""
    fading, plain, mine, its = Adam(), Plain(), table(), table()
    for step, g in enumerate(batches(60)):
        for optimizer, params in ((fading, mine), (plain, its)):
            optimizer.beta_1 = {0: 0.9, 10: 0.7, 20: 0.1, 30: 0.9}.get(step, optimizer.beta_1)
            optimizer.step(params, {"E": g.to_dense() if step % 7 == 6 else g})
        assert_close(mine["E"], its["E"])


def test_a_table_among_small_arrays():
    """The same array by rows and dense in turn, packed with two others when dense."""
    fading, plain = Adam(), Plain()
    mine = {**table(), "a": np.ones(3), "b": np.ones((2, 2))}
    its = copy.deepcopy(mine)
    for step, g in enumerate(batches(12)):
        grads = {"a": np.full(3, 0.5), "b": np.full((2, 2), -0.5)}
        grads["E"] = g if step % 4 < 2 else g.to_dense()
        fading.step(mine, grads)
        plain.step(its, grads)
        for name in mine:
            assert_close(mine[name], its[name])


def test_a_step_without_the_table_leaves_it_alone():
    optimizer, params = Adam(), {**table(), "a": np.ones(3)}
    g = next(batches(1))
    optimizer.step(params, {"E": g, "a": np.ones(3)})
    before, fading = params["E"].copy(), dict(optimizer._fading)
    optimizer.step(params, {"E": None, "a": np.ones(3)})
    optimizer.step(params, {"a": np.ones(3)})
    np.testing.assert_array_equal(params["E"], before)
    assert optimizer._fading == fading  # it waits, and does not start again


def test_what_has_faded_away_becomes_zero():
    """2,000 steps: no overflow of what is divided by β₁ᵏ, no subnormal floats."""
    optimizer, params = Adam(beta_2=0.95), table("float32")
    optimizer.step(params, {"E": RowGradient([0, 1], np.ones((2, 3), "float32"), SHAPE)})
    with np.errstate(all="raise"):
        for _ in range(2000):
            optimizer.step(params, {"E": RowGradient([1], np.ones((1, 3), "float32"), SHAPE)})
    m, v = optimizer.state["E"]["m"], optimizer.state["E"]["v"]
    assert not m[0].any()
    assert not v[0].any()
    assert_close(m[1], 1, 1e-5)
    assert_close(v[1], 1, 1e-5)
    assert np.isfinite(params["E"]).all()


def test_what_is_too_small_to_be_squared_becomes_zero():
    """√v of 3e-19 is an ordinary number, v of 1e-37 nearly a subnormal one."""
    optimizer, params = Adam(), table("float32")
    tiny, large = (np.full((1, 3), size, "float32") for size in (1e-17, 1.0))
    optimizer.step(params, {"E": RowGradient([0], tiny, SHAPE)})
    before = optimizer.state["E"]["m"][0].copy()
    for _ in range(70):
        optimizer.step(params, {"E": RowGradient([1], large, SHAPE)})
    assert not optimizer._fading["E"].S[0].any()
    np.testing.assert_allclose(optimizer.state["E"]["m"][0], before * 0.9**70, rtol=1e-5)


def test_a_nan_stays_in_its_row():
    optimizer, params = Adam(), table()
    bad = RowGradient([2], np.full((1, 3), np.nan), SHAPE)
    for g in [bad, *batches(100)]:
        optimizer.step(params, {"E": g})
    np.testing.assert_array_equal(np.isnan(params["E"]).any(axis=1), np.arange(40) == 2)
    assert np.isnan(optimizer.state["E"]["m"][2]).all()
