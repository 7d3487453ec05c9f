"""Outputs: y as one flat vector, whether it is an array, a number or several arrays."""

import numpy as np


class Outputs:
    """The form of y, learnt from one forward; `flat` and `shaped` are each other's inverse."""

    def __init__(self, y, where):
        self.several = isinstance(y, tuple | list)
        arrays = [np.asarray(part) for part in (y if self.several else (y,))]
        self.shapes = [a.shape for a in arrays]
        self.sizes = [a.size for a in arrays]
        self.size = sum(self.sizes)
        self.is_scalar = not self.several and not isinstance(y, np.ndarray)
        for a in arrays:
            if a.dtype.kind != "f":
                raise TypeError(
                    f"{where}: forward must return floats, got {a.dtype}: what comes out as "
                    f"{a.dtype} has no gradient"
                )
            if not np.isfinite(a).all():
                raise ValueError(
                    f"{where}: forward gives NaN or infinity at this x: no gradient there"
                )
            if a.dtype.itemsize < 8:
                raise TypeError(
                    f"{where}: forward returns {a.dtype} for float64 x and parameters: keep "
                    "the dtype of x inside forward, a gradient check needs float64"
                )

    def flat(self, y):
        """A copy of y as one float64 vector."""
        if not self.several:
            return np.array(y, dtype=np.float64).reshape(-1)
        return np.concatenate([np.asarray(part, np.float64).reshape(-1) for part in y])

    def shaped(self, flat):
        """A vector in the form of y; a fresh copy."""
        if not self.several:
            return np.array(flat, dtype=np.float64).reshape(self.shapes[0])
        parts = np.split(flat, np.cumsum(self.sizes)[:-1])
        return tuple(p.reshape(s).copy() for p, s in zip(parts, self.shapes))
