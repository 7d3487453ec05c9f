"""mask_tokens and sentence_pairs: the shares, what is never touched, what is refused."""

import numpy as np
import pytest

from minidl.applications.masking import mask_tokens, sentence_pairs

SPECIAL, MASK = (0, 1, 2), 3


def masked(n=40_000, seed=0, **options):
    ids = np.random.default_rng(1).integers(0, 50, (n // 10, 10))
    rng = np.random.default_rng(seed)
    return ids, *mask_tokens(ids, 50, MASK, SPECIAL, rng, **options)


def test_the_shares():
    ids, shown, selected = masked()
    ordinary = ids > MASK
    # Of n draws a share has the standard deviation √(p (1 − p) / n); four of them are allowed.
    assert selected[ordinary].mean() == pytest.approx(
        0.15, abs=4 * (0.15 * 0.85 / ordinary.sum()) ** 0.5
    )
    of_selected, n = shown[selected], selected.sum()
    same = of_selected == ids[selected]
    # A random token is the right one 1 time in 46.
    for share, p in (
        ((of_selected == MASK).mean(), 0.8),
        (same.mean(), 0.1 + 0.1 / 46),
        ((~same & (of_selected != MASK)).mean(), 0.1 * 45 / 46),
    ):
        assert share == pytest.approx(p, abs=4 * (p * (1 - p) / n) ** 0.5)


def test_special_tokens_are_never_selected_nor_drawn_and_ids_stay():
    ids, shown, selected = masked()
    before = ids.copy()
    assert not selected[ids <= MASK].any()
    np.testing.assert_array_equal(shown[~selected], ids[~selected])
    drawn = shown[selected & (shown != MASK) & (shown != ids)]
    assert set(drawn.tolist()) == set(range(4, 50))
    np.testing.assert_array_equal(ids, before)
    assert shown.dtype == ids.dtype


def test_the_same_stream_gives_the_same_masks():
    np.testing.assert_array_equal(masked(1000)[1], masked(1000)[1])
    assert not np.array_equal(masked(1000, seed=1)[1], masked(1000)[1])


def test_all_and_nothing():
    ids, _, selected = masked(1000, rate=1.0)
    np.testing.assert_array_equal(selected, ids > MASK)
    ids, shown, selected = masked(1000, rate=0.0)
    assert not selected.any()
    np.testing.assert_array_equal(shown, ids)
    shown, selected = mask_tokens(np.zeros((0, 3), int), 5, 3, (), np.random.default_rng(0))
    assert shown.shape == selected.shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([[7]], 5, 3, ()), r"ids must lie in 0 … 4, got 7 to 7: check vocabulary_size"),
        (([[1]], 5, 5, ()), "mask_id must lie in 0 … 4, got 5"),
        (([[1]], 5, 3, (-1,)), "special_ids must lie in 0 … 4, got -1"),
        (([[1]], 2, 1, (0,)), "all 2 ids are special"),
    ],
)
def test_what_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        mask_tokens(*arguments, np.random.default_rng(0))


def test_a_rate_is_a_share_and_ids_are_integers():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="rate must lie between 0 and 1, got 15"):
        mask_tokens([[1]], 5, 3, (), rng, rate=15)
    with pytest.raises(TypeError, match="ids must be integers, got float64"):
        mask_tokens([[1.0]], 5, 3, (), rng)


def test_pairs_are_kept_or_crossed_half_of_the_time():
    pairs = [(("a", i), ("b", i)) for i in range(2000)]
    found = sentence_pairs(pairs, np.random.default_rng(0))
    assert [a for a, _, _ in found] == [a for a, _ in pairs]
    for (_, i), (_, j), label in found:
        assert label == (i != j)
    share = np.mean([label for *_, label in found])
    assert share == pytest.approx(0.5, abs=4 * (0.25 / 2000) ** 0.5)


def test_two_pairs_are_the_least():
    for seed in range(5):
        found = sentence_pairs([(0, "x"), (1, "y")], np.random.default_rng(seed))
        assert all((b == "xy"[a]) == (label == 0) for a, b, label in found)
    with pytest.raises(ValueError, match="needs two pairs or more, got 1"):
        sentence_pairs([(0, 1)], np.random.default_rng(0))
