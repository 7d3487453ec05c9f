"""No right gradient is rejected: kinks, ties, masks, extreme values, odd memory layouts."""

import numpy as np
import pytest

from minidl.testing import gradcheck
from tests.testing.correct import CASES


def report_of(name, seed):
    target, x, *rest = CASES[name](np.random.default_rng(seed))
    return gradcheck(target, x, seed=seed, **(rest[0] if rest else {}))


@pytest.mark.parametrize("name", CASES)
def test_is_accepted(name):
    for seed in (0, 1):
        report = report_of(name, seed)
        assert report.passed, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_hundred_seeds(name):
    assert [seed for seed in range(200) if not report_of(name, seed).passed] == []


def test_the_bank_is_large():
    assert len(CASES) >= 60


def test_a_kink_is_listed_as_one():
    entry = report_of("relu_all_zero", 0)["x"]
    assert len(entry.kinks) == 12
    assert entry.passed
