"""Sandboxes for all of the grading's tests: their workers start once."""

import pytest

from minidl.grading.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandboxes():
    """Two, for the machine has two cores."""
    with Sandbox() as one, Sandbox() as other:
        yield one, other


@pytest.fixture(scope="session")
def sandbox(sandboxes):
    return sandboxes[0]
