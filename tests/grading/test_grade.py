"""What a grade is made of: shape, value, contract, dtype, gates; and its sentences."""

import numpy as np
import pytest

from minidl.grading import compare
from minidl.grading.assignment import Assignment, Blank, Item, Mutant, Part
from minidl.grading.checking import Wrong, close, finite, require
from minidl.grading.exam import Bounds, Exam
from minidl.grading.folder import load_assignment
from minidl.grading.grade import grade, mark

DENSE = load_assignment("dense_rows")
EXAM = Exam(DENSE, seed=11)


def changed(old, new):
    assert DENSE.solution.count(old) == 1
    return DENSE.solution.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "item", "sentence"),
    [
        ("return y, (x1, W)", "return y", "dense.value", "should return y, cache"),
        ("return y, (x1, W)", "return y, x1, W", "dense.value", "returns 3 values"),
        ("return y, (x1, W)", "return None", "dense.value", "returns None"),
        ("return y, (x1, W)", "return None, (x1, W)", "dense.value", "y is None"),
        ("return y, (x1, W)", "return y.tolist(), (x1, W)", "dense.value", "y is a list"),
        ("y = x1 @ W.T", "y = x1 @ W", "dense.value", "line 22: ValueError: matmul"),
        ("y = x1 @ W.T", "y = x1 @ W.T / 0", "dense.value", "should be"),
        ("y = x1 @ W.T", "y = 2 * x1 @ W.T", "dense.value", "2 times what"),
        ("def dense(", "def dens(", "dense.value", "there is no function dense"),
        ("x1, W = cache", "x1, W = cache; dy += 1", "dense_backward.contract", "in place"),
        ("x1, W = cache", "x1, W = cache; x1 *= 1", "dense_backward.contract", "in place"),
        ("return dx, dW", "return dx, W", "dense_backward.contract", "shares memory"),
        (
            "return y, (x1, W)", "return y.astype('f4'), (x1, W)", "dense.contract",
            "float32 for float64",
        ),
        (
            "y = x1 @ W.T", "CHECKS.append(0); y = x1 @ W.T * len(CHECKS)", "dense.contract",
            "keep no state",
        ),
    ],
)  # fmt: skip
def test_the_first_line_says_what_is_wrong(old, new, item, sentence, sandbox):
    result = grade(changed(old, new), EXAM, sandbox)
    assert sentence in result[item].text.splitlines()[0]


def test_a_cache_may_share_memory(sandbox):
    assert "return y, (x1, W)" in DENSE.solution  # W of the cache is the argument itself
    assert grade(DENSE.solution, EXAM, sandbox)["dense.contract"].passed


def test_one_number_everywhere_wins_nothing(sandbox):
    """Zeros of the right shape keep every promise of the contract, and are no answer."""
    source = changed("y = x1 @ W.T", "y = np.zeros((len(x), len(W)))")
    result = grade(source, EXAM, sandbox)
    assert [m.score for m in result.marks if m.part.blank == "dense"] == [0] * 7
    assert "the same for all arguments" in result["dense.shape"].text


def test_hints_are_shown_where_something_was_tried(sandbox):
    wrong = grade(changed("[x, ones]", "[ones, x]"), EXAM, sandbox)
    assert wrong["dense.value"].text.splitlines()[1].startswith("try: the bias is the last")
    missing = grade("def dense(x, W):\n    return 1\n", EXAM, sandbox)
    assert "try" not in missing["dense_backward.shape"].text


def test_only_none_is_right():
    part = Part("f.value", 5)
    assert mark(part, None, True).passed
    for verdict in ("wrong", "", Wrong(""), False, 0):
        assert not mark(part, verdict, True).passed
        assert mark(part, verdict, True).text


def test_what_was_not_graded_is_lost(sandbox, monkeypatch):
    monkeypatch.setattr("minidl.grading.grade.Run.verdicts", lambda self: {})
    assert grade(DENSE.solution, EXAM, sandbox).score == 0


# ---- the words of a check ----


def test_close():
    close(np.array([1.0, 2.0]), [1.0, 2.0], "y")
    close(2.0, 2, "y")
    close(np.array([[np.inf, 1]]), [[np.inf, 1]], "y")
    for got, sentence in {
        (1.0, 2.5): r"y\[1\] is 2.5, it should be 2 \(1 of 2 entries differ\)",
        (-1.0, -2.0): "the sign is wrong",
        (0.5, 1.0): "0.5 times what it should be",
        (0.0, 0.0): "all zeros",
        (np.nan, 2.0): "NaN",
        (1.0 + 1e-6, 2.0): "last digits",
        (1.0,): r"shape \(1,\), it should have \(2,\)",
    }.items():
        with pytest.raises(Wrong, match=sentence):
            close(np.array(got), [1.0, 2.0], "y")
    for got in (None, [[1]], "x", {"a": 1}):
        with pytest.raises(Wrong):
            close(got, np.zeros(3), "y")
    with pytest.raises(Wrong, match="transposed"):
        close(np.array([[1.0, 2.0], [3.0, 4.0]]).T, [[1.0, 2.0], [3.0, 4.0]], "y")


def test_nan_is_never_right():
    with pytest.raises(Wrong):
        close(np.array([np.nan]), [np.nan], "y")


def test_finite_and_require():
    finite((1.0, [np.ones(2)]), "y")
    with pytest.raises(Wrong, match=r"y\[1\] holds inf"):
        finite((1.0, np.array([np.inf])), "y")
    with pytest.raises(Wrong, match="holds NaN"):
        finite(np.nan, "y")
    require(True, "no")
    with pytest.raises(Wrong, match="no"):
        require(False, "no")


def test_small_errors_beside_large_entries_are_rounding():
    want = np.array([1e6, 0.0])
    assert compare.value_fault(np.array([1e6, 1e-6]), want, "y", 1e-11) is None
    assert compare.value_fault(np.array([1e6, 1e-4]), want, "y", 1e-11)


@pytest.mark.parametrize(
    ("got", "want", "shape", "value"),
    [
        (np.ones((2, 1)), np.ones(2), "shape", None),
        (np.ones((1, 2)), np.ones((2, 1)), "shape", None),
        ((1, 2), [1, 2], None, None),
        ({"a": 1}, {"b": 1}, "keys", "keys"),
        ({"a": np.ones(2)}, {"a": np.zeros(2)}, None, "should be"),
        (None, None, None, None),
        (1.0, None, "not None", "should be None"),
        (np.array([1, 2]), np.array([1, 3]), None, "should be"),
        ([np.ones(2)] * 2, [np.ones(2)] * 3, "list of 3", "list of 3"),
    ],
)
def test_comparisons(got, want, shape, value):
    for fault, words in (
        (compare.shape_fault(got, want, "y"), shape),
        (compare.value_fault(got, want, "y", 1e-11), value),
    ):
        assert (fault is None) if words is None else words in fault


# ---- exams and assignments ----


def test_an_exam_repeats_by_its_seed_and_only_then():
    one, same, other = Exam(DENSE, 5), Exam(DENSE, 5), Exam(DENSE)
    first = one.cases["dense_backward"][0].args[0]
    assert np.array_equal(first, same.cases["dense_backward"][0].args[0])
    assert not np.array_equal(first, other.cases["dense_backward"][0].args[0])


def test_a_blank_is_graded_on_the_parts_that_its_reference_uses():
    uses = Exam(load_assignment("gru")).uses
    assert uses["gru_step"] == []
    assert uses["gru_step_backward"] == ["gru_step"]
    assert uses["gru"] == ["gru_step"]
    assert uses["gru_backward"] == ["gru_step_backward", "gru"]


def test_bounds():
    bounds = Bounds()
    bounds.widen([[np.zeros((100, 50)), 7], {"n": 9000}])
    assert bounds.allows([[np.zeros((100, 100)), 5], {}])
    assert not bounds.allows([[np.zeros((500, 1))], {}])
    assert not bounds.allows([[np.zeros((200, 200))], {}])
    assert not bounds.allows([[10**6], {}])
    assert not bounds.allows([[np.array([-(2**63)])], {}])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"stack": 11}, "add up to 101"),
        ({"blanks": [Blank("f", ("y",), {"speed": 90})]}, "points for .'speed'."),
        ({"items": [Item("g.x", 0, len)]}, "called BLANK.what"),
        ({"items": [Item("f.value", 0, len)]}, "two items are called"),
    ],
)
def test_an_assignment_that_is_none(changes, sentence):
    parts = {"blanks": [Blank("f", ("y",), {"value": 90})], "stack": 10} | changes
    with pytest.raises(ValueError, match=sentence):
        Assignment("a", "A", "01", 1, cases=dict, **parts)


def test_a_mutant_must_apply():
    with pytest.raises(ValueError, match="occurs 2 times, not 1"):
        Mutant("m", "a", "b", ()).apply("a a")
    assert Mutant("m", "a", "b", (), count=2).apply("a a") == "b b"
