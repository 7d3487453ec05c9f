"""parametrize_with_checks: each check of each layer a pytest case of its own."""

import inspect

from minidl.testing.contract import run_check
from minidl.testing.layer_checks import LAYER_CHECKS
from minidl.testing.subject import Subject


def parametrize_with_checks(cases):
    """A pytest decorator: one case for each check of each (layer, x), with a readable id.

    @parametrize_with_checks([(Dense(3), x), (lambda: LSTM(4), sequences)])
    def test_layer(layer, check):
        check(layer)
    """
    import pytest

    parameters = []
    for layer, x, *options in cases:
        made = layer() if is_factory(layer) else layer
        for check in LAYER_CHECKS:
            name = f"{type(made).__name__}-{check.__name__}"
            parameters.append(pytest.param(made, OneCheck(check, x, options), id=name))
    return pytest.mark.parametrize(("layer", "check"), parameters)


def is_factory(layer):
    """A class, or a function that makes the layer."""
    return inspect.isclass(layer) or inspect.isfunction(layer)


class OneCheck:
    """check(layer): one part of the contract at one x."""

    def __init__(self, check, x, options):
        self.check, self.x, self.options = check, x, options[0] if options else {}

    def __call__(self, layer):
        import pytest

        found = run_check(Subject(layer, self.x, **self.options), self.check)
        if found.verdict == "skipped":
            pytest.skip(found.text)
        if found.verdict == "failed":
            raise AssertionError(f"{type(layer).__name__}: {found.text}")
