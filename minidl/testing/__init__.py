"""minidl.testing: is this gradient right, and if not, what is wrong? For any NumPy code."""

from minidl.testing.contract import (
    ContractReport,
    assert_layer,
    assert_loss,
    check_layer,
    check_loss,
)
from minidl.testing.gradcheck import assert_gradients, gradcheck
from minidl.testing.pytest_cases import parametrize_with_checks
from minidl.testing.report import Cause, Entry, GradientReport

__all__ = [
    "Cause",
    "ContractReport",
    "Entry",
    "GradientReport",
    "assert_gradients",
    "assert_layer",
    "assert_loss",
    "check_layer",
    "check_loss",
    "gradcheck",
    "parametrize_with_checks",
]
