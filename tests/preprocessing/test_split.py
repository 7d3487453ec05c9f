"""train_test_split against scikit-learn's, frozen in fixtures/preprocessing.npz."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import minidl.random
from minidl.preprocessing import train_test_split

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "preprocessing.npz")
CASES = json.loads(FROZEN["split"].tobytes())


def test_the_fixture_has_splits_and_refusals():
    refused = [case["train"] is None for case in CASES]
    assert len(CASES) == 252
    assert 60 < sum(refused) < 126


@pytest.mark.parametrize("case", CASES)
def test_rows_are_those_of_scikit_learn(case):
    rows = list(range(case["n"]))
    arguments = {**case["arguments"], "stratify": case["stratify"]}
    if case["train"] is None:
        with pytest.raises(ValueError, match="train_test_split: "):
            train_test_split(rows, **arguments)
    else:
        assert train_test_split(rows, **arguments) == [case["train"], case["test"]]


@given(st.integers(4, 60), st.floats(0.05, 0.9), st.integers(0, 2**32 - 1))
def test_every_row_lands_once(n, test_size, seed):
    assume(np.ceil(n * test_size) < n)
    X = np.arange(n * 2).reshape(n, 2)
    train, test, names, _ = train_test_split(
        X, [str(i) for i in range(n)], test_size=test_size, random_state=seed
    )
    assert sorted([*train[:, 0], *test[:, 0]]) == list(range(0, 2 * n, 2))
    assert [int(name) * 2 for name in names] == train[:, 0].tolist()


def test_stratify_keeps_the_shares():
    y = np.array([0] * 90 + [1] * 10)
    _, test = train_test_split(y, test_size=0.2, random_state=0, stratify=y)
    assert np.bincount(test).tolist() == [18, 2]


def test_containers_keep_their_kind():
    class Table:  # what pandas offers
        shape = (8, 1)

        def __init__(self, rows):
            self.rows = rows
            self.iloc = self

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, rows):
            return Table([self.rows[row] for row in rows])

    parts = train_test_split(
        [*"abcdefgh"], (*range(8),), np.ones((8, 2), "f4"), Table([*range(8)])
    )
    assert [type(part).__name__ for part in parts[::2]] == ["list", "list", "ndarray", "Table"]
    assert [len(part) for part in parts] == [6, 2] * 4
    assert parts[4].dtype == np.float32


def test_without_shuffle_the_test_rows_are_the_last():
    train, test = train_test_split(list("abcde"), test_size=0.3, shuffle=False)
    assert (train, test) == (["a", "b", "c"], ["d", "e"])


def test_result_is_a_copy():
    x = np.zeros(6)
    train, _ = train_test_split(x, shuffle=False)
    train[...] = 1
    assert not x.any()


def test_set_seed_fixes_a_split_without_random_state():
    splits = []
    for _ in range(2):
        minidl.random.set_seed(3)
        splits.append(train_test_split(list(range(50))))
    minidl.random.set_seed(None)
    assert splits[0] == splits[1]
    assert train_test_split(list(range(50))) != splits[0]  # chance of equality: 1 / 50!


def test_a_random_state_goes_on():
    state = np.random.RandomState(5)
    first, second = (train_test_split(list(range(30)), random_state=state) for _ in range(2))
    assert first == train_test_split(list(range(30)), random_state=5)
    assert second != first


@pytest.mark.parametrize(
    ("arrays", "arguments", "error"),
    [
        ([], {}, "pass at least one array"),
        ([[1, 2], [1]], {}, r"same length, got \[2, 1\]"),
        ([[1, 2]], {"stratify": [1]}, r"got \[2, 1\], the last being stratify"),
        ([[1]], {}, "no row of 1 is left for training"),
        ([[]], {}, "no row of 0 is left for training"),
        ([[1, 2, 3]], {"test_size": 0}, "test_size must be a float between 0 and 1"),
        ([[1, 2, 3]], {"test_size": 1.0}, "test_size must be a float"),
        ([[1, 2, 3]], {"test_size": 3}, "from 1 to 2, got 3"),
        ([[1, 2, 3]], {"train_size": True}, "train_size must be"),
        ([[1, 2, 3]], {"test_size": "a"}, "test_size must be"),
        ([[1, 2, 3]], {"test_size": 0.6, "train_size": 0.6}, "at most 1, got 1.2"),
        ([[1, 2, 3]], {"test_size": 2, "train_size": 2}, "2 training and 2 test rows are more"),
        ([[1, 2, 3]], {"random_state": -1}, "random_state must be an integer"),
        ([[1, 2, 3]], {"random_state": 1.5}, "random_state must be an integer"),
        ([[1, 2, 3, 4]], {"stratify": [0, 0, 0, 1]}, "class 1 of stratify has only 1 member"),
        ([[1, 2, 3, 4]], {"stratify": [0, 0, 1, 1]}, "1 test rows cannot hold 2 classes"),
        ([[1, 2, 3, 4]], {"stratify": [0, 0, 1, 1], "shuffle": False}, "needs shuffle=True"),
        ([[1, 2]], {"stratify": [0.0, np.nan]}, "missing label"),
        ([[1, 2]], {"stratify": ["a", None]}, "missing label"),
        ([[1, 2]], {"stratify": np.ones((2, 1, 1))}, r"shape \(N,\) or \(N, K\)"),
    ],
)
def test_errors(arrays, arguments, error):
    with pytest.raises(ValueError, match=f"train_test_split: .*{error}"):
        train_test_split(*arrays, **arguments)


@pytest.mark.parametrize("array", [3, np.float64(3), np.array(3), "abcd", {1: 2}])
def test_what_cannot_be_split(array):
    with pytest.raises(TypeError, match="argument 0 must be a list or an array"):
        train_test_split(array)
