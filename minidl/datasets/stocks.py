"""Share prices from the sample data that matplotlib brings along."""

import csv
from typing import NamedTuple

import numpy as np

from minidl.datasets.installed import find_installed


class Prices(NamedTuple):
    dates: np.ndarray  # (N,) datetime64[D], ascending
    open: np.ndarray  # (N,) float64, US dollars a share
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray  # (N,) int64, shares traded
    adjusted_close: np.ndarray  # close, corrected for splits and dividends


def load_google_stock():
    """Google's 1,047 trading days from 2004-08-19 to 2008-10-14, as `Prices`."""
    with np.load(_sample_data("goog.npz"), allow_pickle=False) as file:
        days = file["price_data"]
    columns = ("date", "open", "high", "low", "close", "volume", "adj_close")
    return Prices(*(days[name].copy() for name in columns))


def load_stocks(ticker=None):
    """(dates, prices): month by month from 1990-01 to 2022-06, adjusted close in US dollars.

    ticker   "IBM", "AAPL", …, an index "^GSPC" or "^IXIC": prices (N,) from its first
             listed month on;  None: prices {ticker: (N,)}, NaN before a share was listed
    """
    dates, prices = _read_stocks()
    if ticker is None:
        return dates, prices
    if ticker not in prices:
        raise ValueError(
            f"load_stocks: ticker must be one of {', '.join(prices)}, got {ticker!r}"
        )
    listed = np.isfinite(prices[ticker])
    return dates[listed], prices[ticker][listed]


def _read_stocks():
    with open(_sample_data("Stocks.csv"), encoding="utf-8") as file:
        header, *rows = csv.reader(line for line in file if not line.startswith("#"))
    rows = [row for row in rows if any(row[1:])]  # days of a dividend hold no price
    dates = np.array([row[0] for row in rows], dtype="datetime64[D]")
    values = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])
    return dates, dict(zip(header[1:], values.T))


def _sample_data(name):
    folder = find_installed(
        [("matplotlib", f"mpl-data/sample_data/{name}")],
        "the share prices",
        "pip install --force-reinstall matplotlib (some systems leave its sample data out)",
    )
    return folder / name
