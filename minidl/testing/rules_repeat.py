"""Rules of addition: what several outputs contribute must be added, not overwritten."""

import numpy as np


def overwritten(e):
    """`dx[…] = …` in a loop where `+=` is due: the last contribution (or the first) remains."""
    by_place = e.made.jacobian.reshape(
        e.made.jacobian.shape[0], -1, e.sample.y_shape[-1] if e.sample.y_shape else 1
    )
    touched = (np.abs(by_place) > 1e-12).any(
        axis=2
    )  # (P, places): which outputs an entry moves
    if e.is_elementwise or by_place.shape[1] < 2 or not touched.any():
        return
    touched = joined(e, touched)
    hint = "holds the {} contribution only: overwritten (=) where it must be added (+=)"
    if e.sample.x is not None and e.sample.x.dtype.kind in "iu":
        hint = (
            "counts a repeated id once (its {} place): dW[ids] += … loses them, use np.add.at"
        )
    name = "overwritten instead of added"
    places = touched.shape[1]
    last = places - 1 - np.argmax(touched[:, ::-1], axis=1)
    yield name, hint.format("last"), keep(e, by_place, last)
    yield name, hint.format("first"), keep(e, by_place, np.argmax(touched, axis=1))
    count = touched.sum(axis=1).reshape(e.shape)
    if count.min() == count.max():
        return  # then it is averaged over the batch, or over time
    hint = "is averaged over the places that contribute: they are added"
    yield "averaged over repeats", hint, e.want / np.maximum(count, 1)


def joined(e, touched):
    """An assignment goes by whole rows: the entries of one row share their places."""
    if len(e.shape) < 2:
        return touched
    rows = touched.reshape(-1, e.shape[-1], touched.shape[1]).any(axis=1, keepdims=True)
    return np.broadcast_to(rows, (len(rows), e.shape[-1], touched.shape[1])).reshape(
        touched.shape
    )


def keep(e, by_place, chosen):
    """The gradient with one contributing place for each entry."""
    dy = e.sample.dys.reshape(len(e.sample.dys), by_place.shape[1], -1)  # (K, places, M)
    picked = by_place[np.arange(len(by_place)), chosen]  # (P, M)
    return np.einsum("pm,kpm->kp", picked, dy[:, chosen]).reshape(e.want.shape)


def own_step(e):
    """What y_t takes from x_s at other steps (or from other rows) is left out."""
    if len(e.shape) != 3 or len(e.sample.y_shape) != 3 or e.shape[:2] != e.sample.y_shape[:2]:
        return
    N, T, D = e.shape
    J = e.made.jacobian.reshape(N, T, D, *e.sample.y_shape)
    dy = e.sample.dy
    hint = "counts for each x_t its own y_t only: later outputs depend on it too, carry dh back"
    yield "not carried through time", hint, np.einsum("ntdntm,kntm->kntd", J, dy)


def own_row(e):
    """Each row's own outputs only, in a layer that mixes the rows."""
    if not e.is_input or e.shape[:1] != e.sample.y_shape[:1] or len(e.shape) < 2:
        return
    N = e.shape[0]
    J = e.made.jacobian.reshape(N, -1, N, int(np.prod(e.sample.y_shape[1:])))
    dy = e.sample.dys.reshape(len(e.sample.dys), N, -1)
    hint = "treats rows as independent, but each row's output depends on the others"
    yield "rows not mixed", hint, np.einsum("npnm,knm->knp", J, dy).reshape(e.want.shape)


def ids(e):
    """A table's gradient without the row of id 0, or with each id's row shifted by one."""
    x = e.sample.x
    if e.is_input or x is None or x.dtype.kind not in "iu" or len(e.shape) != 2:
        return
    for row, what in ((0, "0 (padding)"), (len(e.want[0]) - 1, "of the last id")):
        without = e.want.copy()
        without[:, row] = 0
        yield "row left out", f"has no gradient in row {what}", without
    counts = np.bincount(x.reshape(-1), minlength=e.shape[0])[: e.shape[0], None]
    hint = "is divided by how often each id occurs: occurrences are added"
    yield "averaged over repeats", hint, e.want / np.maximum(counts, 1)
    yield "multiplied by repeats", "is multiplied by how often each id occurs", e.want * counts


RULES = (own_step, own_row, overwritten, ids)
