"""Rules of layout: the right numbers in the wrong places, or only some of them."""

from itertools import combinations, permutations

import numpy as np

from minidl.testing.rules_upstream import moved


def transposed(e):
    """Square matrices hide a transpose: the shape happens to fit."""
    for a, b in combinations(range(len(e.shape)), 2):
        if e.shape[a] == e.shape[b] > 1:
            hint = "looks transposed: its shape happens to fit because the two sizes are equal"
            if len(e.shape) == 2 and not e.is_input:
                hint = (
                    "looks like dyᵀ @ x, the transpose; its shape happens to fit because D = M"
                )
            yield "transposed", hint, np.swapaxes(e.want, a + 1, b + 1)


def reshaped(e):
    """reshape does not move axes."""
    for order in permutations(range(len(e.shape))):
        if len(e.shape) in (2, 3) and order != tuple(range(len(e.shape))):
            turned = e.want.transpose(0, *[i + 1 for i in order])
            if turned.shape == e.want.shape:
                continue  # then it is transposed, see above
            hint = "is reshaped where axes must be swapped: use transpose, reshape scrambles"
            yield "reshaped, not transposed", hint, turned.reshape(e.want.shape)


def flipped(e):
    for axis, size in enumerate(e.shape):
        if size > 1:
            name, hint = flipped_name(e, axis)
            yield name, hint, np.flip(e.want, axis=axis + 1)


def flipped_name(e, axis):
    if e.is_input and e.sample.T and axis == 1:
        return "time reversed", "is in reversed time order"
    if not e.is_input and len(e.shape) == 3 and axis == 0:
        return (
            "kernel flipped",
            "has the kernel's taps in reversed order (convolution against correlation)",
        )
    return "axis reversed", f"is in reversed order along axis {axis}"


def shifted(e):
    for axis, size in enumerate(e.shape):
        if size > 1:
            for by in (1, -1):
                hint = f"is shifted by one along axis {axis}: off by one"
                yield "shifted by one", hint, moved(e.want, axis + 1, by)
                yield "shifted by one", hint, np.roll(e.want, by, axis=axis + 1)


def swapped(e):
    """Two gradients under each other's name."""
    for name, other in e.sample.compared.items():
        both = other.wrong.any()  # where the other is right, nothing was exchanged
        if name != e.name and both and other.shape == e.shape and other.is_full:
            hint = "holds another tensor's gradient: two are under each other's name"
            yield "two gradients swapped", hint, np.nan_to_num(other.dense(other.want))


def blocks(e):
    """The last axis holds 2, 3 or 4 blocks (gates i, f, c, o; q, k, v) in another order."""
    for count in (2, 3, 4):
        if not e.shape or e.shape[-1] % count or e.shape[-1] == 0:
            continue
        parts = np.split(e.want, count, axis=-1)
        for order in permutations(range(count)):
            if order == tuple(range(count)):
                continue
            name = "gates permuted" if not e.is_input else "channels swapped"
            hint = f"has the {count} blocks of its last axis in the order {list(order)}"
            yield name, hint, np.concatenate([parts[i] for i in order], axis=-1)


def partial(e):
    """Right in one part, zero in the rest: along an axis, the first or last few."""
    for axis, size in enumerate(e.shape):
        if size < 2 or (axis == 0 and e.is_input and len(e.shape) == 1):
            continue
        for k in range(1, size):
            for end in ("first", "last"):
                kept = np.zeros_like(e.want)
                place = [slice(None)] * kept.ndim
                place[axis + 1] = slice(0, k) if end == "first" else slice(size - k, size)
                kept[tuple(place)] = e.want[tuple(place)]
                name, hint = partial_name(e, axis, size, k, end)
                yield name, hint, kept


def partial_name(e, axis, size, k, end):
    """How to call `only the first (last) k of size along an axis are not zero`."""
    other = "last" if end == "first" else "first"
    if e.is_input and axis == 1 and len(e.shape) == 3:
        if size - k == 1 < k:
            return (
                f"{other} time step dropped",
                f"is zero at the {other} time step: off by one?",
            )
        if k == 1:
            return (
                f"{end} time step only",
                f"is zero but at the {end} time step: go through all",
            )
        return "truncated in time", f"is zero but at the {end} {k} time steps: go through all"
    if e.is_input and axis == 0:
        return f"{end} rows only", f"is zero but in the {end} {k} rows of the batch"
    if size - k == 1 < k:
        return (
            f"{other} entry dropped",
            f"is zero at the {other} place of axis {axis}: off by one?",
        )
    return f"{end} part only", f"is zero but in the {end} {k} of {size} along axis {axis}"


def middle(e):
    """One place of an axis is zero: a gate, a kernel tap, a row forgotten."""
    for axis, size in enumerate(e.shape):
        for i in range(1, size - 1):
            kept = e.want.copy()
            place = [slice(None)] * kept.ndim
            place[axis + 1] = i
            kept[tuple(place)] = 0
            yield "one entry dropped", f"is zero at place {i} of axis {axis} only", kept


def gate(e):
    """One of four blocks of the last axis is zero, or has a factor of its own."""
    if not e.shape or e.shape[-1] % 4 or e.is_input:
        return
    U = e.shape[-1] // 4
    for block, gate_name in enumerate(("i", "f", "c", "o")):
        here = slice(block * U, (block + 1) * U)
        for factor, what in (
            (0, "zero"),
            (-1, "of the wrong sign"),
            (2, "doubled"),
            (0.5, "halved"),
        ):
            changed = e.want.copy()
            changed[..., here] *= factor
            hint = f"is {what} in block {block} of 4 only (gate {gate_name} of i, f, c, o)"
            yield "one gate wrong", hint, changed


RULES = (transposed, flipped, shifted, swapped, blocks, partial, middle, gate, reshaped)
