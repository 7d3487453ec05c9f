"""load_stock_risk: classes by hand, and nothing of the future in the past."""

import numpy as np
import pytest

from minidl.datasets.risk import load_stock_risk
from minidl.datasets.stocks import load_stocks


@pytest.fixture(scope="module")
def risk():
    return load_stock_risk()


def test_shapes_and_classes(risk):
    N = len(risk.y)
    assert risk.X.shape == risk.returns.shape == (N, 24)
    assert risk.months.shape == (N, 30)
    assert sorted(set(risk.X.ravel())) == list(range(1, 10))
    assert np.isfinite(risk.returns).all()
    assert (np.diff(risk.months, axis=1) == np.timedelta64(1, "M")).all()
    assert set(risk.tickers) == set(load_stocks()[1])


def test_the_parts_have_their_sizes_and_share_no_row(risk):
    rows = np.concatenate(risk[3:6])
    assert len(set(rows)) == len(rows)
    # 389 months, cut at 233 and 311; a target takes 6, the past 24. IBM was listed all along.
    sizes = [(risk.tickers[part] == "IBM").sum() for part in risk[3:6]]
    assert sizes == [233 - 24 - 6 + 1, 311 - 233 - 6 + 1, 389 - 311 - 6 + 1]
    counts = np.bincount(risk.y[risk.train])  # a third each
    assert counts.max() - counts.min() <= 1


def test_a_target_is_over_before_the_next_part_begins(risk):
    for earlier, later in ((risk.train, risk.val), (risk.val, risk.test)):
        assert risk.months[earlier, -1].max() < risk.months[later, 24].min()


def test_a_row_by_hand(risk):
    dates, p = load_stocks("IBM")
    row = np.flatnonzero(risk.tickers == "IBM")[0]  # 1990-01 is the first price
    assert risk.months[row, 0] == np.datetime64("1990-02")
    r = [np.log(p[t] / p[t - 1]) for t in range(1, 31)]
    np.testing.assert_allclose(risk.returns[row], r[:24], rtol=1e-12)
    assert dates[1].astype("datetime64[M]") == risk.months[row, 0]


def test_the_class_is_that_of_the_months_that_follow(risk):
    _, p = load_stocks("IBM")
    r = np.diff(np.log(p))
    rows = np.flatnonzero(risk.tickers == "IBM")
    volatility = np.array([np.sqrt(np.mean(r[n + 24 : n + 30] ** 2)) for n in range(len(rows))])
    order = np.argsort(volatility)
    assert (np.diff(risk.y[rows][order]) >= 0).all()  # more volatile, never a lower class
    assert set(risk.y[rows]) == {0, 1, 2}


def test_borders_do_not_depend_on_the_future(risk):
    """A ninth of the training values in each bin, and not of the later ones."""
    counts = np.bincount(risk.X[risk.train].ravel())[1:]
    # A month is in up to 24 windows; at a border all of them go to one side, at two borders.
    assert counts.max() - counts.min() <= 4 * 24
    later = np.bincount(risk.X[risk.test].ravel())[1:]
    assert later.max() - later.min() > 100


def test_other_lengths():
    risk = load_stock_risk(past=12, ahead=3, bins=4)
    assert risk.X.shape[1] == 12
    assert risk.X.max() == 4
    assert risk.months[risk.train, -1].max() < risk.months[risk.val, 12].min()


@pytest.mark.parametrize("wrong", [{"past": 0}, {"ahead": 61}, {"bins": 2.5}, {"past": True}])
def test_numbers_that_cannot_be(wrong):
    with pytest.raises(ValueError, match=f"load_stock_risk: {next(iter(wrong))} must be"):
        load_stock_risk(**wrong)


@pytest.mark.parametrize(
    "extreme", [{"past": 1, "ahead": 1, "bins": 1}, {"past": 60, "ahead": 60}]
)
def test_every_part_has_rows_at_the_extremes(extreme):
    risk = load_stock_risk(**extreme)
    assert all(len(part) for part in risk[3:6])


def test_classes_of_any_number(risk):
    level = np.abs(risk.returns).mean(axis=1)
    guess = risk.classes(level)
    assert set(guess) == {0, 1, 2}
    assert level[guess == 0].max() < level[guess == 1].min()
    counts = np.bincount(guess[risk.train])
    assert counts.max() - counts.min() <= 1
