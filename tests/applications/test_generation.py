"""Generation: the cache against reading all again, and what sampling leaves out."""

import numpy as np
import pytest

from minidl.applications.generation import KeyValueCache, sample
from minidl.applications.gpt import GPT
from minidl.initializers import RandomNormal

IDS = np.random.default_rng(0).integers(0, 20, (2, 12))


def model():
    start = RandomNormal(stddev=0.5)
    made = GPT(20, 16, 2, 4, max_length=12, seed=0, dtype="float64", initializer=start)
    made.build((3,))
    return made


@pytest.mark.parametrize("cuts", [[1] * 12, [12], [5, 1, 6]])
def test_cached_logits_are_those_of_reading_all_at_once(cuts):
    gpt = model()
    cache, parts, at = KeyValueCache(gpt, 2), [], 0
    for n in cuts:
        parts.append(cache.read(IDS[:, at : at + n]))
        at += n
    np.testing.assert_allclose(np.concatenate(parts, axis=1), gpt(IDS), rtol=0, atol=1e-13)


@pytest.mark.parametrize("start", [1, 3, 12])
def test_greedy_generation_beyond_max_length(start):
    gpt, ids = model(), IDS[:, :start]
    want = ids
    for _ in range(16):
        best = gpt(want[:, -12:])[:, -1].argmax(axis=1)
        want = np.concatenate([want, best[:, None]], axis=1)
    np.testing.assert_array_equal(gpt.generate(ids, 16, temperature=0), want)


def test_one_text_several_texts_and_none_to_add():
    gpt = model()
    one = gpt.generate([1, 2], 3, seed=0)
    assert one.shape == (5,)
    np.testing.assert_array_equal(one, gpt.generate([1, 2], 3, rng=np.random.default_rng(0)))
    assert gpt.generate(IDS[:, :2], 3, seed=0).shape == (2, 5)
    np.testing.assert_array_equal(gpt.generate([1, 2], 0), [1, 2])
    many = gpt.generate(np.tile([[1, 2]], (30, 1)), 4, seed=0)
    assert len(np.unique(many, axis=0)) > 20


def test_an_unbuilt_model_is_built():
    assert GPT(5, 4, 1, 1, max_length=4, seed=0).generate([1], 6, seed=0).shape == (7,)


@pytest.mark.parametrize(("ids", "length"), [([], 3), ([[]], 3), ([1], -1), (3, 1)])
def test_it_starts_from_a_token(ids, length):
    with pytest.raises(ValueError, match="start from one token at least"):
        model().generate(np.array(ids, int), length)


# ---- sampling ----

P = np.array([0.1, 0.4, 0.05, 0.25, 0.2])


def shares(n=20_000, **options):
    """How often each of the five tokens is drawn."""
    logits = np.broadcast_to(np.log(P) + 7, (n, 5))
    drawn = sample(logits, rng=np.random.default_rng(0), **options)
    return np.bincount(drawn, minlength=5) / n


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, P),
        ({"temperature": 2.0}, P**0.5),
        ({"temperature": 0.5}, P**2),
        ({"top_k": 2}, P * [0, 1, 0, 1, 0]),
        ({"top_k": 99}, P),
        ({"top_p": 0.6}, P * [0, 1, 0, 1, 0]),  # 0.4 + 0.25 are enough, 0.4 alone is not
        ({"top_p": 0.3}, P * [0, 1, 0, 0, 0]),
        ({"top_p": 1.0}, P),
        ({"top_k": 3, "top_p": 0.8}, P * [0, 1, 0, 1, 1]),  # of the three: 0.65 / 0.85 < 0.8
        ({"top_k": 3, "top_p": 0.7}, P * [0, 1, 0, 1, 0]),
    ],
)
def test_shares_by_hand(options, weights):
    want = weights / weights.sum()
    # four standard deviations of a share
    np.testing.assert_array_less(
        np.abs(shares(**options) - want), 4 * np.sqrt(want * (1 - want) / 20_000) + 1e-12
    )


@pytest.mark.parametrize("temperature", [0, 1e-9, 1e-310])
def test_a_low_temperature_takes_the_likeliest(temperature):
    np.testing.assert_array_equal(shares(100, temperature=temperature), [0, 1, 0, 0, 0])


def test_equal_logits_keep_exactly_k():
    drawn = sample(np.zeros((1000, 6)), top_k=2, rng=np.random.default_rng(0))
    assert set(drawn.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": -1}, "temperature must be at least 0, got -1"),
        ({"temperature": float("nan")}, "temperature must be at least 0, got nan"),
        ({"top_k": 0}, "top_k must be 1 or more, got 0"),
        ({"top_p": 0.0}, r"top_p must lie in \(0, 1\], got 0.0"),
        ({"top_p": 1.5}, r"top_p must lie in \(0, 1\], got 1.5"),
    ],
)
def test_what_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        sample(np.zeros((1, 3)), **options)
