# ruff: noqa: RUF059
"""Wrong backwards of recurrent layers: a plain RNN and an LSTM, as course-style pairs."""

import numpy as np

from tests.testing.mutants.bank import Pairs


def rnn(x, W, U, b):
    """h_t = tanh(x_t W + h_{t−1} U + b); y: all h_t.        x: (N, T, D)   y: (N, T, U)"""
    h, hs = np.zeros((len(x), len(U))), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W + h @ U + b)
        hs.append(h)
    y = np.stack(hs, axis=1)
    return y, (x, y, W, U)


def rnn_backward(dy, cache, carry=1.0, order=-1, stop=0, previous=True, slope=True):
    """The right backward; each keyword switches one mistake on."""
    x, y, W, U = cache
    dx, dW, dU, db = np.zeros_like(x), 0, 0, 0
    dh_next = 0
    for t in list(range(stop, x.shape[1]))[::order]:
        dh = dy[:, t] + carry * dh_next
        dz = dh * (1 - y[:, t] ** 2) if slope else dh
        before = y[:, t - 1] if t > 0 else np.zeros_like(y[:, 0])
        dx[:, t] = dz @ W.T
        dW, db = dW + x[:, t].T @ dz, db + dz.sum(0)
        dU = dU + (before if previous else y[:, t]).T @ dz
        dh_next = dz @ U.T
    return dx, dW, dU, db


def sizes(N, T, D, U):
    def make(rng):
        normal = rng.standard_normal
        return normal((N, T, D)), normal((D, U)), 0.5 * normal((U, U)), normal(U)

    return make


pairs = Pairs("rnn", rnn, sizes(2, 4, 3, 3))


@pairs.mutant("not carried through time")
def dh_not_carried(dy, cache):
    return rnn_backward(dy, cache, carry=0.0)


@pairs.mutant("across time")
def forwards_in_time(dy, cache):
    return rnn_backward(dy, cache, order=1)


@pairs.mutant("first time step dropped", "last time step dropped")
def first_step_forgotten(dy, cache):
    return rnn_backward(dy, cache, stop=1)


@pairs.mutant("truncated in time")
def last_two_steps(dy, cache):
    return rnn_backward(dy, cache, stop=2)


@pairs.mutant("last time step only")
def last_step_only(dy, cache):
    return rnn_backward(dy, cache, stop=3)


@pairs.mutant()
def h_of_this_step(dy, cache):
    return rnn_backward(dy, cache, previous=False)


@pairs.mutant("last time step only")
def last_dy_only(dy, cache):
    last = np.zeros_like(dy)
    last[:, -1] = dy[:, -1]
    return rnn_backward(last, cache)


@pairs.mutant("first time step only")
def first_dy_only(dy, cache):
    first = np.zeros_like(dy)
    first[:, 0] = dy[:, 0]
    return rnn_backward(first, cache)


@pairs.mutant("time reversed")
def dy_reversed(dy, cache):
    return rnn_backward(dy[:, ::-1], cache)


@pairs.mutant("shifted by one")
def dx_shifted(dy, cache):
    dx, *rest = rnn_backward(dy, cache)
    return np.roll(dx, 1, axis=1), *rest


@pairs.mutant("transposed")
def dU_transposed(dy, cache):
    dx, dW, dU, db = rnn_backward(dy, cache)
    return dx, dW, dU.T, db


@pairs.mutant("two gradients swapped")
def W_and_U_swapped(dy, cache):
    dx, dW, dU, db = rnn_backward(dy, cache)
    return dx, dU, dW, db


@pairs.mutant("batch average")
def rnn_b_averaged(dy, cache):
    dx, dW, dU, db = rnn_backward(dy, cache)
    return dx, dW, dU, db / len(dy)


@pairs.mutant("time average")
def W_averaged_over_time(dy, cache):
    dx, dW, dU, db = rnn_backward(dy, cache)
    return dx, dW / dy.shape[1], dU, db


@pairs.mutant("batch and time average")
def b_over_batch_and_time(dy, cache):
    dx, dW, dU, db = rnn_backward(dy, cache)
    return dx, dW, dU, db / dy.shape[0] / dy.shape[1]


@pairs.mutant("clipped")
def dy_clipped(dy, cache):
    return rnn_backward(np.clip(dy, -1, 1), cache)


@pairs.mutant("across time")
def U_not_transposed(dy, cache):
    x, y, W, U = cache
    dx, dW, dU, db = rnn_backward(dy, (x, y, W, U.T))
    return dx, dW, dU, db


@pairs.mutant()
def no_tanh_slope(dy, cache):
    return rnn_backward(dy, cache, slope=False)


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def lstm(x, W, U, b):
    """Gates i, f, c, o; y: the last h.        x: (N, T, D)   W: (D, 4U)   y: (N, U)"""
    h = c = np.zeros((len(x), len(U)))
    steps = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        before, c_before = h, c
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append((before, c_before, i, f, g, o, c))
    return h, (x, W, U, steps)


def lstm_backward(dh, cache, mistake=None):
    x, W, U, steps = cache
    dx, dW, dU, db, dc = np.zeros_like(x), 0, 0, 0, 0
    for t in reversed(range(x.shape[1])):
        h, c_before, i, f, g, o, c = steps[t]
        slope = 1 if mistake == "no tanh" else 1 - np.tanh(c) ** 2
        dc = (0 if mistake == "dc lost" else dc) + dh * o * slope
        df = dc * c if mistake == "c of now" else dc * c_before
        di, dg, do = dc * g, dc * i, dh * np.tanh(c)
        gates = [di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)]
        if mistake == "i,f swapped":
            gates = [gates[k] for k in (1, 0, 2, 3)]
        if mistake == "order":
            gates = [gates[k] for k in (0, 1, 3, 2)]
        if mistake == "gate slope":
            gates[1] = df
        if mistake == "candidate slope":
            gates[2] = dg * g * (1 - g)
        dz = np.concatenate(gates, axis=1)
        dx[:, t], dW, dU, db = dz @ W.T, dW + x[:, t].T @ dz, dU + h.T @ dz, db + dz.sum(0)
        dh = 0 * dh if mistake == "dh lost" else dz @ U.T
        dc = dc if mistake == "f forgotten" else dc * f
    return dx, dW, dU, db


def lstm_sizes(rng):
    normal = rng.standard_normal
    return normal((3, 3, 2)), normal((2, 16)), 0.5 * normal((4, 16)), normal(16)


gates = Pairs("lstm", lstm, lstm_sizes)
for mistake, causes in {
    "dc lost": ("across time",),
    "dh lost": ("across time",),
    "f forgotten": ("across time",),
    "c of now": (),
    "no tanh": (),
    "i,f swapped": (),
    "order": (),
    "gate slope": ("across time",),
    "candidate slope": (),
}.items():

    def wrong(dy, cache, mistake=mistake):
        return lstm_backward(dy, cache, mistake)

    wrong.__name__ = mistake.replace(" ", "_").replace(",", "_")
    gates.mutant(*causes)(wrong)


@gates.mutant("gates permuted")
def torch_order(dy, cache):
    dx, dW, dU, db = lstm_backward(dy, cache)
    return dx, *[
        np.concatenate([a[..., :8], a[..., 12:], a[..., 8:12]], -1) for a in (dW, dU, db)
    ]


@gates.mutant("one gate wrong")
def forget_gate_zero(dy, cache):
    dx, dW, dU, db = lstm_backward(dy, cache)
    dW[:, 4:8] = 0
    return dx, dW, dU, db


@gates.mutant("one gate wrong")
def output_gate_sign(dy, cache):
    dx, dW, dU, db = lstm_backward(dy, cache)
    db[12:] *= -1
    return dx, dW, dU, db


@gates.mutant("sign")
def lstm_negative(dy, cache):
    dx, *rest = lstm_backward(dy, cache)
    return -dx, *rest


@gates.mutant("last time step only")
def only_last_dx(dy, cache):
    dx, *rest = lstm_backward(dy, cache)
    dx[:, :-1] = 0
    return dx, *rest


@gates.mutant("wrong shape")
def b_as_row(dy, cache):
    dx, dW, dU, db = lstm_backward(dy, cache)
    return dx, dW, dU, db[None]


@gates.mutant("batch average")
def lstm_U_averaged(dy, cache):
    dx, dW, dU, db = lstm_backward(dy, cache)
    return dx, dW, dU / len(dy), db


def both_ways(x, W, V):
    """Two running sums with tanh, forwards and backwards in time, side by side."""
    a, b = np.tanh(x @ W), np.tanh(x @ V)
    y = np.concatenate([np.cumsum(a, axis=1), np.cumsum(b[:, ::-1], axis=1)[:, ::-1]], axis=-1)
    return y, (x, W, V, a, b)


def both_backward(dy, cache):
    x, W, V, a, b = cache
    da = np.cumsum(dy[:, ::-1, :2], axis=1)[:, ::-1] * (1 - a * a)
    db = np.cumsum(dy[..., 2:], axis=1) * (1 - b * b)
    turn = lambda d: np.einsum("ntd,ntm->dm", x, d)  # noqa: E731
    return da @ W.T + db @ V.T, turn(da), turn(db)


def two_weights(rng):
    normal = rng.standard_normal
    return normal((2, 4, 3)), normal((3, 2)), normal((3, 2))


ways = Pairs("bidirectional", both_ways, two_weights)


@ways.mutant("one branch only")
def one_direction(dy, cache):
    dx, dW, dV = both_backward(np.concatenate([dy[..., :2], 0 * dy[..., 2:]], -1), cache)
    return dx, dW, both_backward(dy, cache)[2]


@ways.mutant("halves swapped")
def directions_swapped(dy, cache):
    return both_backward(np.concatenate([dy[..., 2:], dy[..., :2]], -1), cache)


@ways.mutant("two gradients swapped")
def weights_swapped(dy, cache):
    dx, dW, dV = both_backward(dy, cache)
    return dx, dV, dW


CASES = [*pairs.cases, *gates.cases, *ways.cases]
