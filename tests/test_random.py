"""Seeds and generators."""

import numpy as np
import pytest

import minidl
from minidl.random import new_generator


@pytest.fixture(autouse=True)
def _forget_the_seed():
    yield
    minidl.set_seed(None)


def bits(rng):
    return rng.integers(2**62, size=4).tolist()


def test_an_integer_gives_numpys_generator():
    assert bits(new_generator(5)) == bits(np.random.default_rng(5))
    assert bits(new_generator(np.int64(5))) == bits(np.random.default_rng(5))
    assert bits(new_generator(0)) == bits(np.random.default_rng(0))


def test_a_generator_is_passed_on():
    rng = np.random.default_rng(1)
    assert new_generator(rng) is rng


def test_set_seed_repeats_every_later_generator():
    minidl.set_seed(7)
    first = [bits(new_generator()) for _ in range(3)]
    minidl.set_seed(7)
    assert [bits(new_generator()) for _ in range(3)] == first
    assert len({tuple(b) for b in first}) == 3  # streams of their own
    minidl.set_seed(8)
    assert bits(new_generator()) != first[0]


def test_without_a_seed_two_starts_differ():
    minidl.set_seed(None)
    first = bits(new_generator())
    minidl.set_seed(None)
    assert bits(new_generator()) != first


def test_a_given_seed_does_not_move_the_root():
    minidl.set_seed(7)
    new_generator(5)
    first = bits(new_generator())
    minidl.set_seed(7)
    assert bits(new_generator()) == first


def test_numpys_global_state_is_neither_read_nor_written():
    before = np.random.get_state()[1].tolist()
    minidl.set_seed(7)
    new_generator().normal(size=3)
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize("seed", [-1, "seven", 1.5])
def test_seeds_that_cannot_be(seed):
    with pytest.raises(ValueError, match="seed must be an integer ≥ 0 or None, got "):
        minidl.set_seed(seed)
    with pytest.raises(ValueError, match="seed must be an integer ≥ 0 or None, got "):
        new_generator(seed)
