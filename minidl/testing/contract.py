"""check_layer and check_loss: the whole contract, one named check after the other."""

from dataclasses import dataclass, field

import numpy as np

from minidl.testing.gradcheck import as_target
from minidl.testing.layer_checks import LAYER_CHECKS
from minidl.testing.loss_checks import LOSS_CHECKS
from minidl.testing.subject import LossSubject, Skip, Subject, Violation


@dataclass
class Check:
    """One part of the contract. verdict: "passed", "failed" or "skipped"; text says why."""

    name: str
    verdict: str = "passed"
    text: str = ""

    def __str__(self):
        return f"  {self.verdict:<8} {self.name}" + (f": {self.text}" if self.text else "")


@dataclass
class ContractReport:
    """passed; checks, one Check for each part of the contract; gradients, a GradientReport."""

    target: str
    checks: list = field(default_factory=list)
    gradients: object = None

    @property
    def passed(self):
        return all(c.verdict != "failed" for c in self.checks)

    def __bool__(self):
        return self.passed

    @property
    def failed(self):
        return [c for c in self.checks if c.verdict == "failed"]

    @property
    def causes(self):
        return [] if self.gradients is None else self.gradients.causes

    def __getitem__(self, name):
        return {c.name: c for c in self.checks}[name]

    def __str__(self):
        kept = sum(c.verdict == "passed" for c in self.checks)
        head = f"{self.target}: keeps the contract ({kept} checks)"
        if self.failed:
            head = f"{self.target}: {self.failed[0].text.splitlines()[0]}"
        return "\n".join([head, *map(str, self.checks)])

    def to_dict(self):
        return {
            "target": self.target,
            "passed": self.passed,
            "checks": [dict(vars(c)) for c in self.checks],
            "gradients": None if self.gradients is None else self.gradients.to_dict(),
        }


def check_layer(layer, x, *, training=False, seed=0, oracle=None, kwargs=None):
    """Run the whole contract of a layer at x; a ContractReport.

    oracle: an independent forward, f(x) or f(x, params) -> y, compared with the layer's."""
    as_target(layer, x, None, training, seed, (), kwargs)  # what cannot be checked says so here
    subject = Subject(layer, x, training, seed, oracle, kwargs)
    return run_checks(subject, LAYER_CHECKS)


def run_checks(subject, checks):
    subject.gradients = None
    report = ContractReport(subject.name)
    for check in checks:
        report.checks.append(run_check(subject, check))
    report.gradients = subject.gradients
    return report


def run_check(subject, check):
    """The Check that a check function comes to; an exception in the layer is a failure."""
    name = check.__name__.replace("_", " ")
    try:
        with np.errstate(all="ignore"):
            check(subject)
    except Skip as reason:
        return Check(name, "skipped", str(reason))
    except Violation as reason:
        return Check(name, "failed", str(reason))
    except Exception as error:
        return Check(name, "failed", f"{type(error).__name__}: {error}")
    return Check(name)


def assert_layer(layer, x, **arguments):
    """Raise AssertionError with the report's text unless the layer keeps the contract."""
    report = check_layer(layer, x, **arguments)
    if not report.passed:
        raise AssertionError(str(report))


def check_loss(loss, y_true, y_pred, *, seed=0, oracle=None, kwargs=None):
    """Run the contract of a loss; a ContractReport. oracle: f(y_true, y_pred) -> number."""
    as_target(loss, y_pred, y_true, kwargs=kwargs)
    return run_checks(LossSubject(loss, y_true, y_pred, seed, oracle, kwargs), LOSS_CHECKS)


def assert_loss(loss, y_true, y_pred, **arguments):
    report = check_loss(loss, y_true, y_pred, **arguments)
    if not report.passed:
        raise AssertionError(str(report))
