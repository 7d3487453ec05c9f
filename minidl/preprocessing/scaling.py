"""StandardScaler: every feature to mean 0 and standard deviation 1."""

import numpy as np


class StandardScaler:
    """Subtracts each feature's mean and divides by its standard deviation.

    Forward   z = (x − μ) / σ        x: (N, D)   μ, σ: (D,), of the rows given to `fit`
    Back      x = z σ + μ
    σ² = (1/N) Σ (x − μ)², the population variance; a constant feature has scale_ 1.

    Fit it on the training set alone: statistics that have seen the test set leak it.

    Raises    ValueError: used before fit, another number of features, NaN or infinity
    Source:   D2 §3.2 (there one mean and one deviation over the whole array)
    """

    def fit(self, X, y=None):
        X = self._check(X)
        if not len(X):
            raise ValueError("StandardScaler: X has no rows: fit needs at least one")
        X = X.astype("float64")
        # Moments about the first row: exact for a constant feature, and no digits are lost
        # where the mean is large against the deviation.
        shifted = X - X[0]
        self.mean_ = X[0] + shifted.mean(axis=0)  # (N, D) -> (D,)
        self.var_ = shifted.var(axis=0)
        self.scale_ = np.where(self.var_ > 0, np.sqrt(self.var_), 1.0)
        self.n_features_in_, self.n_samples_seen_ = X.shape[1], len(X)
        return self

    def transform(self, X):
        X = self._check(X, fitted=True)
        return ((X - self.mean_) / self.scale_).astype(X.dtype)  # (N, D) - (D,) -> (N, D)

    def inverse_transform(self, X):
        X = self._check(X, fitted=True)
        return (X * self.scale_ + self.mean_).astype(X.dtype)

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X)

    def _check(self, X, fitted=False):
        """X as a float array, or a sentence on what is wrong with it."""
        X = np.asarray(X)
        if X.dtype.kind not in "fiub":
            raise TypeError(f"StandardScaler: X must be numbers, got dtype {X.dtype}")
        if X.ndim != 2:
            raise ValueError(
                f"StandardScaler: X must have shape (N, D), got {X.shape}: use "
                "X.reshape(-1, 1) for one feature, X.reshape(len(X), -1) for images"
            )
        if fitted and not hasattr(self, "scale_"):
            raise ValueError(
                "StandardScaler: not fitted: call fit(X_train) on the training set first"
            )
        if fitted and X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"StandardScaler: X must have {self.n_features_in_} features as in fit, got "
                f"{X.shape[1]}"
            )
        if not np.isfinite(X).all():
            raise ValueError(
                "StandardScaler: X contains NaN or infinity: drop or fill those rows first"
            )
        return X if X.dtype.kind == "f" else X.astype("float64")
