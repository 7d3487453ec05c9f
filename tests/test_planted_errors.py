"""An error planted in a formula of minidl makes the lesson that teaches it fail.

A plant replaces one piece of a source file by a plausible mistake. The lesson that is home to
the item must then fail a check of that item: its own literal formula, a number of the catalogue
or the gradient check has to notice. In the ordinary run the lesson runs in this process with
the planted functions' code exchanged, and stops at that check. `pytest -m slow` runs every
plant as a reader would have it: a copy of minidl with the mistake, and `python lessons/…`.
"""

import importlib
import inspect
import os
import runpy
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pytest

from minidl import lesson as recorder
from minidl import random
from minidl.course import runner
from minidl.course.outline import read_outline

ROOT = Path(__file__).parent.parent
OUTLINES = [read_outline(path) for path in runner.find_lessons(ROOT / "lessons")]
HOMES = {item.id: outline.path for outline in OUTLINES for item in outline.items}


class Plant(NamedTuple):
    """In `file` of minidl, `right` stands once; with `wrong` in its place `item` must fail."""

    item: str
    mistake: str
    file: str
    right: str
    wrong: str


ACT, DENSE, CE = "layers/activations.py", "layers/dense.py", "crossentropy.py"
LOSSES, OPT, STEPS = "losses.py", "optimizers.py", "layers/lstm_steps.py"
EMBED, REC, POOL = "gradients.py", "applications/recommender.py", "layers/pooling.py"
MASKING, PRETRAIN = "applications/masking.py", "applications/bert_pretraining.py"
POS, DOT = "layers/position.py", "layers/dot_product.py"
GENERATION = "applications/generation.py"
CONV, WINDOWS, SCALE = "layers/conv1d.py", "layers/windows.py", "preprocessing/scaling.py"
# fmt: off
PLANTS = [Plant(*row) for row in (
    # the activations
    ("F-D3-neuron", "sigma of -z", ACT,
     "np.exp(np.minimum(x, 0)) /", "np.exp(np.minimum(-x, 0)) /"),
    ("F-D2-relu", "absolute value", ACT, "y = np.maximum(x, 0)", "y = np.abs(x)"),
    ("F-D2-relu", "slope 1 everywhere", ACT, "dy * (cache > 0)", "dy * (cache >= 0)"),
    ("F-D2-relu", "a leak", ACT,
     "dy * (cache > 0)", "dy * np.maximum(cache > 0, 0.01)"),
    ("F-D2-sigmoid", "base 2", ACT, "(1 + np.exp(-np.abs(x)))", "(1 + np.exp2(-np.abs(x)))"),
    ("F-D2-sigmoid", "slope 1 - y", ACT, "dy * cache * (1 - cache)", "dy * (1 - cache)"),
    ("F-D2-tanh", "2x inside", ACT, "y = np.tanh(x)", "y = np.tanh(2 * x)"),
    ("F-D2-tanh", "slope 1 - y", ACT, "(1 - cache * cache)", "(1 - cache)"),
    # the layer and the stack
    ("F-D3-layer", "bias subtracted", DENSE, 'z += self.params["b"]', 'z -= self.params["b"]'),
    ("F-D3-layer", "db is a mean", DENSE, "column_sums(rows)", "rows.mean(axis=0)"),
    ("F-D3-layer", "dW read across", DENSE, "as_table(x).T.dot(rows)",
     "(rows.T @ as_table(x)).reshape(W.shape)"),
    ("F-D0-forward", "every layer takes x", "models.py",
     "            x = y\n            y, cache =",
     "            y, cache ="),
    ("F-D0-forward", "the slope of f forgotten", DENSE,
     "dz, _ = self.activation.backward(dy, activation_cache)",
     "dz = dy"),
    # the losses
    ("F-D2-mse", "absolute errors", LOSSES,
     "return error * error, error", "return np.abs(error), error"),
    ("F-D2-mse", "no factor 2", LOSSES, "return kept * (2 * scale)", "return kept * scale"),
    ("F-D2-mse", "a sum", "loss.py",
     "if self.reduction in MEANS else terms.shape[-1]", "if False else 1"),
    ("F-D2-rmse", "no root", LOSSES, "root = math.sqrt(mse)", "root = mse"),
    ("F-D2-rmse", "no 1/2 in the slope", LOSSES, "(0.5 / root if", "(1.0 / root if"),
    ("F-D3-halfsse", "no half", LOSSES, "return 0.5 * (error", "return 1.0 * (error"),
    ("F-D3-halfsse", "half the slope", LOSSES,
     "return kept * scale", "return kept * (0.5 * scale)"),
    ("F-D3-ce", "mean over classes", CE,
     "-(t * log_q).sum(axis=-1", "-(t * log_q).mean(axis=-1"),
    ("F-D3-ce", "one term only", CE, "- (1 - t) * np.log1p(-p), (p,", ", (p,"),
    ("F-D3-ce", "y - p", CE, "(probs * t.sum(axis=-1, keepdims=True) - t)",
     "(t - probs * t.sum(axis=-1, keepdims=True))"),
    ("F-D3-ce", "the sum's share left out", CE,
     "dy = (g - (g * q).sum(axis=-1, keepdims=True)) *", "dy = g *"),
    ("F-D3-ce", "from sigma: t - p", CE,
     "            return (p - t) * scale", "            return (t - p) * scale"),
    ("F-D3-ce", "only 1/p", CE, "(p - t) / (p * (1 - p)) *", "(p - t) / p *"),
    # the way back
    ("F-D0-delta", "W.T without sigma'", DENSE,
     "return rows.dot(W.T)", "return as_table(dy).dot(W.T)"),
    ("F-D0-delta", "sigma' twice", ACT,
     "dy * cache * (1 - cache)", "dy * (cache * (1 - cache)) ** 2"),
    ("F-D3-backprop", "dW is a mean", DENSE,
     "as_table(x).T.dot(rows)", "as_table(x).T.dot(rows) / len(rows)"),
    ("F-D3-backprop", "delta of the first sample", DENSE,
     "as_table(x).T.dot(rows)", "as_table(x)[:1].T @ rows[:1]"),
    # the optimizers
    ("F-D2-gd", "uphill", OPT,
     "w -= step\n            return", "w += step\n            return"),
    ("F-D2-gd", "rate twice", OPT,
     "step = rate * g\n        if m", "step = rate * rate * g\n        if m"),
    ("F-D2-gd", "momentum forgotten", OPT,
     "m *= self.momentum\n        m -= step", "m[...] = -step"),
    ("F-D2-adam", "no bias correction", OPT,
     "self.learning_rate * correction", "self.learning_rate"),
    ("F-D2-adam", "no root in it", OPT,
     "math.sqrt(1 - self.beta_2**t)", "(1 - self.beta_2**t)"),
    ("F-D2-adam", "g for g squared", OPT,
     "v += (1 - self.beta_2) * (g * g)", "v += (1 - self.beta_2) * abs(g)"),
    ("F-D2-adam", "epsilon inside", OPT, "size = sqrt(v)",
     "size = sqrt(v + self.epsilon) - self.epsilon"),
    ("F-D3-rmsprop", "|g| for g squared", OPT,
     "(1 - self.rho) * (g * g)", "(1 - self.rho) * abs(g)"),
    ("F-D3-rmsprop", "no root", OPT, "rate * g / sqrt(size)", "rate * g / size"),
    ("F-D3-rmsprop", "epsilon beside the root", OPT, "rate * g / sqrt(size)",
     "rate * g / (sqrt(size - self.epsilon) + self.epsilon)"),
    # lines, tables, values
    ("S-D2-linreg", "the mean's n", "loss.py",
     "if self.reduction in MEANS else terms.shape[-1]", "if False else 1"),
    ("S-D2-linreg", "uphill", OPT,
     "w -= step\n            return", "w += step\n            return"),
    ("F-D2-standardize", "one deviation for all", SCALE,
     "shifted.var(axis=0)", "shifted.var() + 0 * X[0]"),
    ("F-D2-standardize", "one mean for all", SCALE, "shifted.mean(axis=0)", "shifted.mean()"),
    ("F-D2-standardize", "variance for deviation", SCALE, "np.sqrt(self.var_)", "self.var_"),
    ("S-D2-mlp", "MAE squared", "metrics.py",
     "return np.abs(y_pred - y_true)", "return (y_pred - y_true) ** 2"),
    ("F-D1-linear", "dW is a mean", DENSE,
     "as_table(x).T.dot(rows)", "as_table(x).T.dot(rows) / len(rows)"),
    ("F-D1-value", "repeated ids: the last one wins", EMBED,
     "add_to_rows(values, more, given", "values.__setitem__(more, given"),
    ("F-D1-value", "the next row of the table", "layers/embedding.py", '["W"].take(x, axis',
     '["W"].take(x - 1, axis'),
    # the recommender and the diagnosis
    ("W-D3-recommend", "from 0 on", REC, "return self.low + self.width", "return self.width"),
    ("F-D3-recommend", "a mean for the sum", REC,
     'np.einsum("nd,nd->n", p, q)', "(p * q).mean(axis=1)"),
    ("Y-recommend", "sigma has no slope", ACT, "dy * cache * (1 - cache)", "dy"),
    ("W-D3-recommend", "5 stars of width", REC,
     "self.width = high - self.low", "self.width = high"),
    ("Y-recommend", "the width forgotten on the way back", REC,
     "backward(dy * self.width,", "backward(dy,"),
    ("Y-recommend", "q for p", REC, "self.item.backward(ds * p,", "self.item.backward(ds * q,"),
    ("F-D3-diagnose", "only the diagonal", ACT,
     "y * (dy - (dy * y).sum(axis=self.axis, keepdims=True))",
     "y * dy * (1 - y)"),
    ("F-D3-diagnose", "the batch sums to 1", ACT,
     "e /= e.sum(axis=axis, keepdims=True)", "e /= e.sum()"),
    ("Y-diagnose", "only the diagonal", ACT,
     "y * (dy - (dy * y).sum(axis=self.axis, keepdims=True))",
     "y * dy * (1 - y)"),
    # texts and sequences
    ("S-D0-textcnn", "the kernel is flipped", CONV, "(x[some]), W.reshape(K * C, M)",
     "(x[some]), W[::-1].reshape(K * C, M)"),
    ("S-D0-textcnn", "windows overwrite each other", WINDOWS,
     "self.stride] += dwindows", "self.stride] = dwindows"),
    ("S-D0-textcnn", "the minimum", POOL,
     "y = x.max(axis=1", "y = x.min(axis=1"),
    ("S-D0-textcnn", "dy to every step", POOL,
     "dx = np.zeros(x.shape, dy.dtype)\n        np.put_along_axis(",
     "dx = np.ones(x.shape, dy.dtype) * dy[:, None]\n        np.put_along_axis("),
    ("Y-lstm", "gates in PyTorch's order", STEPS, "[:, [0, 3, 1, 2]]",
     "[:, [0, 1, 2, 3]]"),
    ("Y-lstm", "c without the tanh", STEPS, "np.multiply(o, tanh_c, h)",
     "np.multiply(o, c_next, h)"),
    ("Y-lstm", "o has no slope", STEPS, "np.multiply(dzo, dh, dzo)", "dzo[...] = 0"),
    ("Y-lstm", "nothing comes from later steps", STEPS,
     "M_h_times(dz, dh)", "dh[...] = 0"),
    ("Y-lstm", "a picture with f and o exchanged", "layers/lstm_gates.py",
     "for part in (zi, zf, zo)", "for part in (zi, zo, zf)"),
    ("S-D1-lstm", "sums of losses", "loss.py",
     "if self.reduction in MEANS else terms.shape[-1]", "if False else 1"),
    # words, positions, attention, BERT
    ("F-D4-onehot", "repeated ids: the last one wins", EMBED,
     "add_to_rows(values, more, given", "values.__setitem__(more, given"),
    ("F-D4-onehot", "the next row of the table", "layers/embedding.py", '["W"].take(x, axis',
     '["W"].take(x - 1, axis'),
    ("F-D4-position", "the cases mixed up", POS, "code[..., 0::2] = np.sin(angles)",
     "code[..., 0::2] = np.cos(angles)"),
    ("F-D4-position", "i for 2i", POS, "even / d", "even / (2 * d)"),
    ("W-D4-position", "i for 2i", POS, "even / d", "even / (2 * d)"),
    ("F-D4-attention", "no root of d_k", DOT, "(Q * (1 / math.sqrt(Q.shape[-1])))", "Q"),
    ("F-D4-attention", "softmax over the queries", DOT, "row_sums(scores)",
     "scores.sum(axis=-2, keepdims=True)"),
    ("F-D4-attention", "divided by V's sum", DOT, "weights * drop) @ V, weights",
     "weights * drop) @ (1 / V), weights"),
    ("F-D4-attention", "only the diagonal", DOT,
     "dscores *= weights", "dscores *= weights * (1 - weights)"),
    ("F-D4-attention", "dK without the root", DOT, "    dK *= scale\n", ""),
    ("W-D4-attention", "softmax over the queries", DOT, "row_sums(scores)",
     "scores.sum(axis=-2, keepdims=True)"),
    ("W-D4-weights", "softmax over the queries", DOT, "row_sums(scores)",
     "scores.sum(axis=-2, keepdims=True)"),
    ("F-D4-mlm", "all become [MASK]", MASKING, "(fate < 0.8), sel", "(fate < 1), sel"),
    ("F-D4-mlm", "special tokens too", MASKING, " & ~special[ids]", ""),
    ("F-D4-mlm", "selected places overwritten", PRETRAIN, "dh[selected] +=", "dh[selected] ="),
    ("F-D4-nsp", "0 where B is another's", MASKING, "pairs[other][1] if label else b",
     "b if label else pairs[other][1]"),
    ("F-D4-nsp", "its slope lost in the pooler", PRETRAIN,
     "pooler.backward(dp, pool_cache)", "pooler.backward(0 * dp, pool_cache)"),
    ("T-capacity", "one norm a block", "applications/bert_parameters.py",
     "(2 * D * F + F + D) + 2 * 2 * D", "(2 * D * F + F + D) + 2 * D"),
    # writing, and two tasks
    ("Y-generate", "what comes later is seen", "layers/transformer.py",
     "mask, use_causal_mask=True)", "mask, use_causal_mask=False)"),
    ("Y-generate", "the first key alone", GENERATION,
     "np.tri(z.shape[1], stop, self.length,", "np.tri(z.shape[1], stop, 0,"),
    ("Y-generate", "times the temperature", GENERATION,
     "(z - z[:, :1]) / temperature", "(z - z[:, :1]) * temperature"),
    ("Y-generate", "top_p not reached", GENERATION,
     "p[before >= top_p", "p[before + p >= top_p"),
    ("Y-generate", "the table's first use forgotten", "applications/gpt.py",
     "self.word.backward(dh, word_cache)[1]", "self.word.backward(0 * dh, word_cache)[1]"),
    ("T-multitask", "the last task's gradient alone", "composite.py",
     "total[name] + grad if name in total else grad", "grad"),
)]
# fmt: on


def planted_source(plant):
    """The text of the plant's file with the mistake in it."""
    source = (ROOT / "minidl" / plant.file).read_text("utf-8")
    assert source.count(plant.right) == 1, (
        f"{plant.file} has {plant.right!r} not once: renew it"
    )
    return source.replace(plant.right, plant.wrong)


# ---- in this process ----


def exchange_code(plant, monkeypatch):
    """Give each function of the plant's file the code that it has with the mistake."""
    name = "minidl." + plant.file.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    before = codes(compile((ROOT / "minidl" / plant.file).read_text("utf-8"), name, "exec"))
    after = codes(compile(planted_source(plant), name, "exec"))
    changed = [q for q in before if q in after and before[q] != after[q] and "<" not in q]
    assert changed, f"{plant.right!r} is in no function"
    for qualified in changed:
        function = module
        for part in qualified.split("."):
            function = vars(function)[part]
        function = getattr(function, "fget", function)  # a property
        monkeypatch.setattr(
            getattr(function, "__func__", function), "__code__", after[qualified]
        )


def codes(code):
    """{qualified name: code} of all functions in a compiled module."""
    found = {}
    for part in code.co_consts:
        if isinstance(part, type(code)):
            own = {part.co_qualname: part} if part.co_flags & inspect.CO_NEWLOCALS else {}
            found |= {**codes(part), **own}  # the body of a class is no function
    return found


class Caught(BaseException):
    """A check of the item failed: nothing more is to be seen. No `except` may hold it."""


def failures(path, item, monkeypatch):
    """The lines FAIL of a lesson, up to the first that names the item."""
    failed = []

    def say(self, line):
        if line.startswith("FAIL "):
            failed.append(line)
        if line.startswith(f"FAIL {item} "):
            raise Caught

    monkeypatch.setattr(recorder.Lesson, "say", say)
    try:
        with warnings.catch_warnings(action="ignore"):  # a planted error may overflow
            runpy.run_path(str(path), run_name="__main__")
    except (Caught, SystemExit):
        pass
    return failed


@pytest.fixture
def alone(monkeypatch):
    """Leave nothing behind: no environment, no random state, no figures."""
    monkeypatch.delenv(recorder.RECORD, raising=False)
    monkeypatch.delenv(recorder.FULL, raising=False)
    plt.switch_backend("Agg")
    state, seeds = np.random.get_state(), dict(vars(random))
    yield monkeypatch
    np.random.set_state(state)
    vars(random).update(seeds)
    plt.close("all")


def name_of(plant):
    return f"{plant.item}: {plant.mistake}"


each_plant = pytest.mark.parametrize("plant", PLANTS, ids=name_of)


@each_plant
def test_the_lesson_notices(plant, alone, capsys):
    exchange_code(plant, alone)
    failed = failures(HOMES[plant.item], plant.item, alone)
    assert [line for line in failed if line.startswith(f"FAIL {plant.item} ")], failed


# A second each:
QUICK = {"neuron", "layer", "stack", "squared_errors", "cross_entropy", "deltas", "backprop",
         "descent", "adaptive", "linear_regression", "least_squares", "standardize",
         "weighted_sum", "softmax", "diagnosis"}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, id=p.stem, marks=[] if p.stem[3:] in QUICK else pytest.mark.slow)
        for p in sorted({HOMES[plant.item] for plant in PLANTS})
    ],
)
def test_without_a_plant_nothing_fails(path, alone, capsys):
    assert failures(path, None, alone) == []


def test_every_formula_is_planted():
    missing = {id for id in HOMES if id.startswith("F-")} - {plant.item for plant in PLANTS}
    assert not missing, "write a plant for the code of each, forward and backward"


# ---- as a reader has it ----


def run_planted(plant, tmp_path):
    """The lesson, run as a script on a copy of minidl that has the mistake."""
    ignored = shutil.ignore_patterns("__pycache__", "_lessons")
    shutil.copytree(ROOT / "minidl", tmp_path / "minidl", ignore=ignored)
    (tmp_path / "minidl" / plant.file).write_text(planted_source(plant), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"}
    environment |= {"MPLBACKEND": "Agg", recorder.RECORD: "", recorder.FULL: ""}
    return subprocess.run(
        [sys.executable, str(HOMES[plant.item])],
        env=environment,
        capture_output=True,
        text=True,
    )


A_FEW = [p for p in PLANTS if p.mistake in ("slope 1 everywhere", "no bias correction")]


@pytest.mark.parametrize("plant", A_FEW, ids=name_of)
def test_the_script_ends_with_status_1(plant, tmp_path):
    done = run_planted(plant, tmp_path)
    assert done.returncode == 1, done.stderr
    assert f"\nFAIL {plant.item}  " in done.stdout
    assert f"{HOMES[plant.item].name}:" in done.stdout  # the line of the check
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@each_plant
def test_every_script_ends_with_status_1(plant, tmp_path):
    done = run_planted(plant, tmp_path)
    assert done.returncode == 1, done.stderr
    assert f"\nFAIL {plant.item}  " in done.stdout, done.stdout + done.stderr
