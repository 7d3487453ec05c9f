"""A GRU by hand: one step, a whole sequence, and both of them back.

Write the four functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in gru.md.
"""

import numpy as np

ASSIGNMENT = "gru"


def sigmoid(a):
    """σ(a) = 1 / (1 + e^−a), given: the form with tanh does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def gru_step(x, h, W, U, b):
    """One step: the new state from the input and the old state.

    z = σ(x Wz + h Uz + bz)    r = σ(x Wr + h Ur + br)    n = tanh(x Wn + (r h) Un + bn)
    h_new = z h + (1 − z) n

    x: (N, D)   h: (N, H)   W: (D, 3H)   U: (H, 3H)   b: (3H,), columns in the order z, r, n

    Returns h_new, cache with cache = (x, h, z, r, n, W, U).
    """
    ### BEGIN SOLUTION
    H = h.shape[1]
    a = x @ W + b  # (N, D) @ (D, 3H) -> (N, 3H)
    gates = sigmoid(a[:, : 2 * H] + h @ U[:, : 2 * H])
    z, r = gates[:, :H], gates[:, H:]
    n = np.tanh(a[:, 2 * H :] + (r * h) @ U[:, 2 * H :])
    h_new = z * h + (1 - z) * n
    return h_new, (x, h, z, r, n, W, U)
    ### END SOLUTION


def gru_step_backward(dh_new, cache):
    """The gradients of one step for an upstream gradient dh_new: (N, H).

    cache: (x, h, z, r, n, W, U) as gru_step returns it

    Returns dx, dh, dW, dU, db with the shapes of x, h, W, U, b.
    """
    ### BEGIN SOLUTION
    x, h, z, r, n, W, U = cache
    H = h.shape[1]
    Un = U[:, 2 * H :]
    dan = dh_new * (1 - z) * (1 - n * n)  # through tanh
    drh = dan @ Un.T  # (N, H) @ (H, H): the gradient of r h
    daz = dh_new * (h - n) * z * (1 - z)  # through σ
    dar = drh * h * r * (1 - r)
    da = np.concatenate([daz, dar, dan], axis=1)  # (N, 3H)
    dx = da @ W.T  # (N, 3H) @ (3H, D) -> (N, D)
    dW = x.T @ da  # (D, N) @ (N, 3H) -> (D, 3H)
    db = da.sum(axis=0)
    dU = np.concatenate([h.T @ da[:, : 2 * H], (r * h).T @ dan], axis=1)
    dh = dh_new * z + drh * r + da[:, : 2 * H] @ U[:, : 2 * H].T  # the three ways from h
    return dx, dh, dW, dU, db
    ### END SOLUTION


def gru(x, h0, W, U, b):
    """The states of a whole sequence, from the first state h0.

    x: (N, T, D)   h0: (N, H)   y: (N, T, H), y[:, t] is the state after step t

    Returns y, cache with cache = the list of the T steps' caches.
    """
    ### BEGIN SOLUTION
    N, T, _ = x.shape
    y, h, cache = np.empty((N, T, h0.shape[1])), h0, []
    for t in range(T):
        h, step = gru_step(x[:, t], h, W, U, b)
        y[:, t] = h
        cache.append(step)
    return y, cache
    ### END SOLUTION


def gru_backward(dy, cache):
    """The gradients of a sequence for an upstream gradient dy: (N, T, H) of all its states.

    cache: the list of the T steps' caches, T ≥ 1

    Returns dx, dh0, dW, dU, db.
    """
    ### BEGIN SOLUTION
    (x0, h0, _, _, _, W, U), T = cache[0], len(cache)
    dx, dh = np.empty((len(x0), T, x0.shape[1])), np.zeros_like(h0)
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros(W.shape[1])
    for t in reversed(range(T)):
        back = gru_step_backward(dy[:, t] + dh, cache[t])  # from above, and from step t + 1
        dx[:, t], dh = back[0], back[1]
        dW, dU, db = dW + back[2], dU + back[3], db + back[4]
    return dx, dh, dW, dU, db
    ### END SOLUTION


class GRU:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    def __init__(self, D, H, rng):
        self.params = {
            "W": rng.standard_normal((D, 3 * H)) / np.sqrt(D),
            "U": rng.standard_normal((H, 3 * H)) / np.sqrt(H),
            "b": 0.1 * rng.standard_normal(3 * H),
        }

    def forward(self, x):
        h0 = np.zeros((len(x), self.params["U"].shape[0]), x.dtype)
        return gru(x, h0, self.params["W"], self.params["U"], self.params["b"])

    def backward(self, dy, cache):
        dx, _, dW, dU, db = gru_backward(dy, cache)
        return dx, {"W": dW, "U": dU, "b": db}


rng = np.random.default_rng(0)
CHECKS = [(GRU(3, 2, rng), rng.standard_normal((2, 4, 3)))]
