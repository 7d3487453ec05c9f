"""The steps of an LSTM: the loop over time, and the cell that computes one step.

For a batch of N rows and U units, from the weighted sums z of the four gates,

    i, o, f = σ(zᵢ), σ(z_o), σ(z_f)     how much to let in, to show, to keep
    g       = φ(z_g)                    what to let in
    c_t     = i g + f c_{t−1}           h_t = o φ(c_t)

In here the batch is the last axis. The input of a step has a column [x_t; h_{t−1}; 1] for each
row of the batch, (K, N); `hidden` is the place of h in it. M is W, U and b stacked under each
other, (K, 4U), so z = Mᵀ [x_t; h_{t−1}; 1] is one product, and each gate one block of memory.
Of a step is kept (6, U, N): i, o, f, g, φ(c_t), c_{t−1}. In this order the three σ lie side by
side, and so does what they multiply: i with g, o with φ(c_t), f with c_{t−1}.
(M, as Keras and PyTorch store it, has its columns in the order i, f, g, o.)
"""

import numpy as np

from minidl.blas import times
from minidl.layers.activations import Sigmoid, Tanh

TOGETHER = 16  # steps whose dx is one product, as is their share of dM: not all dz are kept


def stack_inputs(xs, U, use_bias, keep, drop):
    """[x_t; h_{t−1}; 1] for every step, h still to come: (T, D, N) -> (T + 1, K, N)."""
    T, D, N = xs.shape
    inputs = np.empty((T + 1, D + U + use_bias, N), xs.dtype)
    inputs[:, D + U :] = 1
    inputs[:T, :D] = xs
    if keep is not None:
        np.copyto(inputs[:T, :D], 0, where=~keep)  # padding may hold anything, even NaN
    if drop is not None:
        inputs[:T, :D] *= drop.T
    return inputs


def places(count, c, every_step):
    """Where the steps work, a (6, U, N) each, with c₀ in the first.

    Prediction keeps no step: all use one place in turn, which stays in the cache. That took a
    fifth off 200 steps of 128 units, and 38 MB."""
    steps = np.empty((count if every_step else 1, 6, *c.shape), c.dtype)
    steps[0, 5] = c
    return steps


def run(cell, inputs, steps, M, hidden, skips):
    """Fill in `steps`, and h in `inputs`, from t = 1 to T; returns the cell's caches.

    skips[t] (1, N) is True for the rows that pass the step over; None: no row does."""
    M_T_times, caches = times(by_gate(M, cell.sigmoid_scale).T, inputs.shape[2]), []
    views, cs, hs = forward_views(steps), list(steps[:, 5]), inputs[:, hidden]
    if len(steps) == 1:
        views, cs = views * len(inputs), cs * len(inputs)
    for column, view, c, c_next, h, skip in zip(inputs, views, cs, cs[1:], hs[1:], skips):
        c_before = None if skip is None else c.copy()
        M_T_times(column, view[0])  # (4U, K) @ (K, N) -> (4U, N)
        caches.append(cell.forward(view, c, c_next, h))
        if skip is not None:
            np.copyto(h, column[hidden], where=skip)
            np.copyto(c_next, c_before, where=skip)
    return caches


def run_back(cell, back, inputs, kept, M, hidden, skips):
    """dx (T, N, D), dM (K, 4U), and what reaches h₀ and c₀ (U, N), from t = T to 1.

    back: dhs (T, U, N), or None, comes from the outputs; dh and dc (U, N) from behind the last.
    kept: the steps, and what `run` returned."""
    (dhs, dh, dc), (steps, caches) = back, kept
    T, (U, N), D, M = len(skips), dc.shape, hidden.start, by_gate(M)
    W_T, M_h_times = M[:D].T.copy(), times(M[hidden], N)
    dM_T = np.zeros((4 * U, len(M)), M.dtype)
    dx = np.empty((N, T, D), M.dtype).transpose(1, 0, 2)
    work = np.empty((min(T, TOGETHER), 5, U, N), M.dtype)
    dzs, parts = backward_parts(work)
    for t, view in zip(reversed(range(T)), backward_views(steps[:T])):
        if dhs is not None:
            dh += dhs[t]
        passed = None if skips[t] is None else (dh.copy(), dc.copy())
        dz = dzs[t % TOGETHER]
        cell.backward(dh, dc, view, caches[t], parts[t % TOGETHER])
        if passed:
            np.copyto(dz, 0, where=skips[t])
        M_h_times(dz, dh)  # (U, 4U) @ (4U, N) -> (U, N)
        if passed:
            np.copyto(dh, passed[0], where=skips[t])
            np.copyto(dc, passed[1], where=skips[t])
        if t % 8 == 0:
            end_fading(dh, dc)
        if t % TOGETHER == 0:
            some = slice(t, min(t + TOGETHER, T))
            dx[some], dM_some = products(dzs[: some.stop - t], inputs[some], W_T)
            dM_T += dM_some
    return dx, from_gates(dM_T), dh, dc


def products(dzs, inputs, W_T):
    """dx of some steps, (steps, N, D), and their Σ dz [x_t; h_{t−1}; 1]ᵀ, (4U, K)."""
    steps, K, N = inputs.shape
    dz = dzs.transpose(1, 0, 2).reshape(len(W_T), steps * N)
    columns = inputs.transpose(1, 0, 2).reshape(K, steps * N)
    dx = dz.T @ W_T  # (steps N, 4U) @ (4U, D) -> (steps N, D)
    return dx.reshape(steps, N, W_T.shape[1]), dz @ columns.T


def by_gate(M, sigmoid_scale=1.0):
    """M with its columns in the order i, o, f, g instead of i, f, g, o, the three σ scaled."""
    gates = M.reshape(len(M), 4, -1)[:, [0, 3, 1, 2]]
    gates[:, :3] *= sigmoid_scale
    return gates.reshape(M.shape)


def from_gates(dM_T):
    """(4U, K), rows in the order i, o, f, g -> dM (K, 4U), columns i, f, g, o."""
    gates = dM_T.reshape(4, -1, dM_T.shape[1])[[0, 2, 3, 1]]
    return np.ascontiguousarray(gates.reshape(dM_T.shape).T)


def forward_views(steps):
    """What forward fills in of each step: all z (4U, N), the three σ; i, o, f, g, φ(c_t)."""
    count, _, U, N = steps.shape
    z = steps.reshape(count, 6 * U, N)[:, : 4 * U]
    return list(zip(z, steps[:, :3], *steps[:, :5].swapaxes(0, 1)))


def backward_views(steps):
    """What backward needs of each step, the last one first: all; σ; what they multiply; i and
    o; g and φ(c_t), what is squared in tanh'; f."""
    back = steps[::-1]
    return zip(back, back[:, :3], back[:, 3:], back[:, :2], back[:, 3:5], back[:, 2])


def backward_parts(work):
    """Where backward works, (steps, 5, U, N): dz of i, o, f, g, and what dh adds to dc.

    Of each step dz (4U, N); and what goes through σ, through φ, dzᵢ, dz_o, dz_f, dz_g, dc's."""
    steps, _, U, N = work.shape
    dzs = work.reshape(steps, 5 * U, N)[:, : 4 * U]
    return dzs, list(zip(work[:, :3], work[:, 3:], *work.swapaxes(0, 1)))


def end_fading(*gradients):
    """What has faded below 1e-31 (float32) becomes 0, in place.

    Subnormal numbers would follow: they made a backward of 200 steps 20 times as slow."""
    limits = np.finfo(gradients[0].dtype)
    large = limits.tiny / limits.eps**2  # next to it, numbers below large · eps vanish
    for gradient in gradients:
        gradient += large
        gradient -= large


class FastCell:
    """σ and tanh, the usual choice: σ(z) = ½ + ½ tanh(z / 2), so one tanh serves four gates.

    The ½ inside is folded into the weights, every result goes into an array that is there
    already (the last argument: a name, out=, would be 6 % of a prediction), and gates that lie
    side by side share a call. A training step is twice as fast as with PlainCell (32 units,
    batch of 32)."""

    sigmoid_scale = 0.5  # forward wants the z of the three σ halved

    def __init__(self, shape, dtype):
        self.half = np.array(0.5, dtype)  # an array, or each call would have to make one of ½
        self.products = np.empty((3, *shape), dtype)
        self.ig, self.through_tanh = self.products[0], self.products[:2]

    def forward(self, view, c, c_next, h):
        """From z and c_{t−1}: what is kept, c_t and h_t. No caches."""
        z, sigmoids, i, o, f, g, tanh_c = view
        np.tanh(z, z)
        np.multiply(sigmoids, self.half, sigmoids)
        np.add(sigmoids, self.half, sigmoids)
        np.multiply(i, g, self.ig)
        np.multiply(f, c, c_next)
        np.add(c_next, self.ig, c_next)
        np.tanh(c_next, tanh_c)
        np.multiply(o, tanh_c, h)

    def backward(self, dh, dc, view, caches, slopes):
        """Fills in dz; dc becomes that of the step before. With a = σ b, b σ' = a − a σ; with
        a = σ tanh, σ tanh' = σ − a tanh."""
        _, sigmoids, factors, i_o, g_tanh_c, f = view
        by_sigma, by_tanh, dzi, dzo, dzf, dzg, dc_here = slopes
        products = self.products
        np.multiply(sigmoids, factors, products)  # i g, o tanh c_t, f c_{t−1}
        np.multiply(products, sigmoids, by_sigma)
        np.subtract(products, by_sigma, by_sigma)
        np.multiply(self.through_tanh, g_tanh_c, by_tanh)
        np.subtract(i_o, by_tanh, by_tanh)  # i tanh', o tanh'
        np.multiply(dc_here, dh, dc_here)
        np.add(dc, dc_here, dc)
        np.multiply(dzo, dh, dzo)
        np.multiply(dzi, dc, dzi)
        np.multiply(dzf, dc, dzf)
        np.multiply(dzg, dc, dzg)
        np.multiply(dc, f, dc)


class PlainCell:
    """Any two activations, which see (N, U) as everywhere: the equations, gate after gate."""

    sigmoid_scale = 1.0

    def __init__(self, activation, recurrent_activation):
        self.phi, self.sigma = activation, recurrent_activation

    def forward(self, view, c, c_next, h):
        kept = [part.T for part in view[2:]]
        zi, zo, zf, zg = (z.copy() for z in kept[:4])  # an activation may keep what it is given
        i, i_cache = self.sigma.forward(zi)
        o, o_cache = self.sigma.forward(zo)
        f, f_cache = self.sigma.forward(zf)
        g, g_cache = self.phi.forward(zg)
        c = i * g + f * c.T
        phi_c, c_cache = self.phi.forward(c)
        for place, value in zip(kept, (i, o, f, g, phi_c)):
            place[...] = value
        c_next.T[...], h.T[...] = c, o * phi_c
        return i_cache, o_cache, f_cache, g_cache, c_cache

    def backward(self, dh, dc, view, caches, slopes):
        i, o, f, g, phi_c, c_before = view[0].swapaxes(1, 2)
        i_cache, o_cache, f_cache, g_cache, c_cache = caches
        dh, dc, dzi, dzo, dzf, dzg = (part.T for part in (dh, dc, *slopes[2:6]))
        dc += self.phi.backward(dh * o, c_cache)[0]
        dzi[...] = self.sigma.backward(dc * g, i_cache)[0]
        dzo[...] = self.sigma.backward(dh * phi_c, o_cache)[0]
        dzf[...] = self.sigma.backward(dc * c_before, f_cache)[0]
        dzg[...] = self.phi.backward(dc * i, g_cache)[0]
        dc *= f


def cell_for(activation, recurrent_activation, shape, dtype):
    """The fast cell where it applies; shape is (U, N). A cell serves one call."""
    if type(activation) is Tanh and type(recurrent_activation) is Sigmoid:
        return FastCell(shape, dtype)
    return PlainCell(activation, recurrent_activation)
