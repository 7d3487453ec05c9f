"""LSTM against its equations, written out sample by sample and step by step."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layer import Layer
from minidl.layers import LSTM, ReLU, Sigmoid, Tanh
from minidl.layers.lstm_steps import TOGETHER, FastCell, PlainCell, cell_for
from minidl.testing import assert_gradients, assert_layer


def sigma(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def literal(x, W, R, b, dy, keep=None):
    """(h of every step, dx, dW, dU, db) by the equations, one unit of one step at a time.

    dy (N, T, U) is the gradient of every h; keep (N, T) the mask."""
    (N, T, D), U = x.shape, R.shape[0]
    h, c = np.zeros((N, T + 1, U)), np.zeros((N, T + 1, U))
    i, f, g, o = np.zeros((4, N, T, U))
    keep = np.ones((N, T), bool) if keep is None else keep
    for n in range(N):
        for t in range(T):
            for u in range(U):
                if not keep[n, t]:
                    h[n, t + 1, u], c[n, t + 1, u] = h[n, t, u], c[n, t, u]
                    continue
                z = [
                    sum(x[n, t, d] * W[d, column] for d in range(D))
                    + sum(h[n, t, v] * R[v, column] for v in range(U))
                    + b[column]
                    for column in (u, U + u, 2 * U + u, 3 * U + u)
                ]
                i[n, t, u], f[n, t, u], o[n, t, u] = sigma(z[0]), sigma(z[1]), sigma(z[3])
                g[n, t, u] = math.tanh(z[2])
                c[n, t + 1, u] = f[n, t, u] * c[n, t, u] + i[n, t, u] * g[n, t, u]
                h[n, t + 1, u] = o[n, t, u] * math.tanh(c[n, t + 1, u])
    dx, dW, dR, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(R), np.zeros_like(b)
    for n in range(N):
        dh, dc = np.zeros(U), np.zeros(U)
        for t in reversed(range(T)):
            dh = dh + dy[n, t]
            if not keep[n, t]:
                continue
            tanh_c = np.tanh(c[n, t + 1])
            dc = dc + dh * o[n, t] * (1 - tanh_c**2)
            dzi = dc * g[n, t] * i[n, t] * (1 - i[n, t])
            dzf = dc * c[n, t] * f[n, t] * (1 - f[n, t])
            dzg = dc * i[n, t] * (1 - g[n, t] ** 2)
            dzo = dh * tanh_c * o[n, t] * (1 - o[n, t])
            dz = np.concatenate([dzi, dzf, dzg, dzo])
            dx[n, t] = W @ dz
            dW += np.outer(x[n, t], dz)
            dR += np.outer(h[n, t], dz)
            db += dz
            dh, dc = R @ dz, dc * f[n, t]
    return h[:, 1:], dx, dW, dR, db


def built(units, D, seed=0, dtype="float64", **arguments):
    """An LSTM with weights large enough for every gate to matter."""
    layer = LSTM(units, dtype=dtype, **arguments)
    layer.build((None, D), seed)
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=a.shape) for a in layer.params.values()])
    return layer


def plain(layer):
    """The layer with its activations in disguise, so that the plain cell runs."""
    other = layer.astype(layer.params["W"].dtype)
    other.activation = type("Phi", (Tanh,), {})()
    other.recurrent_activation = type("Sigma", (Sigmoid,), {})()
    return other


sizes = given(
    N=st.integers(1, 3), T=st.integers(1, 6), D=st.integers(1, 3), U=st.integers(1, 3),
    masked=st.booleans(), go_backwards=st.booleans(), last=st.booleans(),
    scale=st.sampled_from([0, 1, 1e4]), seed=st.integers(0, 99),
)  # fmt: skip


@sizes
@settings(deadline=None)
def test_forward_and_backward_are_the_equations(
    N, T, D, U, masked, go_backwards, last, scale, seed
):
    rng = np.random.default_rng(seed)
    layer = built(U, D, seed, return_sequences=not last, go_backwards=go_backwards)
    x = scale * rng.normal(size=(N, T, D))
    keep = rng.random((N, T)) < 0.6 if masked else None
    dy = rng.normal(size=(N, U) if last else (N, T, U))
    y, cache = layer.forward(x, mask=keep)
    dx, grads = layer.backward(dy, cache)

    dh = dy
    if last:
        dh = np.zeros((N, T, U))
        dh[:, -1] = dy
    turn = slice(None, None, -1 if go_backwards else 1)
    keep = None if keep is None else keep[:, turn]
    h, want_dx, *want = literal(x[:, turn], *layer.params.values(), dh, keep)
    np.testing.assert_allclose(y, h[:, -1] if last else h, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(dx, want_dx[:, turn], rtol=1e-9, atol=1e-12)
    for name, expected in zip("WUb", want, strict=True):
        size = max(1, np.abs(expected).max())
        np.testing.assert_allclose(grads[name], expected, rtol=0, atol=1e-12 * size)
    assert layer.output_shape((T, D)) == y.shape[1:]


def test_by_hand():
    """A unit whose gates do not look at x: i = f = o = σ(0) = ½, and g = tanh(artanh ½) = ½."""
    layer = LSTM(1, return_sequences=True, return_state=True, dtype="float64")
    layer.build((None, 1), 0)
    layer.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), [0, 0, math.atanh(0.5), 0]])
    y, h, c = layer(np.ones((1, 3, 1)))
    assert c[0, 0] == pytest.approx(0.4375)  # ¼, then ½ · ¼ + ¼ = ⅜, then 7/16
    expected = [0.122459331, 0.179178699, 0.205785028]  # ½ tanh ¼, ½ tanh ⅜, ½ tanh 7/16
    assert y.ravel().tolist() == pytest.approx(expected, abs=1e-9)
    assert h.tolist() == y[:, -1].tolist()


# ---- the gradient check ----


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"return_sequences": True},
        {"return_state": True},
        {"return_sequences": True, "return_state": True, "go_backwards": True},
        {"use_bias": False, "unit_forget_bias": False},
        {"activation": "relu", "recurrent_activation": "tanh", "return_sequences": True},
        {"activation": "gelu", "recurrent_activation": "softmax"},
        {"activation": None},
    ],
    ids=str,
)
def test_gradients(arguments):
    x = np.random.default_rng(1).normal(size=(3, 4, 2))
    mask = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]], bool)
    layer = built(3, 2, **arguments)
    assert_gradients(layer, x)
    assert_gradients(layer, x, kwargs={"mask": mask})


@given(
    N=st.integers(1, 2), T=st.integers(1, 4), scale=st.sampled_from([0, 1, 1e4]),
    seed=st.integers(0, 99), rate=st.sampled_from([0, 0.5]),
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_gradients_of_small_large_and_no_numbers(N, T, scale, seed, rate):
    x = scale * np.random.default_rng(seed).normal(size=(N, T, 2))
    layer = built(2, 2, seed, dropout=rate, return_sequences=True)
    assert_gradients(layer, x, training=rate > 0, seed=seed)


class KeepsItsInput(Layer):
    """y = x² + x, with x itself as the cache."""

    def forward(self, x, training=False):
        return x * x + x, x

    def backward(self, dy, cache):
        return dy * (2 * cache + 1), {}


def test_gradients_of_an_activation_that_keeps_its_input():
    x = 0.3 * np.random.default_rng(1).normal(size=(2, 3, 2))
    layer = built(2, 2, activation=KeepsItsInput(), recurrent_activation=KeepsItsInput())
    assert_gradients(layer, x, kwargs={"mask": np.array([[1, 1, 1], [1, 0, 1]], bool)})


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("mask", [None, np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0]], bool)])
def test_gradients_of_the_initial_state(mask, sequences):
    layer = built(2, 2, return_sequences=sequences, return_state=True)
    rng = np.random.default_rng(2)

    def forward(x, h0, c0):
        return layer.forward(x, mask=mask, initial_state=(h0, c0))

    def backward(dy, cache):
        (dx, dh0, dc0), _ = layer.backward(dy, cache)
        return dx, dh0, dc0

    x, h0, c0 = rng.normal(size=(3, 3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    assert_gradients((forward, backward), (x, h0, c0))


def test_contract():
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    assert_layer(LSTM(4), x)
    assert_layer(LSTM(2, return_sequences=True, go_backwards=True, dropout=0.3), x)
    assert_layer(LSTM(2, return_sequences=True, dropout=0.3), x, training=True)
    assert_layer(LSTM(3, activation="relu", use_bias=False), x[:1, :1])


# ---- the fast cell ----


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("N", "T"), [(4, 9), (1, 1), (1, TOGETHER), (3, 2 * TOGETHER + 1)])
@pytest.mark.parametrize("training", [False, True])
def test_the_fast_cell_gives_what_the_plain_one_gives(N, T, dtype, training):
    rng = np.random.default_rng(3)
    layer = built(7, 5, dtype=dtype, return_sequences=True)
    layer.set_weights([a / 2 for a in layer.get_weights()])  # what grows, grows rounding errors
    x = rng.normal(size=(N, T, 5)).astype(dtype)
    dy = rng.normal(size=(N, T, 7)).astype(dtype)
    mask = rng.random((N, T)) < 0.7 if T > 1 else None
    answers = []
    for one, kind in ((layer, FastCell), (plain(layer), PlainCell)):
        assert type(cell_for(one.activation, one.recurrent_activation, (7, N), dtype)) is kind
        y, cache = one.forward(x, training, mask=mask)
        dx, grads = one.backward(dy, cache)
        answers.append((y, dx, *grads.values()))
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    for fast, slow in zip(*answers, strict=True):
        assert fast.dtype == dtype
        assert np.abs(fast - slow).max() <= tolerance * np.abs(slow).max()


def test_the_sums_over_many_steps_are_those_of_the_slopes():
    x = np.random.default_rng(5).normal(size=(2, 2 * TOGETHER + 3, 2))
    assert_gradients(built(2, 2, return_sequences=True), x, training=True)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("masked", [False, True])
def test_a_prediction_is_the_training_pass_without_its_steps(activation, masked):
    rng = np.random.default_rng(4)
    layer = built(3, 2, activation=activation, return_sequences=True, return_state=True)
    x, dys = rng.normal(size=(4, 20, 2)), (*rng.normal(size=(1, 4, 20, 3)), None, None)
    call = {"mask": rng.random((4, 20)) < 0.7 if masked else None,
            "initial_state": rng.normal(size=(2, 4, 3))}  # fmt: skip
    trained, predicted = (layer.forward(x, training, **call) for training in (True, False))
    assert trained[1][3] is not None
    assert predicted[1][3] is None  # the steps
    for one, other in zip(trained[0], predicted[0], strict=True):
        np.testing.assert_array_equal(one, other)
    before = copy.deepcopy(predicted[1])
    (dxs, grads), (want_dxs, want) = (layer.backward(dys, c) for _, c in (predicted, trained))
    for one, other in zip((*dxs, *grads.values()), (*want_dxs, *want.values()), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(predicted[1][0], before[0])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("training", [False, True])
def test_a_copy_of_the_cache_serves_as_well(activation, training):
    rng = np.random.default_rng(5)
    layer = built(3, 2, activation=activation)
    x, dy = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 3))
    _, cache = layer.forward(x, training)
    (dx, grads), (want_dx, want) = (
        layer.backward(dy, c) for c in (copy.deepcopy(cache), cache)
    )
    np.testing.assert_array_equal(dx, want_dx)
    for name in want:
        np.testing.assert_array_equal(grads[name], want[name])


def test_an_activation_looks_along_the_units():
    """softmax as the gates' activation: over the units of a row, not over the rows."""
    x = np.random.default_rng(6).normal(size=(5, 3, 2))
    layer = built(4, 2, recurrent_activation="softmax", return_sequences=True)
    for row in range(5):
        np.testing.assert_allclose(layer(x)[row], layer(x[row : row + 1])[0], rtol=1e-12)


def test_any_other_activation_runs_the_plain_cell():
    for activation, recurrent in ((ReLU(), Sigmoid()), (Tanh(), ReLU())):
        assert type(cell_for(activation, recurrent, (1, 1), "float32")) is PlainCell


def test_a_gradient_that_fades_becomes_zero_and_never_subnormal():
    layer = LSTM(8, unit_forget_bias=False)  # f is about ½: halved at every step
    layer.build((None, 4), 0)
    x = np.random.default_rng(0).normal(size=(2, 400, 4)).astype("float32")
    y, cache = layer.forward(x)
    dx, _ = layer.backward(np.ones_like(y), cache)
    size = np.abs(dx).max(axis=(0, 2))
    assert size[-1] > 1e-3
    assert not size[:200].any()  # 2⁻²⁰⁰ is no float32
    # from one flush to the next, 8 steps, a number of 1e-31 stays above the smallest normal
    assert (size[(size > 0)] > np.finfo("float32").tiny).all()


# ---- masks ----


def test_padding_before_or_after_changes_nothing_and_may_hold_anything():
    rng = np.random.default_rng(4)
    layer = built(3, 2)
    x, dy = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 3))
    y, cache = layer.forward(x)
    dx, grads = layer.backward(dy, cache)
    padding, none = np.full((2, 3, 2), np.nan), np.zeros((2, 3), bool)
    kept = np.ones((2, 4), bool)
    for order in (slice(None), slice(None, None, -1)):
        long = np.concatenate([padding, x][order], axis=1)
        mask = np.concatenate([none, kept][order], axis=1)
        padded_y, cache = layer.forward(long, mask=mask)
        padded_dx, padded_grads = layer.backward(dy, cache)
        np.testing.assert_allclose(padded_y, y, rtol=1e-13)
        np.testing.assert_allclose(padded_dx[mask].reshape(x.shape), dx, rtol=1e-12)
        assert not padded_dx[~mask].any()
        for name in grads:
            np.testing.assert_allclose(padded_grads[name], grads[name], rtol=1e-11)


def test_a_masked_step_repeats_the_output_before_it():
    layer = built(2, 1, return_sequences=True)
    x = np.arange(1.0, 6).reshape(1, 5, 1)
    y = layer(x, mask=np.array([[0, 1, 0, 1, 0]]))
    assert not y[0, 0].any()
    assert y[0, 1].all()
    assert (y[0, 2] == y[0, 1]).all()
    assert (y[0, 4] == y[0, 3]).all()
    np.testing.assert_allclose(y[0, [1, 3]], layer(x[:, [1, 3]])[0], rtol=1e-13)


def test_the_mask_goes_on_only_with_the_steps():
    mask = np.array([[True, False, True], [True, True, False]])
    assert LSTM(2).compute_mask(None, mask) is None
    assert LSTM(2, return_sequences=True).compute_mask(None, mask) is mask
    assert LSTM(2, return_sequences=True).compute_mask(None) is None
    backwards = LSTM(2, return_sequences=True, go_backwards=True)
    np.testing.assert_array_equal(backwards.compute_mask(None, mask), mask[:, ::-1])
    assert LSTM(2).takes_mask


# ---- dropout ----


def test_dropout_drops_the_same_features_at_every_step():
    layer = built(2, 6, dropout=0.5, return_sequences=True)
    x = np.ones((4, 5, 6))
    y, cache = layer.forward(x, training=True)
    dx, _ = layer.backward(np.ones_like(y), cache)
    dropped = dx == 0
    assert (dropped == dropped[:, :1]).all()
    assert 0 < dropped[:, 0].sum() < 24
    assert (dropped[0, 0] != dropped[1:, 0]).any()
    # the same as the layer without dropout on x · m, where m is 0 or 1 / (1 − ½)
    scaled = np.where(dropped, 0, 2.0)
    layer.dropout = 0.0
    np.testing.assert_allclose(layer(scaled), y, rtol=1e-13)


def test_dropout_does_nothing_in_prediction_and_follows_its_seed():
    x = np.ones((2, 3, 8))
    layers = [built(2, 8, dropout=0.5, seed=s) for s in (0, 0)]
    without = built(2, 8)
    assert (layers[0](x) == without(x)).all()
    first, second = (layer(x, training=True) for layer in layers)
    assert (first == second).all()
    assert (layers[0](x, training=True) != first).any()
    seeded = LSTM(2, dropout=0.5, seed=7), LSTM(2, dropout=0.5, seed=7)
    for layer, rng in zip(seeded, (1, 2)):
        layer.build((None, 8), rng)
        layer.set_weights(without.get_weights())
    assert (seeded[0](x, training=True) == seeded[1](x, training=True)).all()


# ---- outputs, dtypes, edges ----


def test_return_state_is_the_last_step_and_takes_gradients_apart():
    rng = np.random.default_rng(5)
    x, d = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 2))
    layer = built(2, 3, return_state=True)
    (y, h, _), cache = layer.forward(x)
    assert (y == h).all()
    assert layer.output_shape((4, 3)) == ((2,), (2,), (2,))
    from_y, from_h = (layer.backward(dy, cache)[0] for dy in ((d, None, None), (None, d, None)))
    assert (from_y == from_h).all()
    both, _ = layer.backward((d, d, None), cache)
    np.testing.assert_allclose(both, 2 * from_y, rtol=1e-12)
    assert (layer.backward([None, None, d], cache)[0] != from_y).any()
    assert not layer.backward((None, None, None), cache)[0].any()


def test_two_halves_with_the_state_passed_on_are_the_whole():
    x = np.random.default_rng(6).normal(size=(2, 6, 3))
    layer = built(4, 3, return_state=True)
    _, *state = layer(x[:, :2])
    y, h, c = layer(x[:, 2:], initial_state=state)
    for got, expected in zip((y, h, c), layer(x)):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("sequences", [False, True])
def test_no_steps_and_no_rows(sequences):
    layer = built(3, 2, return_sequences=sequences)
    for shape in ((2, 0, 2), (0, 4, 2), (0, 0, 2)):
        x = np.zeros(shape)
        for mask in (None, np.zeros(shape[:2], bool)):
            y, cache = layer.forward(x, mask=mask)
            dx, grads = layer.backward(np.ones_like(y), cache)
            assert y.shape == ((*shape[:2], 3) if sequences else (shape[0], 3))
            assert not y.any()  # h₀
            assert dx.shape == shape
            assert not any(g.any() for g in grads.values())


def test_dtypes_integers_and_strides():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(2, 4, 3))
    for dtype in ("float32", "float64"):
        layer = built(2, 3, dtype=dtype)
        for given_x in (x, x.astype("float32"), (10 * x).astype(int), x.tolist()):
            y, cache = layer.forward(given_x)
            dx, grads = layer.backward(np.ones_like(y), cache)
            assert {a.dtype.name for a in (y, dx, *grads.values())} == {dtype}
        np.testing.assert_array_equal(layer(np.asfortranarray(x)), layer(x))
        twice = np.repeat(x, 2, axis=1)[:, ::2]
        np.testing.assert_array_equal(layer(twice), layer(x))


def test_nan_stays_in_its_row():
    x = np.zeros((3, 4, 2))
    x[1, 2, 0] = np.nan
    y = built(2, 2)(x)
    assert np.isnan(y).all(axis=1).tolist() == [False, True, False]


def test_calls_do_not_disturb_each_other_and_leave_everything_as_it_was():
    rng = np.random.default_rng(8)
    layer = built(3, 2, return_sequences=True)
    x, dy = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 4, 3))
    copies = x.copy(), dy.copy(), [w.copy() for w in layer.get_weights()]
    y, cache = layer.forward(x)
    first = layer.backward(dy, cache)
    layer.forward(rng.normal(size=(5, 7, 2)))
    y += 1  # the caller's own
    second = layer.backward(dy, cache)
    np.testing.assert_array_equal(first[0], second[0])
    for name in "WUb":
        np.testing.assert_array_equal(first[1][name], second[1][name])
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(dy, copies[1])
    for w, before in zip(layer.get_weights(), copies[2]):
        np.testing.assert_array_equal(w, before)
    for array in (first[0], *first[1].values()):
        for other in (x, dy, y, *layer.params.values()):
            assert not np.shares_memory(array, other)


# ---- construction ----


def test_weights_at_the_start():
    layer = LSTM(5)
    layer.build((None, 3), 0)
    W, U, b = layer.get_weights()
    assert (W.shape, U.shape, b.shape) == ((3, 20), (5, 20), (20,))
    assert {a.dtype.name for a in (W, U, b)} == {"float32"}
    assert b.tolist() == [0] * 5 + [1] * 5 + [0] * 10
    np.testing.assert_allclose(U @ U.T, np.eye(5), atol=1e-6)  # orthonormal rows
    assert 0.3 < np.abs(W).max() <= math.sqrt(6 / 23)  # Glorot: fans 3 and 20
    plain_bias = LSTM(5, unit_forget_bias=False)
    plain_bias.build((None, 3), 0)
    assert not plain_bias.params["b"].any()
    no_bias = LSTM(5, use_bias=False)
    no_bias.build((None, 3), 0)
    assert list(no_bias.params) == ["W", "U"]
    assert layer.count_params() == 4 * 5 * (3 + 5 + 1)


def test_keras_arguments():
    layer = LSTM(
        4, "tanh", "sigmoid", True, "ones", "zeros", "ones", True,
        kernel_regularizer="l2", recurrent_regularizer="l1", bias_regularizer="l2",
        unroll=True, name="reader",
    )  # fmt: skip
    layer.build((6, 2), 0)
    assert layer.regularizers.keys() == {"W", "U", "b"}
    assert (layer.params["W"] == 1).all()
    assert not layer.params["U"].any()
    assert (layer.params["b"] == 1).all()
    assert layer.output_shape((None, 2)) == (4,)
    assert LSTM(4, return_sequences=True).output_shape((None, 2)) == (None, 4)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"units": 0}, "LSTM: units must be a positive integer, got 0"),
        ({"units": 2.5}, "LSTM: units must be a positive integer, got 2.5"),
        ({"units": 2, "dropout": 1}, "LSTM: dropout must be at least 0 and below 1, got 1"),
        ({"units": 2, "dropout": "half"}, "LSTM: dropout must be .*, got 'half'"),
        ({"units": 2, "recurrent_dropout": 0.2}, "LSTM: recurrent_dropout must be 0, got 0.2"),
        ({"units": 2, "stateful": True}, "LSTM: stateful must be False, as no layer remembers"),
        ({"units": 2, "activation": "tan"}, "Could not interpret activation .*'tan'"),
    ],
)
def test_wrong_arguments_are_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        LSTM(**arguments)


def test_wrong_input_is_a_sentence():
    layer = built(2, 3)
    layer.label = "layer 1 (LSTM)"
    x = np.zeros((4, 5, 3))
    head = r"layer 1 \(LSTM\): "
    with pytest.raises(ValueError, match=head + r"x must have shape \(N, T, 3\), got \(4, 5\)"):
        layer.forward(x[:, :, 0])
    with pytest.raises(ValueError, match=r"got \(4, 5, 2\): match its last axis"):
        layer.forward(x[:, :, :2])
    with pytest.raises(ValueError, match=head + r"mask must have shape \(4, 5\), .* \(5, 4\)"):
        layer.forward(x, mask=np.ones((5, 4), bool))
    with pytest.raises(ValueError, match=r"initial_state must be \(h, c\), each of .*\(4, 2\)"):
        layer.forward(x, initial_state=[np.zeros((4, 2))])
    with pytest.raises(ValueError, match=r"shape \(4, 2\), got shapes \[\(4, 2\), \(2, 4\)\]"):
        layer.forward(x, initial_state=[np.zeros((4, 2)), np.zeros((2, 4))])
    with pytest.raises(ValueError, match="LSTM: not built"):
        LSTM(2).forward(x)
    layer.return_state = True
    with pytest.raises(ValueError, match=head + r"dy must be a tuple of three .* got ndarray"):
        layer.backward(np.zeros((4, 2)), layer.forward(x)[1])
