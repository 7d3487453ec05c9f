"""Dataset: a table of numbers, what its columns are called, and what is to be predicted."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a loader returns; `data` and `target` are scikit-learn's names for X and y.

    X               (N, D) float32
    y               (N,) int64 class numbers, or float32 values
    feature_names   D names, with units where the source gives them
    target_names    the name of class 0, 1, …; of a regression, the one target's
    description     what it is, units, caveats
    categories      {column: its labels}, where X holds the codes of categories
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: list
    target_names: list
    description: str
    categories: dict = field(default_factory=dict)

    @property
    def data(self):
        return self.X

    @property
    def target(self):
        return self.y

    def __iter__(self):
        """`X, y = load_iris()` unpacks."""
        return iter((self.X, self.y))

    def column(self, name):
        """One column of X by its name, (N,); text where X holds the codes of categories."""
        if name not in self.feature_names:
            raise ValueError(
                f"Dataset: there is no column {name!r}: see feature_names "
                f"({', '.join(self.feature_names[:3])} …)"
            )
        values = self.X[:, self.feature_names.index(name)]
        if name not in self.categories:
            return values
        return np.array(self.categories[name])[values.astype(int)]

    def __repr__(self):
        N, D = self.X.shape
        return f"Dataset({N} rows, {D} features, target {', '.join(self.target_names)})"
