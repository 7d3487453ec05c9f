"""Financial risk as a sequence task: monthly returns in, the class of the coming risk out."""

from typing import NamedTuple

import numpy as np

from minidl.datasets.stocks import load_stocks

RISKS = ("低", "中", "高")  # low, middle, high


class StockRisk(NamedTuple):
    X: np.ndarray  # (N, T) int64, the past months' returns as numbers 1 … bins
    y: np.ndarray  # (N,) int64, 0 low, 1 middle, 2 high: risk of the months after
    returns: np.ndarray  # (N, T) float64, the same months' returns, ln(p_t / p_{t−1})
    train: np.ndarray  # row numbers; every month of a training target is over before the first
    val: np.ndarray  # validation target begins, and likewise from validation to test
    test: np.ndarray
    tickers: np.ndarray  # (N,) str, whose returns they are
    months: np.ndarray  # (N, T + H) datetime64[M], the past and the coming months of a row

    def classes(self, values):
        """Low, middle or high for one number a row; a third of the training rows each."""
        return _in_bins(values, len(RISKS), self.train)


def load_stock_risk(past=24, ahead=6, bins=9):
    """Windows of ten American shares and indices, 1990 to 2022, as `StockRisk`.

    A row's target is the class of the volatility √(mean r²) over the `ahead` months after it.
    The first 60 % of the months are for training, the next 20 % for validation, the last for
    the test; the borders of bins and classes come from training rows alone. Rows of the same
    months, from several shares, are not independent.

    Raises    ValueError: past, ahead or bins is no positive integer, or too large for the data
    Source:   D1 §4.3 (financial risk); the prices: see `load_stocks`
    """
    _check(past=past, ahead=ahead, bins=bins)
    dates, prices = load_stocks()
    months, once = np.unique(dates.astype("datetime64[M]"), return_index=True)
    p = np.stack(list(prices.values()))[:, once]  # (shares, months); the last month is twice
    months, R = months[1:], np.diff(np.log(p), axis=1)  # a return is of the month it ends in
    windows = np.lib.stride_tricks.sliding_window_view(R, past + ahead, axis=1)
    share, start = np.nonzero(np.isfinite(windows).all(axis=2))  # not before it was listed
    returns, coming = np.split(windows[share, start], [past], axis=1)
    train, val, test = _parts(start + past, ahead, len(months))
    X = _in_bins(returns, bins, train) + 1
    y = _in_bins(np.sqrt((coming**2).mean(axis=1)), len(RISKS), train)
    tickers = np.array(list(prices))[share]
    return StockRisk(X, y, returns, train, val, test, tickers,
                     months[start[:, None] + np.arange(past + ahead)])  # fmt: skip


def _check(**numbers):
    """A sentence on a number that cannot be."""
    for name, value in numbers.items():
        most = 9 if name == "bins" else 60  # months; a fifth of all are 77
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (whole and 1 <= value <= most):
            raise ValueError(
                f"load_stock_risk: {name} must be an integer from 1 to {most}, got {value!r}"
            )


def _parts(first, ahead, months):
    """Rows for training, validation, test; the target's months begin with number `first`."""
    a, b = int(0.6 * months), int(0.8 * months)
    within = [first + ahead <= a, (first >= a) & (first + ahead <= b), first >= b]
    return [np.flatnonzero(rows) for rows in within]


def _in_bins(values, bins, train):
    """Numbers 0 … bins − 1; each holds as many of the training rows' values."""
    return np.digitize(values, np.quantile(values[train], np.arange(1, bins) / bins))
