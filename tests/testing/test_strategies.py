"""strategies: the inputs that break gradients, and the snippet that shows a failure again."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from minidl import layers
from minidl.testing import strategies

quick = settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@quick
@given(x=strategies.inputs(4))
def test_dense_relu_holds_for_all_inputs(x):
    strategies.holds(layers.Dense(3, activation="relu"), x)


@quick
@given(x=strategies.ids(6))
def test_embedding_holds_for_all_ids(x):
    strategies.holds(layers.Embedding(6, 2), x)


@quick
@given(x=strategies.inputs(2, ndim=3))
def test_softmax_holds_for_all_inputs(x):
    strategies.holds(layers.Softmax(), x)


def test_all_kinds_of_values_are_drawn():
    seen = set()

    @settings(quick, max_examples=200)
    @given(x=strategies.inputs(3))
    def collect(x):
        seen.update(
            name for name, found in {
                "one row": len(x) == 1,
                "zeros": (x == 0).any(),
                "constant": x.size > 1 and np.ptp(x) == 0,
                "huge": np.abs(x).max() > 3e3,
                "tiny": 0 < np.abs(x).max() < 1e-6,
                "strided": not x.flags.c_contiguous,
                "float32": x.dtype == np.float32,
            }.items() if found
        )  # fmt: skip

    collect()
    assert len(seen) == 7


class Wrong(layers.Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return -dx, grads


def test_a_failure_shows_three_lines_to_paste():
    x = np.array([[1.0, 2.0]])
    with pytest.raises(AssertionError) as caught:
        strategies.holds(Wrong(3, activation="tanh"), x)
    lines = str(caught.value).strip().splitlines()[-3:]
    assert lines == [
        "import numpy as np, minidl.testing",
        "x = np.array([[1., 2.]], dtype='float64').reshape((1, 2))",
        "print(minidl.testing.gradcheck(Wrong(3, activation='tanh'), x))",
    ]


def test_the_snippet_runs(capsys):
    code = strategies.snippet(Wrong(2), np.array([[0.5, -1.0]], np.float32))
    exec(code, {"Wrong": Wrong})
    assert "dx: has the wrong sign" in capsys.readouterr().out
