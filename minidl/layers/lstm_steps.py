"""The steps of an LSTM: the loop over time, and the cell that computes one step.

For a batch of N rows and U units, from the weighted sums z of the four gates,

    i, f, o = σ(zᵢ), σ(z_f), σ(z_o)     how much to let in, to keep, to show
    g       = φ(z_g)                    what to let in
    c_t     = f c_{t−1} + i g           h_t = o φ(c_t)

The input of a step is a row [x_t, h_{t−1}, 1], and M is W, U and b stacked under each other,
(K, 4U), so z is one matrix product; `hidden` is the place of h in the row.
Of a step is kept (6, N, U): i, f, o, g, c_{t−1}, φ(c_t). In this order the three σ lie side by
side, and so does what they multiply: i with g, f with c_{t−1}, o with φ(c_t). (M, as Keras and
PyTorch store it, has g before o.)
"""

import numpy as np

from minidl.layers.activations import Sigmoid, Tanh

TOGETHER = 16  # steps whose share of dM is one product: dz need not be kept for all T


def stack_inputs(xs, U, use_bias, keep, drop):
    """Rows [x_t, h_{t−1}, 1] for every step, h still to come: (T, N, D) -> (T + 1, N, K)."""
    T, N, D = xs.shape
    inputs = np.empty((T + 1, N, D + U + use_bias), xs.dtype)
    inputs[:, :, D + U :] = 1
    inputs[:T, :, :D] = xs
    if keep is not None:
        inputs[:T, :, :D][~keep[:, :, 0]] = 0  # padding may hold anything, even NaN
    if drop is not None:
        inputs[:T, :, :D] *= drop
    return inputs


def places(count, c, every_step):
    """Where the steps work, a (6, N, U) each, with c₀ in the first.

    Prediction keeps no step: all use one array in turn, which stays in the cache. That took a
    fifth off 200 steps of 128 units, and 38 MB."""
    steps = np.empty((count if every_step else 1, 6, *c.shape), c.dtype)
    steps[0, 4] = c
    return list(steps) if every_step else [steps[0]] * count


def run(cell, inputs, steps, M, hidden, skips):
    """Fill in `steps`, and h in `inputs`, from t = 1 to T; returns the cell's caches.

    skips[t] (N, 1) is True for the rows that pass the step over; None: no row does."""
    h, caches = inputs[:, :, hidden], []  # h[t], steps[t][4]: what step t starts from
    M = by_gate(M, cell.sigmoid_scale)
    for t, skip in enumerate(skips):
        kept, c_next = steps[t], steps[t + 1][4]
        c = None if skip is None else kept[4].copy()
        np.matmul(inputs[t], M, out=kept[:4])  # (N, K) @ (4, K, U) -> (4, N, U)
        caches.append(cell.forward(kept, c_next, h[t + 1]))
        if skip is not None:
            np.copyto(h[t + 1], h[t], where=skip)
            np.copyto(c_next, c, where=skip)
    return caches


def run_back(cell, back, inputs, kept, M, hidden, skips):
    """dinputs (T, N, K), dM (K, 4U), and what reaches h₀ and c₀, from t = T to 1.

    back: dhs (T, N, U), or None, comes from the outputs; dh and dc (N, U) from behind the last.
    kept: the steps, and what `run` returned."""
    (dhs, dh, dc), (steps, caches) = back, kept
    T, (N, U), M_T = len(skips), dc.shape, np.ascontiguousarray(M.T)
    dinputs, dM = np.empty((T, N, len(M)), M.dtype), np.zeros_like(M)
    dz = np.empty((TOGETHER, N, 4 * U), M.dtype)
    dz_by_gate = dz.reshape(TOGETHER, N, 4, U).swapaxes(1, 2)  # the same: (…, 4, N, U)
    for t in reversed(range(T)):
        place = t % TOGETHER
        dh = dh if dhs is None else dh + dhs[t]
        passed = None if skips[t] is None else (dh, dc.copy())
        cell.backward(dh, dc, steps[t], caches[t], dz_by_gate[place])
        if passed:
            np.copyto(dz[place], 0, where=skips[t])
        np.matmul(dz[place], M_T, out=dinputs[t])  # (N, 4U) @ (4U, K) -> (N, K)
        dh = dinputs[t, :, hidden]
        if passed:
            np.copyto(dh, passed[0], where=skips[t])
            np.copyto(dc, passed[1], where=skips[t])
        if t % 8 == 0:
            end_fading(dh, dc)
        if place == 0:  # Σ over steps and rows: (K, steps N) @ (steps N, 4U)
            rows = inputs[t : min(t + TOGETHER, T)].reshape(-1, len(M))
            dM += rows.T @ dz.reshape(-1, 4 * U)[: len(rows)]
    return dinputs, dM, dh.copy(), dc


def by_gate(M, sigmoid_scale):
    """(K, 4U), columns i, f, g, o -> (4, K, U), gates i, f, o, g, the three σ scaled."""
    gates = M.reshape(len(M), 4, -1).transpose(1, 0, 2)[[0, 1, 3, 2]]
    gates[:3] *= sigmoid_scale
    return gates


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

    The ½ inside is folded into the weights, and every result goes into an array that is there
    already. A training step is 1.5 times as fast as with PlainCell (32 units, batch of 32)."""

    sigmoid_scale = 0.5  # forward wants the z of the three σ halved

    def __init__(self, shape, dtype):
        self.two, self.three = np.empty((2, *shape), dtype), np.empty((3, *shape), dtype)

    def forward(self, kept, c, h):
        """From z in kept[:4] and c_{t−1} in kept[4]: all of `kept`, c_t and h_t. No caches."""
        sigmoids, (ig, fc) = kept[:3], self.two
        np.tanh(kept[:4], out=kept[:4])
        sigmoids *= 0.5
        sigmoids += 0.5
        np.multiply(kept[:2], kept[3:5], out=self.two)
        np.add(ig, fc, out=c)
        np.tanh(c, out=kept[5])
        np.multiply(kept[2], kept[5], out=h)

    def backward(self, dh, dc, kept, caches, dz):
        """Fills dz (4, N, U), in W's order i, f, g, o; dc becomes that of the step before."""
        i, f, o, g, _, tanh_c = kept
        work, slopes, sigmoids = self.two[0], self.three, kept[:3]
        np.multiply(o, tanh_c, out=work)
        work *= tanh_c
        np.subtract(o, work, out=work)  # o tanh' = o − o tanh²
        work *= dh
        dc += work
        np.multiply(sigmoids, sigmoids, out=slopes)
        np.subtract(sigmoids, slopes, out=slopes)  # σ' = σ − σ²
        slopes *= kept[3:]  # times what each σ multiplies
        np.multiply(slopes[:2], dc, out=dz[:2])
        np.multiply(slopes[2], dh, out=dz[3])
        np.multiply(i, g, out=work)
        work *= g
        np.subtract(i, work, out=work)  # i tanh' = i − i g²
        np.multiply(work, dc, out=dz[2])
        dc *= f


class PlainCell:
    """Any two activations: the equations, gate after gate."""

    sigmoid_scale = 1.0

    def __init__(self, activation, recurrent_activation):
        self.phi, self.sigma = activation, recurrent_activation

    def forward(self, kept, c, h):
        zi, zf, zo, zg = kept[:4].copy()  # an activation may keep what it is given
        i, i_cache = self.sigma.forward(zi)
        f, f_cache = self.sigma.forward(zf)
        o, o_cache = self.sigma.forward(zo)
        g, g_cache = self.phi.forward(zg)
        c[...] = f * kept[4] + i * g
        phi_c, c_cache = self.phi.forward(c)
        h[...] = o * phi_c
        for slot, value in zip((0, 1, 2, 3, 5), (i, f, o, g, phi_c)):
            kept[slot] = value
        return i_cache, f_cache, o_cache, g_cache, c_cache

    def backward(self, dh, dc, kept, caches, dz):
        i, f, o, g, c_before, phi_c = kept
        i_cache, f_cache, o_cache, g_cache, c_cache = caches
        dc += self.phi.backward(dh * o, c_cache)[0]
        dz[0] = self.sigma.backward(dc * g, i_cache)[0]
        dz[1] = self.sigma.backward(dc * c_before, f_cache)[0]
        dz[2] = self.phi.backward(dc * i, g_cache)[0]
        dz[3] = self.sigma.backward(dh * phi_c, o_cache)[0]
        dc *= f


def cell_for(activation, recurrent_activation, shape, dtype):
    """The fast cell where it applies; shape is (N, U). A cell serves one call."""
    if type(activation) is Tanh and type(recurrent_activation) is Sigmoid:
        return FastCell(shape, dtype)
    return PlainCell(activation, recurrent_activation)
