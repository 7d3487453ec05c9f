"""The benchmarks' arithmetic, by hand. Nothing is timed here."""

import numpy as np
import pytest

from tests.benchmarks import report, runner, scaling, worker, workloads

RESULT = {
    "workload": "W1", "text": "", "batch": 1, "epoch": 2, "absent": {"jax": "not installed"},
    "peers": {
        "minidl": {
            "1": {"train": [(1.0, 2.0), (1.0, 2.0), (1.0, 4.0)], "memory": 10},
            "2": {"train": [(2.0, 3.0), (2.0, 3.0), (2.0, 3.0)], "memory": 20},
        },
        "torch": {
            "1": {"train": [(4.0, 5.0), (4.0, 6.0), (4.0, 4.0)], "memory": 40},
            "2": {"train": [(3.0, 9.0), (3.0, 9.0), (3.0, 9.0)], "memory": 30},
        },
    },
}  # fmt: skip


def test_ratio_is_that_of_the_rounds_at_each_sides_better_threads():
    found = report.ratios(RESULT)["train"]["torch"]
    assert found == {"ratio": 2.5, "low": 1.0, "high": 3.0, "of_min": 4.0, "threads": "1/1"}
    assert report.ratios(RESULT)["fit"] == {}  # nobody was timed on it
    assert report.memory(RESULT) == {"minidl": 1.0, "torch": 3.0}


def test_table():
    text = report.table([RESULT])
    assert "| torch | 2.50 (1.00–3.00) |" in text
    assert "| minidl itself | 2e+03 ms |" in text
    assert "| torch | 3.00 |" in text
    assert "- W1 jax: not installed" in text


def test_exponents_and_jumps():
    sizes = [10, 20, 40, 80]
    assert scaling.exponent(sizes, [5 * n**1.5 for n in sizes])[0] == pytest.approx(1.5)
    assert scaling.jumps(sizes, [n**2 for n in sizes]) == []
    assert scaling.jumps(sizes, [10, 20, 400, 800]) == [40]  # from there on ten times as much
    assert scaling.jumps(sizes, [10, 100, 40, 80]) == [20]


def test_agreement_is_relative_to_the_largest():
    assert runner.relative([1.0, -2.002], [1.0, -2.0]) == pytest.approx(1e-3)
    assert runner.relative([1.0], [1.0, 2.0]) == np.inf


def test_every_workload_builds_and_its_batches_are_apart():
    for workload in workloads.ALL:
        if workload.name in ("W1", "W2", "W5"):  # the small ones
            batches = workload.batches()
            assert len(batches) == workload.epoch
            assert all(len(x) == len(y) == workload.batch for x, y in batches)
            assert workload.model()(batches[0][0]).shape == batches[0][1].shape


def test_environment_names_the_threads_and_the_backend():
    assert worker.environment("minidl", 2)["OPENBLAS_NUM_THREADS"] == "2"
    assert worker.environment("keras-jax", 1)["KERAS_BACKEND"] == "jax"
