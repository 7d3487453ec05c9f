"""Hypothesis strategies for layers: the shapes and values at which gradients go wrong.

    @given(x=inputs(4))
    def test_dense(x):
        holds(Dense(3), x)

`holds` shows the shrunk counter-example as three lines of NumPy to paste. Hypothesis is needed
only here: pip install "minidl[test]".
"""

import numpy as np

from minidl.testing.contract import check_layer
from minidl.testing.gradcheck import gradcheck

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        'minidl.testing.strategies needs hypothesis: pip install "minidl[test]"'
    ) from error

KINDS = ("normal", "zeros", "ties", "constant", "huge", "tiny")


@st.composite
def shapes(draw, *last, ndim=2, largest=4):
    """(N, …, *last): N and T are often 1."""
    free = ndim - len(last)
    return (*[draw(st.integers(1, largest)) for _ in range(free)], *last)


@st.composite
def arrays(draw, shape, kinds=KINDS, dtypes=("float64", "float32")):
    """A float array: normal numbers, exact zeros, ties, one constant, ±1e4, or 1e-8."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = of_kind(draw(st.sampled_from(kinds)), rng, shape)
    values = values.astype(draw(st.sampled_from(dtypes)))
    return in_memory(draw(st.sampled_from(("C", "F", "strided", "reversed"))), values)


def of_kind(kind, rng, shape):
    normal = rng.standard_normal(shape)
    if kind == "zeros":
        return np.where(rng.random(shape) < 0.4, 0.0, normal)
    if kind == "ties":
        return rng.integers(-1, 2, shape).astype(float)
    if kind == "constant":
        return np.full(shape, rng.standard_normal())
    return normal * {"huge": 1e4, "tiny": 1e-8}.get(kind, 1.0)


def in_memory(order, values):
    """The same numbers in another memory layout."""
    if order == "F":
        return np.asfortranarray(values)
    if order == "strided":
        return np.repeat(values, 2, axis=-1)[..., ::2]
    return values[::-1].copy()[::-1] if order == "reversed" else values


@st.composite
def inputs(draw, features, ndim=2, **options):
    """x of shape (N, …, features)."""
    return draw(arrays(draw(shapes(features, ndim=ndim)), **options))


@st.composite
def ids(draw, vocabulary, ndim=2, largest=4):
    """Word ids (N, T); in most examples one comes at least twice."""
    shape = draw(shapes(ndim=ndim, largest=largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    found = rng.integers(0, vocabulary, shape)
    if draw(st.booleans()):
        found[-1] = found[0]
    return found


def holds(layer, x, contract=False, **arguments):
    """Assert the gradients (or the whole contract) of a layer at x, with a snippet to paste."""
    report = (check_layer if contract else gradcheck)(layer, x, **arguments)
    if not report.passed:
        raise AssertionError(
            f"{report}\n\nTo see it again:\n\n{snippet(layer, x, **arguments)}\n"
        )


def snippet(layer, x, **arguments):
    """Three lines of NumPy that show the failure again."""
    more = "".join(f", {name}={value!r}" for name, value in arguments.items())
    parts = x if isinstance(x, tuple) else (x,)
    said = ", ".join(literal(part) for part in parts)
    said = f"({said},)" if isinstance(x, tuple) else said
    return "\n".join(
        [
            "import numpy as np, minidl.testing",
            f"x = {said}",
            f"print(minidl.testing.gradcheck({construction(layer)}, x{more}))",
        ]
    )


def literal(array):
    """An array as the code that makes it."""
    array = np.asarray(array)
    numbers = np.array2string(array, separator=", ", threshold=10**6, floatmode="unique")
    numbers = " ".join(numbers.split())
    return f"np.array({numbers}, dtype={str(array.dtype)!r}).reshape({array.shape})"


def construction(layer):
    """A guess at the code that made the layer: its class and its plain arguments."""
    if isinstance(layer, tuple):
        return f"({', '.join(getattr(f, '__name__', 'function') for f in layer)})"
    import inspect

    said = []
    for name, p in inspect.signature(type(layer).__init__).parameters.items():
        value = vars(layer).get(name, p.default)
        if (
            name == "self"
            or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
            or same(value, p.default)
        ):
            continue
        if isinstance(value, int | float | str | bool | tuple):
            said.append(repr(value) if p.default is p.empty else f"{name}={value!r}")
        elif hasattr(value, "forward"):  # an activation given by name
            said.append(f"{name}={type(value).__name__.lower()!r}")
    return f"{type(layer).__name__}({', '.join(said)})"


def same(value, default):
    return value is default or (type(value) is type(default) and value == default)
