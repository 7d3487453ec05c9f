"""Diagnose: from the pattern of an error to the likely mistake, by a table of rules.

A rule predicts what backward would return if a certain mistake had been made. The mistake is
named only if that is what backward did return, to 1e-6, for both upstream gradients, and again
on a second sample with other numbers and another batch size. Otherwise nothing is named: the
report then says where the gradient is wrong, and how much.
"""

import numpy as np

from minidl.testing import (
    rules_algebra,
    rules_formula,
    rules_layout,
    rules_loss,
    rules_normal,
    rules_repeat,
    rules_scale,
    rules_upstream,
    variants,
)
from minidl.testing.evidence import Sample
from minidl.testing.report import Cause

# The order is that of the report: the plainer explanation first.
FULL = (
    *rules_repeat.RULES, *rules_formula.RULES, *rules_loss.RULES, *rules_upstream.RULES,
    *rules_normal.RULES, *rules_layout.RULES, *rules_algebra.RULES,
)  # fmt: skip
ZERO = "zero gradient"  # many mistakes give zeros in one tensor; alone it says enough
AT_KINK = (
    "is wrong only where forward has a kink (a maximum's tie, an activation's corner): there "
    "it must lie between the slope to the left and the slope to the right"
)
WEAK = {"Jacobian not transposed", "dy transposed"}  # true, but another name says it better


def diagnose(target, y, dys, compared, faults, plan, examine):
    """[Cause]; `examine(target)` compares another target and returns (y, dys, compared)."""
    causes = [Cause((f.kind,), (f.tensor,) if f.tensor else (), f.text) for f in faults]
    sample = Sample(target, y, dys, compared)
    wrong = [n for n in compared if compared[n].wrong.any()]
    if not wrong:
        return merged(causes)
    found = {name: matches(sample.of(name)) for name in wrong}
    found = confirmed(sample, found, examine, plan)
    found = shared(found)
    named = [cause for name in wrong for cause in named_causes(sample.of(name), found[name])]
    blunt = [n for n in wrong if not (compared[n].wrong & compared[n].sharp).any()]
    if len(blunt) == len(wrong):
        named = [Cause(("slope at a kink",), tuple(map(target.label, blunt)), AT_KINK)]
    elif not named:
        named = structural(sample, wrong, examine, plan)
    covered = {t for cause in named for t in cause.tensors}
    causes = [
        c for c in causes if c.names != ("not linear in dy",) or not covered & set(c.tensors)
    ]
    return merged([*causes, *named] if faults else named)


def matches(evidence):
    """[(name, hint)] of the rules whose prediction is what backward returned."""
    found = run(rules_scale.RULES, evidence)
    if evidence.is_full:
        found += run(FULL, evidence)
    strong = [m for m in found if m[0] not in WEAK]
    if not found and evidence.is_full:
        found = run(rules_algebra.COSTLY, evidence)
    found = strong or found or run(rules_scale.LAST, evidence)
    return found or (run(rules_formula.LAST, evidence) if evidence.is_full else [])


def run(rules, evidence):
    found = []
    for rule in rules:
        try:
            for name, hint, predicted in rule(evidence):
                if (name, hint) not in found and evidence.explained_by(predicted):
                    found.append((name, hint))
        except Exception:  # the rule does not apply to this kind of target
            continue
    return found


def confirmed(sample, found, examine, plan):
    """The matches that hold on a second sample too, where one can be made."""
    if not any(found.values()) or not plan.is_full:
        return found
    other = variants.other_batch(sample.target, sample.x_shape)
    try:
        second = Sample(other, *examine(other)) if other is not None else None
    except Exception:  # the other batch cannot be checked
        second = None
    if second is None:
        return found
    return {name: still(sample, second, name, pairs) for name, pairs in found.items()}


def still(first, second, name, pairs):
    """Those of the (name, hint) pairs that the second sample shows too."""
    if name not in second.compared or not second.compared[name].wrong.any():
        return pairs
    evidence = second.of(name)
    if not evidence.got.any():  # by chance all zeros: says nothing
        return pairs
    again = matches(evidence)
    if not first.of(name).got.any():
        return again if pairs else []
    kept = [pair for pair in pairs if pair in again]
    if pairs and not kept:  # 1/N by chance: a constant on both samples
        other = run(rules_scale.LAST, evidence)
        kept = [pair for pair in run(rules_scale.LAST, first.of(name)) if pair in other]
    return kept


def shared(found):
    """One mistake often shows in several tensors: where one has a choice, the common name."""
    out = {}
    for name, pairs in found.items():
        others = {
            p[0] for other, ps in found.items() if other != name for p in ps if p[0] != ZERO
        }
        common = [p for p in pairs if p[0] in others]
        zero = [p for p in pairs if p[0] == ZERO]
        out[name] = common or zero or pairs
    return out


def named_causes(evidence, pairs):
    """One Cause; what cannot be told apart is named side by side."""
    if not pairs:
        return []
    names = tuple(dict.fromkeys(name for name, _ in pairs))
    hints = {}
    for name, hint in pairs:
        hints.setdefault(name, hint)
    return [Cause(names, (evidence.label,), "; or it ".join(hints.values()))]


def structural(sample, wrong, examine, plan):
    """Where no formula fits: what must be taken away for everything to be right?"""
    if not plan.is_full:
        return []
    labels = tuple(sample.target.label(n) for n in wrong)
    for name, hint, smaller in reductions(sample):
        try:
            _, _, compared = examine(smaller())
        except Exception:  # there is no such smaller target
            continue
        if (
            compared
            and all(c.passed for c in compared.values())
            and set(wrong) <= set(compared)
        ):
            return [Cause((name,), labels, hint)]
    return []


def reductions(sample):
    """(name, hint, a function that makes a target without the suspect)."""
    target, x = sample.target, sample.x
    if target.is_random:
        return  # a smaller x draws other numbers
    if sample.T and sample.T > 1 and not target.is_loss:
        hint = "with one time step all is right: the error is in what steps share or pass on"
        yield "across time", hint, lambda: variants.one_time_step(target, x.shape)
    if not hasattr(target, "layer") or target.several:
        return
    if x.dtype.kind in "iu" and len(np.unique(x)) < x.size:
        hint = "with ids that do not repeat all is right: add up repeats, np.add.at"
        different = np.arange(x.size).reshape(x.shape)
        yield "repeated ids", hint, lambda: target.again(different)
    if sample.N > 1 and not target.kwargs:
        hint = "with a batch of one all is right: the error is in what the rows share"
        yield "across the batch", hint, lambda: target.again(x[:1])


def merged(causes):
    """Equal causes of several tensors become one."""
    out = {}
    for cause in causes:
        if cause.names in out:
            tensors = dict.fromkeys((*out[cause.names].tensors, *cause.tensors))
            out[cause.names] = Cause(cause.names, tuple(tensors), out[cause.names].hint)
        else:
            out[cause.names] = cause
    return list(out.values())
