"""jax: one jitted function for the whole step, weights and moments donated."""

from itertools import cycle

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.peers import functional
from tests.benchmarks.workloads import EPSILON, RATE


def over_time(cell, state, xW):
    def step(state, xW):
        return cell(state, xW), None

    return jax.lax.scan(step, state, xW.swapaxes(0, 1))[0][0]


def norm(x, gamma, beta):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * gamma + beta


def bert(xp, w, x, rnn=None):
    h = norm(w["0.W"][x] + w["1.W"], w["2.gamma"], w["2.beta"])
    for at in sorted({name.split(".")[0] for name in w if "attention" in name}):
        p = {name.removeprefix(f"{at}."): a for name, a in w.items() if name.startswith(at)}
        q, k, v = (jnp.einsum("ntd,dhk->nthk", h, p[f"attention.W{i}"]) + p[f"attention.b{i}"]
                   for i in "qkv")  # fmt: skip
        a = jax.nn.dot_product_attention(q, k, v)
        a = jnp.einsum("nthk,hkd->ntd", a, p["attention.Wo"]) + p["attention.bo"]
        h = norm(h + a, p["norm1.gamma"], p["norm1.beta"])
        f = jax.nn.gelu(h @ p["ffn1.W"] + p["ffn1.b"], approximate=False)
        h = norm(h + f @ p["ffn2.W"] + p["ffn2.b"], p["norm2.gamma"], p["norm2.beta"])
    last = max(int(name.split(".")[0]) for name in w)
    return h.mean(1) @ w[f"{last}.W"] + w[f"{last}.b"]


def adam(w, g, m, v, t):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    rate = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate * m / (jnp.sqrt(v) + EPSILON), m, v


def make(workload, weights, batches, variant=None):
    forward = {**functional.MODELS, "W6": bert}[workload.name]

    def loss(w, x, y):
        z = forward(jnp, w, x, over_time)
        return functional.loss(jnp, workload.loss, z, y)

    def step(w, m, v, t, x, y):
        value, g = jax.value_and_grad(loss)(w, x, y)
        if workload.optimizer == "sgd":
            return value, {n: w[n] - 1e-2 * g[n] for n in w}, m, v, t
        new = {n: adam(w[n], g[n], m[n], v[n], t + 1) for n in w}
        return value, *({n: a[i] for n, a in new.items()} for i in range(3)), t + 1

    jitted = jax.jit(step, donate_argnums=(0, 1, 2))
    outputs = jax.jit(
        lambda w, x: functional.head(jnp, workload.loss, forward(jnp, w, x, over_time))
    )
    w = {n: jnp.array(a) for n, a in weights.items()}
    state = [w, *({n: jnp.zeros_like(a) for n, a in w.items()} for _ in "mv"), 0.0]
    batches = [(jnp.array(x), jnp.array(y)) for x, y in batches]
    turns, x = cycle(batches), batches[0][0]
    many_x, many_y = workload.arrays(whole_epoch=True)

    def train(x, y):
        value, *state[:] = jitted(*state, x, y)
        return float(value)

    def fit():
        order = np.random.permutation(len(many_x))
        for rows in order.reshape(-1, workload.batch):
            train(many_x[rows], many_y[rows])

    return {
        "train": lambda: train(*next(turns)),
        "predict": lambda: np.asarray(outputs(state[0], x)),
        "fit": fit,
    }
