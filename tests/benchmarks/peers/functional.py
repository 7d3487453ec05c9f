"""The models as functions of weights and x, for peers that differentiate functions.

`xp` is the peer's NumPy; `rnn(cell, steps)` its way to run a cell over time. All give logits.
"""


def dense(xp, w, x, rnn=None):
    arrays = list(w.values())
    for W, b in zip(arrays[:-2:2], arrays[1:-2:2]):
        x = xp.maximum(x @ W + b, 0)
    return x @ arrays[-2] + arrays[-1]


def text_cnn(xp, w, x, rnn=None):
    h, W = w["0.W"][x], w["1.W"]  # (N, T, D)
    steps = h.shape[1] - len(W) + 1
    z = sum(h[:, k : k + steps] @ W[k] for k in range(len(W))) + w["1.b"]
    return xp.max(xp.maximum(z, 0), axis=1) @ w["3.W"] + w["3.b"]


def lstm(xp, w, x, rnn=None):
    xW = w["0.W"][x] @ w["1.W"] + w["1.b"]  # (N, T, 4U)
    U = w["1.U"].shape[0]

    def sigma(z):
        return 0.5 + 0.5 * xp.tanh(0.5 * z)

    def cell(state, xW):
        h, c = state
        z = xW + h @ w["1.U"]
        i, f, g, o = (z[:, k * U : (k + 1) * U] for k in range(4))
        c = sigma(f) * c + sigma(i) * xp.tanh(g)
        return sigma(o) * xp.tanh(c), c

    zeros = xp.zeros((len(x), U), "float32")
    return rnn(cell, (zeros, zeros), xW) @ w["2.W"] + w["2.b"]


def recommender(xp, w, x, rnn=None):
    return xp.sum(w["user.W"][x[:, 0]] * w["item.W"][x[:, 1]], axis=1, keepdims=True)


MODELS = {"W1": dense, "W2": dense, "W2L": dense, "W3": text_cnn, "W4": lstm, "W4L": lstm,
          "W5": recommender}  # fmt: skip


def loss(xp, kind, z, y):
    """The mean loss of logits (of numbers for "mse")."""
    if kind == "mse":
        return xp.mean((z - y) ** 2)
    if kind == "binary_crossentropy":
        return xp.mean(xp.maximum(z, 0) - z * y + xp.log1p(xp.exp(-xp.abs(z))))
    z = z - xp.max(z, axis=1, keepdims=True)
    log_q = z - xp.log(xp.sum(xp.exp(z), axis=1, keepdims=True))
    return -xp.mean(log_q[xp.arange(len(y)), y])


def head(xp, kind, z):
    if kind == "mse":
        return z
    if kind == "binary_crossentropy":
        return 1 / (1 + xp.exp(-z))
    e = xp.exp(z - xp.max(z, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)
