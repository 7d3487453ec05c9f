"""Large arrays by blocks and tables by rows: the same numbers as the plain form."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl import blocks
from minidl.blocks import BLOCK, flush
from minidl.gradients import RowGradient
from minidl.optimizers import SGD, Adam, AdamW, RMSprop

DTYPES = ("float32", "float64")
ALL = [
    SGD(0.1), SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9, nesterov=True), RMSprop(0.1),
    RMSprop(0.1, momentum=0.9, centered=True), Adam(0.1), Adam(0.1, amsgrad=True), AdamW(0.1),
]  # fmt: skip
each_optimizer = pytest.mark.parametrize("optimizer", ALL, ids=repr)


def some(shape=(3, 4), dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@each_optimizer
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_large_array_in_blocks_equals_small_ones(optimizer, dtype):
    """Entries are on their own: one array of many blocks moves as its rows do one by one."""
    whole, single = copy.deepcopy(optimizer), copy.deepcopy(optimizer)
    w = some((5, BLOCK // 2 + 1), dtype)
    one, rows = {"w": w.copy()}, {str(i): row.copy() for i, row in enumerate(w)}
    for seed in range(3):
        g = some(w.shape, dtype, seed)
        whole.step(one, {"w": g})
        single.step(rows, {str(i): row for i, row in enumerate(g)})
    np.testing.assert_array_equal(one["w"], np.stack(list(rows.values())))
    assert not np.array_equal(one["w"], w)


@each_optimizer
def test_arrays_of_any_layout(optimizer):
    """Transposed and strided parameters are changed in place, large or small."""
    for columns in (3, BLOCK):
        w, g = some((4, columns)), some((4, columns), seed=1)
        expected = {"w": w.copy()}
        copy.deepcopy(optimizer).step(expected, {"w": g})
        turned = w.T.copy().T
        copy.deepcopy(optimizer).step({"w": turned}, {"w": g})
        np.testing.assert_array_equal(turned, expected["w"])
        strided = np.repeat(w, 2, axis=1)
        copy.deepcopy(optimizer).step({"w": strided[:, ::2]}, {"w": g})
        np.testing.assert_array_equal(strided[:, ::2], expected["w"])
        np.testing.assert_array_equal(strided[:, 1::2], w)
        straight = w.copy()
        copy.deepcopy(optimizer).step({"w": straight}, {"w": np.asfortranarray(g)})
        np.testing.assert_array_equal(straight, expected["w"])


@each_optimizer
def test_threads_change_no_bit(optimizer, monkeypatch):
    """Of a very large array: here all above one block are, and BLAS says it has two."""
    monkeypatch.setattr(blocks, "VERY_LARGE", BLOCK + 1)
    w, E = some((9, BLOCK), "float32"), some((1001, 999), "float32")
    g = some(w.shape, "float32", 1)
    rows = RowGradient(np.arange(3, 1001, 7), some((143, 999), "float32", 2), E.shape)
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(blocks, "blas_threads", lambda count=count: count)
        params, each = {"w": w.copy(), "E": E.copy()}, copy.deepcopy(optimizer)
        each.step(params, {"w": g, "E": rows})
        each.step(params, {"w": g, "E": rows.to_dense()})
        found.append(params)
    for name in params:
        np.testing.assert_array_equal(found[0][name], found[1][name])
        np.testing.assert_array_equal(found[0][name], found[2][name])


# ---- tables ----


def same(found, expected, optimizer):
    """To the last bit; where moments fade together, within rounding."""
    tolerance = 1e-14 if optimizer.fades else 0
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def counting(kind):
    """An optimizer class that counts the entries it works on."""

    class Counting(kind):
        entries = 0

        def update(self, w, g, rate, **slots):
            self.entries += w.size
            super().update(w, g, rate, **slots)

    return Counting


def test_the_cost_of_a_large_table_is_that_of_its_seen_rows():
    optimizer, params = counting(Adam)(), {"E": np.ones((1_000_000, 2), "float32")}
    batches = [[3, 999_999], [5], [], [3]]
    worked = []
    for rows in batches:
        optimizer.entries = 0
        g = RowGradient(np.array(rows, int), np.ones((len(rows), 2)), (1_000_000, 2))
        optimizer.step(params, {"E": g})
        worked.append(optimizer.entries)
    assert worked == [4, 6, 6, 6]  # rows seen so far × 2 columns
    np.testing.assert_array_equal(optimizer.seen["E"].rows, [3, 5, 999_999])
    moved = np.flatnonzero((params["E"] != 1).any(axis=1))
    np.testing.assert_array_equal(moved, [3, 5, 999_999])


def test_plain_sgd_works_on_the_rows_of_the_batch_only():
    optimizer, params = counting(SGD)(1.0), {"E": np.zeros((6, 2))}
    optimizer.step(params, {"E": RowGradient([1, 4], [[1.0, 2.0], [3.0, 4.0]], (6, 2))})
    optimizer.step(params, {"E": RowGradient([4], [[1.0, 1.0]], (6, 2))})
    expected = np.zeros((6, 2))
    expected[1], expected[4] = [-1, -2], [-4, -5]
    np.testing.assert_array_equal(params["E"], expected)
    assert optimizer.entries == (2 + 1) * 2


@each_optimizer
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_mixture_of_rows_and_dense_gradients_equals_dense(optimizer, data):
    """Repeated, unordered and no rows; rows before and after dense gradients; 1-D tables."""
    by_rows, by_table = copy.deepcopy(optimizer), copy.deepcopy(optimizer)
    shape = data.draw(st.sampled_from([(9, 2), (1, 3), (30,), (2, 2, 2)]))
    w = some(shape)
    rows, table = {"E": w.copy()}, {"E": w.copy()}
    for seed in range(data.draw(st.integers(1, 6))):
        where = data.draw(st.lists(st.integers(0, shape[0] - 1), max_size=6))
        g = RowGradient(np.array(where, int), some((len(where), *shape[1:]), seed=seed), shape)
        sparse = data.draw(st.booleans())
        by_rows.step(rows, {"E": g if sparse else g.to_dense()})
        by_table.step(table, {"E": g.to_dense()})
        same(rows["E"], table["E"], optimizer)


def test_rows_spread_over_many_blocks():
    shape = (6000, 20)  # 1,638 rows a block
    by_rows, by_table = Adam(), Adam()
    rows, table = {"E": some(shape)}, {"E": some(shape)}
    for seed, count in enumerate((1800, 6000, 1, 1400)):
        where = np.random.default_rng(seed).permutation(6000)[:count]
        g = RowGradient(where, some((count, 20), seed=seed), shape)
        by_rows.step(rows, {"E": g})
        by_table.step(table, {"E": g.to_dense()})
    same(rows["E"], table["E"], by_rows)
    assert "E" not in by_rows.seen  # more than half were seen: the whole table by blocks


# ---- subnormals ----


def test_moments_without_gradients_do_not_stay_subnormal():
    optimizer, params = Adam(beta_2=0.9), {"w": np.zeros(4, "float32")}
    optimizer.step(params, {"w": np.ones(4)})
    for _ in range(900):
        optimizer.step(params, {"w": np.zeros(4)})
        for a in optimizer.state["w"].values():
            assert ((a == 0) | (a >= np.finfo("float32").tiny)).all()
    assert not any(a.any() for a in optimizer.state["w"].values())
    unflushed = np.ones(1, "float32")
    for _ in range(900):
        unflushed *= 0.9
    assert 0 < unflushed < np.finfo("float32").tiny  # rounding keeps it from ever reaching 0


def test_flush_keeps_what_counts():
    a = np.array([1e-40, -1e-35, 1e-30, -2.0, 0.0, np.nan, np.inf], "float32")
    flush(a)
    np.testing.assert_array_equal(
        a, np.array([0, 0, 1e-30, -2.0, 0.0, np.nan, np.inf], "float32")
    )
