"""Bidirectional against two LSTMs run by hand; test_lstm_frozen.py compares it with Keras."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layer import Layer
from minidl.layers import LSTM, Bidirectional, Dense
from minidl.testing import assert_gradients, assert_layer

MERGE_MODES = ["concat", "sum", "mul", "ave", None]
MASK = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]], bool)


def built(D, merge_mode="concat", units=2, seed=0, dtype="float64", **arguments):
    layer = Bidirectional(LSTM(units, **arguments), merge_mode, dtype=dtype)
    layer.build((None, D), seed)
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=a.shape) for a in layer.params.values()])
    return layer


def one_way(weights, **arguments):
    layer = LSTM(weights[1].shape[0], dtype="float64", **arguments)
    layer.build((None, weights[0].shape[0]), 0)
    layer.set_weights(weights)
    return layer


def merged(f, b, merge_mode):
    return {
        "concat": np.concatenate([f, b], axis=-1),
        "sum": f + b,
        "mul": f * b,
        "ave": (f + b) / 2,
    }[merge_mode]


@given(
    N=st.integers(1, 3), T=st.integers(1, 4), merge_mode=st.sampled_from(MERGE_MODES[:4]),
    sequences=st.booleans(), scale=st.sampled_from([0, 1, 1e4]), seed=st.integers(0, 99),
)  # fmt: skip
@settings(deadline=None)
def test_it_is_an_lstm_and_an_lstm_of_the_sequence_turned_round(
    N, T, merge_mode, sequences, scale, seed
):
    x = scale * np.random.default_rng(seed).normal(size=(N, T, 3))
    layer = built(3, merge_mode, seed=seed, return_sequences=sequences)
    weights = layer.get_weights()
    f = one_way(weights[:3], return_sequences=sequences)(x)
    b = one_way(weights[3:], return_sequences=sequences)(x[:, ::-1])
    expected = merged(f, b[:, ::-1] if sequences else b, merge_mode)
    y = layer(x)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)
    assert layer.output_shape((T, 3)) == y.shape[1:]


@pytest.mark.parametrize("arguments", [
    {}, {"return_sequences": True}, {"return_state": True},
    {"return_sequences": True, "return_state": True},
    {"return_sequences": True, "go_backwards": True},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("merge_mode", MERGE_MODES)
def test_gradients(merge_mode, arguments):
    x = np.random.default_rng(1).normal(size=(2, 3, 1))
    layer = built(1, merge_mode, **arguments)
    assert_gradients(layer, x)
    assert_gradients(layer, x, kwargs={"mask": np.array([[0, 1, 0], [1, 0, 1]], bool)})


def test_gradients_of_one_step_one_row_and_dropout():
    x = np.random.default_rng(2).normal(size=(1, 1, 2))
    assert_gradients(built(2, dropout=0.5), x, training=True)
    assert_gradients(built(2, "mul"), 1e4 * x)
    assert_gradients(built(2, "ave"), 0 * x)


def test_contract():
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    assert_layer(Bidirectional(LSTM(3)), x)
    assert_layer(Bidirectional(LSTM(2, return_sequences=True), "sum"), x)
    assert_layer(Bidirectional(LSTM(2, dropout=0.4)), x, training=True)


# ---- masks ----


def test_both_directions_get_the_mask_and_a_masked_step_gives_zero():
    x = np.random.default_rng(3).normal(size=(3, 4, 2))
    layer = built(2, return_sequences=True)
    y = layer(x, mask=MASK)
    assert not y[~MASK].any()
    assert y[MASK].all()
    alone = layer(x[1:2, [1, 3]])  # the second row without its padding
    np.testing.assert_allclose(y[1, [1, 3]], alone[0], rtol=1e-12)
    x[~MASK] = np.nan
    np.testing.assert_array_equal(layer(x, mask=MASK), y)


def test_last_outputs_skip_the_padding_at_either_end():
    x = np.random.default_rng(4).normal(size=(1, 5, 2))
    layer = built(2)
    mask = np.array([[False, True, True, True, False]])
    np.testing.assert_allclose(layer(x, mask=mask), layer(x[:, 1:4]), rtol=1e-12)


def test_the_mask_goes_on_only_with_the_steps():
    assert Bidirectional(LSTM(2)).compute_mask(None, MASK) is None
    assert Bidirectional(LSTM(2, return_sequences=True)).compute_mask(None, MASK) is MASK
    assert Bidirectional(LSTM(2)).takes_mask


# ---- states, shapes, weights ----


def test_states_come_in_keras_order():
    x = np.random.default_rng(5).normal(size=(2, 4, 3))
    layer = built(3, "sum", return_state=True)
    y, *states = layer(x)
    weights = layer.get_weights()
    f = one_way(weights[:3], return_state=True)(x)
    b = one_way(weights[3:], return_state=True)(x[:, ::-1])
    for got, expected in zip(states, (*f[1:], *b[1:]), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_allclose(y, f[0] + b[0], rtol=1e-12)
    assert layer.output_shape((4, 3)) == ((2,),) * 5
    assert len(built(3, None, return_state=True)(x)) == 6


def test_a_part_without_a_gradient_may_be_none():
    rng = np.random.default_rng(6)
    x, d = rng.normal(size=(1, 3, 2)), rng.normal(size=(1, 2))
    layer = built(2, "concat", units=1, return_state=True)
    _, cache = layer.forward(x)
    from_y, _ = layer.backward((d[:, :2], None, None, None, None), cache)
    from_h, _ = layer.backward((None, d[:, :1], None, d[:, 1:2], None), cache)
    np.testing.assert_allclose(from_y, from_h, rtol=1e-12)


def test_output_shapes():
    shapes = {
        mode: Bidirectional(LSTM(4), mode).output_shape((None, 3)) for mode in MERGE_MODES
    }
    assert shapes == {"concat": (8,), "sum": (4,), "mul": (4,), "ave": (4,), None: ((4,), (4,))}
    assert Bidirectional(LSTM(4, return_sequences=True)).output_shape((7, 3)) == (7, 8)


def test_weights_are_the_forward_three_and_the_backward_three():
    layer = Bidirectional(LSTM(4))
    layer.build((None, 3), 0)
    names = [f"{way}_layer.{name}" for way in ("forward", "backward") for name in "WUb"]
    assert list(layer.params) == names
    assert [w.shape for w in layer.get_weights()] == [(3, 16), (4, 16), (16,)] * 2
    assert (layer.params["forward_layer.W"] != layer.params["backward_layer.W"]).any()
    again = Bidirectional(LSTM(4))
    again.build((None, 3), 0)
    for a, b in zip(layer.get_weights(), again.get_weights()):
        np.testing.assert_array_equal(a, b)
    given = Bidirectional(LSTM(4), weights=layer.get_weights())
    given.build((None, 3), 1)
    x = np.ones((2, 5, 3))
    np.testing.assert_array_equal(given(x), layer(x))


def test_names_dtype_and_copies():
    layer = Bidirectional(LSTM(2, name="reader"), dtype="float64")
    layer.build((None, 3), 0)
    assert layer.backward_layer.name == "backward_reader"
    assert (layer.forward_layer.go_backwards, layer.backward_layer.go_backwards) == (
        False,
        True,
    )
    assert {a.dtype.name for a in layer.params.values()} == {"float64"}
    x = np.ones((2, 3, 3))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(x), layer(x))
        other.params["forward_layer.W"] += 1
        assert (other(x) != layer(x)).any()


def test_a_backward_layer_of_its_own():
    layer = Bidirectional(LSTM(2), backward_layer=LSTM(3, go_backwards=True), dtype="float64")
    layer.build((None, 4), 0)
    x = np.random.default_rng(7).normal(size=(2, 3, 4))
    assert layer(x).shape == (2, 5)
    assert layer.output_shape((3, 4)) == (5,)
    assert_gradients(layer, x)


def test_any_recurrent_layer_will_do():
    class RunningSum(Layer):
        """Keras's options, no parameters, no mask."""

        go_backwards, return_sequences = False, True

        def forward(self, x, training=False):
            return np.cumsum(x[:, ::-1] if self.go_backwards else x, axis=1), None

        def backward(self, dy, cache):
            dx = np.cumsum(dy[:, ::-1], axis=1)[:, ::-1]
            return (dx[:, ::-1] if self.go_backwards else dx), {}

    layer = Bidirectional(RunningSum())
    layer.build((3, 1), 0)
    x = np.array([[[1.0], [10], [100]]])
    assert layer(x).tolist() == [[[1, 111], [11, 110], [111, 100]]]
    assert layer.output_shape((3, 1)) == (3, 2)
    assert_gradients(layer, x)


def test_no_rows_and_no_steps():
    for sequences in (False, True):
        layer = built(3, return_sequences=sequences)
        for shape in ((0, 4, 3), (2, 0, 3)):
            y, cache = layer.forward(np.zeros(shape), mask=np.zeros(shape[:2], bool))
            dx, _ = layer.backward(y, cache)
            assert y.shape == ((*shape[:2], 4) if sequences else (shape[0], 4))
            assert dx.shape == shape


def test_what_does_not_fit_is_a_sentence():
    with pytest.raises(ValueError, match=r"merge_mode must be .*, got 'add'"):
        Bidirectional(LSTM(2), "add")
    with pytest.raises(TypeError, match=r"layer must be recurrent, .* got Dense: use an LSTM"):
        Bidirectional(Dense(2))
    with pytest.raises(ValueError, match="go_backwards must differ, got False in both"):
        Bidirectional(LSTM(2), backward_layer=LSTM(2))
    other = LSTM(2, go_backwards=True, return_sequences=True)
    with pytest.raises(ValueError, match=r"return_sequences must be .* got False and True"):
        Bidirectional(LSTM(2), backward_layer=other)
    with pytest.raises(
        ValueError, match=r"units must be the same .* got 2 and 3: give .* units=2"
    ):
        Bidirectional(LSTM(2), "sum", backward_layer=LSTM(3, go_backwards=True))
    state = built(4, return_state=True)
    with pytest.raises(ValueError, match="Bidirectional: with return_state dy must be a tuple"):
        state.backward(np.zeros((2, 4)), state.forward(np.zeros((2, 3, 4)))[1])
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 3\)"):
        built(4).forward(np.zeros((2, 3, 4)), mask=np.ones((3, 2), bool))
    with pytest.raises(ValueError, match=r"x must have shape \(N, T, 4\)"):
        built(4).forward(np.zeros((2, 3, 5)))
