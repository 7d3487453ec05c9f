"""Every wrong backward in the bank is rejected, and no wrong cause is named."""

from functools import cache

import numpy as np
import pytest

from tests.testing.mutants import CASES

SEEDS = range(20)
BY_ID = {case.id: case for case in CASES}


@cache
def verdict(case_id, seed):
    """(rejected, named rightly, the causes that are not right)."""
    case = BY_ID[case_id]
    report = case.check(np.random.default_rng(1000 + seed), seed)
    right = set(case.causes)
    wrong = [cause.names for cause in report.causes if not right & set(cause.names)]
    return not report.passed, any(right & set(c.names) for c in report.causes), wrong


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_is_rejected_and_no_wrong_cause_is_named(case):
    rejected, _, wrong = verdict(case.id, 0)
    assert rejected
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_seeds(seed):
    verdicts = {case.id: verdict(case.id, seed) for case in CASES}
    assert [name for name, (rejected, _, _) in verdicts.items() if not rejected] == []
    assert {name: wrong for name, (_, _, wrong) in verdicts.items() if wrong} == {}
    assert np.mean([named for _, named, _ in verdicts.values()]) >= 0.8


def test_the_bank_is_large_and_its_names_are_unique():
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)
    assert len({cause for case in CASES for cause in case.causes}) >= 25


def test_four_in_five_are_named():
    assert np.mean([verdict(case.id, 0)[1] for case in CASES]) >= 0.8
