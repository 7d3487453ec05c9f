"""The documents' code snippets run on minidl with only their import lines changed.

The snippets are read out of the documents, which are not part of the project: where they stand
in a folder `shared` beside the checkout, each one is run, its fault is asserted, and the copy
in its lesson is held against it. A lesson marks its copy by the head of the cell:

    # %% S-D2-linreg as printed

In such cells the document's statements stand in their order. Before the first and after the
last the lesson may write its own; between them only in lines with a comment that says `added`.
A `try` around a snippet that stops is not counted, nor are imports and comments.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType, SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import minidl
from minidl import datasets
from minidl.applications.bert import BERT
from minidl.course import runner
from minidl.course.outline import read_outline
from minidl.preprocessing import Tokenizer, pad_sequences

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted((ROOT.parent / "shared" / "documents").glob("00[0-9]_*.txt"))
OUTLINES = [read_outline(path) for path in runner.find_lessons(ROOT / "lessons")]
HOMES = {item.id: outline.path for outline in OUTLINES for item in outline.items}

SECTIONS = {  # the document, and the sections whose Python is the snippet
    "S-D0-textcnn": (0, ["5.2", "5.4"]),
    "S-D1-lstm": (1, ["5.2"]),
    "S-D2-mlp": (2, ["3.2"]),
    "S-D2-linreg": (2, ["5.2"]),
    "S-D3-sentiment": (3, ["5.2.1", "5.2.2", "5.2.3", "5.2.4"]),
    "S-D4-bert": (4, ["5.2"]),
}
IMPORTS = {  # the only lines that change
    "import tensorflow as tf": "import minidl as tf",
    "from tensorflow import keras": "from minidl import keras",
    "from tensorflow.keras import layers": "from minidl import layers",
    "from tensorflow.keras.": "from minidl.",
    "from sklearn.model_selection import": "from minidl.preprocessing.split import",
}
TAPES = {  # but for these: what stands in place of a gradient tape
    "S-D1-lstm": "loss, gradients = model.loss_and_grads(data, y_true, loss_fn)",
    "S-D2-linreg": "loss, gradients = model.loss_and_grads(X, y)",
}
# `hub` is given: a module of it is minidl's own BERT. Its layers in a row are a Sequential.
HUB = "import tensorflow_hub as hub\n"
FUNCTIONAL = re.compile(r"^inputs = .+^model = tf\.keras\.Model\([^\n]+", re.M | re.S)
IN_A_ROW = """model = tf.keras.Sequential([
    hub.KerasLayer(bert_model_url, trainable=True),
    tf.keras.layers.GlobalAveragePooling1D(),
    tf.keras.layers.Dense(1, activation='sigmoid')
])"""
GAP = "data = ...\n"  # the document leaves the data out, and so do we: it is given

pytestmark = pytest.mark.skipif(len(DOCUMENTS) < 5, reason="no documents beside the checkout")
each_snippet = pytest.mark.parametrize("id", SECTIONS)


# ---- out of the documents ----


def python_blocks(document, section):
    """The fenced Python of one section of a document, without deeper sections."""
    blocks, here, language = [], False, None
    for line in DOCUMENTS[document].read_text("utf-8").splitlines():
        if line.strip().startswith("```"):
            language = (line.strip("` \n") or "none") if language is None else None
            if here and language == "python":
                blocks.append("")
        elif language is None and line.startswith("#"):
            here = not blocks and bool(re.match(rf"#+ {re.escape(section)}\.? ", line))
        elif here and language == "python":
            blocks[-1] += line + "\n"
    return [textwrap.dedent(block) for block in blocks]


def printed(id):
    """A snippet with its import lines, and a gradient tape, rewritten."""
    document, sections = SECTIONS[id]
    code = "\n".join(block for part in sections for block in python_blocks(document, part))
    code = FUNCTIONAL.sub(IN_A_ROW, code.replace(HUB, ""))
    for theirs, ours in IMPORTS.items():
        code = code.replace(theirs, ours)
    tape = re.compile(r"^( *)with tf\.GradientTape.*?^\1gradients = [^\n]+", re.M | re.S)
    code, count = tape.subn(lambda found: found[1] + TAPES[id], code)
    assert count == (id in TAPES)
    return code


def run(id, **names):
    """Run a snippet where these names are defined; the names it leaves behind."""
    exec(compile(printed(id).replace(GAP, ""), id, "exec"), names)
    return names


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """The same random numbers each time, and no window."""
    state = np.random.get_state()
    monkeypatch.setattr(plt, "show", lambda: None)
    np.random.seed(0)
    minidl.set_seed(0)
    yield
    np.random.set_state(state)
    minidl.set_seed(None)
    plt.close("all")


@each_snippet
def test_a_snippet_is_found(id):
    code = printed(id)
    assert "tensorflow" not in code
    assert "sklearn" not in code
    assert "GradientTape" not in code
    assert "model.fit(" in code or "model.loss_and_grads(" in code
    ast.parse(code)


# ---- each runs, and has its fault ----


def test_textcnn(capsys):
    with pytest.raises(NameError, match="name 'vocab_size' is not defined"):
        run("S-D0-textcnn", tf=minidl)
    texts, train_labels = datasets.make_news_sentences(60, seed=0)
    test_texts, test_labels = datasets.make_news_sentences(64, seed=1, held_out=True)
    tokenizer = Tokenizer(200, char_level=True, oov_token="?")
    tokenizer.fit_on_texts(texts)
    rows = [
        pad_sequences(tokenizer.texts_to_sequences(t), 20, padding="post")
        for t in (texts, test_texts)
    ]
    sizes = {"vocab_size": 200, "embedding_dim": 8, "filters": 6, "kernel_size": 3, "units": 2}
    data = {"train_data": rows[0], "test_data": rows[1],
            "train_labels": train_labels, "test_labels": test_labels}  # fmt: skip
    names = run("S-D0-textcnn", tf=minidl, **sizes, **data)
    out = capsys.readouterr().out
    loss, accuracy = ast.literal_eval(out.splitlines()[-1])
    assert "Epoch 10/10" in out
    assert names["model"].history.params["epochs"] == 10
    probs = names["model"].predict(rows[1], verbose=0)
    assert loss == pytest.approx(-np.log(probs[np.arange(64), test_labels]).mean(), rel=1e-5)
    assert accuracy == np.mean(probs.argmax(axis=1) == test_labels)
    assert 64 * accuracy == int(64 * accuracy)  # as 51/64 = 0.796875 is


class Data:
    """What `data.batch(size)` is called on: rows, in slices."""

    def __init__(self, rows):
        self.rows = rows

    def batch(self, size):
        return [self.rows[start : start + size] for start in range(0, len(self.rows), size)]


def test_lstm(capsys):
    sizes = {"vocab_size": 9, "embedding_dim": 4, "hidden_units": 5, "num_classes": 3}
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 9, (128, 6))
    assert "y_true" in printed("S-D1-lstm")
    with pytest.raises(NameError, match="name 'y_true' is not defined"):
        run("S-D1-lstm", data=Data(rows), **sizes)
    with pytest.raises(AttributeError, match="batch"):  # `data = ...` is no data
        exec(printed("S-D1-lstm"), dict(sizes))
    capsys.readouterr()
    targets = np.eye(3)[rng.integers(0, 3, 64)]
    run("S-D1-lstm", data=Data(rows), y_true=targets, **sizes)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10 * 2  # a line for each batch, no mean of an epoch
    losses = [float(line.split("Batch Loss: ")[1]) for line in lines]
    assert losses[0] == pytest.approx(np.log(3), rel=0.03)  # nothing pre-trained was loaded


def test_mlp(capsys):
    names = run("S-D2-mlp", tf=minidl)
    printed_mae = float(capsys.readouterr().out.split("测试集 MAE: ")[1].split()[0])
    model, X, y = names["model"], names["X"], names["y"]
    assert model.history.params["epochs"] == 10
    seen = np.abs(model.predict(X, verbose=0) - y).mean()
    assert printed_mae == pytest.approx(seen, rel=1e-5)  # the "test" MAE is of the rows seen

    np.random.seed(0)
    X_raw, y_raw = np.random.rand(100, 10), np.random.rand(100, 1)
    np.testing.assert_array_equal(X, (X_raw - X_raw.mean()) / X_raw.std())
    fresh_X = (np.random.rand(1000, 10) - X_raw.mean()) / X_raw.std()
    fresh_y = (np.random.rand(1000, 1) - y_raw.mean()) / y_raw.std()
    model.fit(X, y, epochs=100, verbose=0)
    assert model.evaluate(X, y, verbose=0)[1] < 0.5 * seen
    fresh = model.evaluate(fresh_X, fresh_y, verbose=0)[1]
    assert fresh > 0.24 / y_raw.std()  # noise: the mean's 1/4 is the least there is


def test_linreg(capsys):
    names = run("S-D2-linreg", tf=minidl)
    lines = capsys.readouterr().out.splitlines()
    shown = [float(line.split()[-1]) for line in lines if line.startswith("Epoch ")]
    assert len(shown) == 10
    X, y, model = names["X"], names["y"], names["model"]
    A = np.hstack([X, np.ones_like(X)])
    minidl.set_seed(0)
    layer = minidl.layers.Dense(1, input_shape=(1,))
    start = minidl.Sequential([layer]).get_weights()
    theta = np.array([start[0].item(), start[1].item()])
    best = np.linalg.lstsq(A, y[:, 0], rcond=None)[0]
    first, H = theta - best, 2 / 100 * A.T @ A
    for step in range(100):  # full batches: nothing is stochastic
        if step % 10 == 0:
            loss = np.mean((A @ theta - y[:, 0]) ** 2)
            assert shown[step // 10] == pytest.approx(loss, abs=6e-4)
        theta = theta - 0.01 * H @ (theta - best)
    found = np.array([w.item() for w in model.get_weights()])
    np.testing.assert_allclose(found, theta, atol=1e-4)
    slow = np.linalg.eigh(H)[1][:, 0]
    kept = slow @ (found - best) / (slow @ first)
    assert 0.8 < kept < 0.92  # 100 steps at 0.01 stop far from the least-squares line
    test_loss = names["test_loss"]
    assert test_loss == pytest.approx(np.mean((A @ theta - y[:, 0]) ** 2), rel=1e-4)


def test_sentiment(capsys):
    names = run("S-D3-sentiment")
    out = capsys.readouterr().out
    ids, labels = names["padded_sequences"], [row[1] == "好评" for row in names["data"]]
    assert ids[:, :-1].sum() == 0  # one word each
    assert [id == 1 for id in ids[:, -1]] == labels  # the text is the label
    assert (len(names["X_train"]), len(names["X_test"])) == (4, 1)
    assert names["accuracy"] in (0.0, 1.0)
    assert "1/1 " in out
    assert "2/2" not in out
    assert re.search(r"Test accuracy: [01]\.00\n", out)


def test_bert(capsys):
    encoder = BERT(30, dim=8, layers=1, heads=2, ffn=16, pooler=False, seed=0)
    encoder.build((128,))
    before = encoder.get_weights()
    hub = SimpleNamespace(Module=lambda url: encoder, KerasLayer=lambda url, trainable: encoder)
    names = run("S-D4-bert", hub=hub)
    ids, tokenizer = names["input_ids"], names["tokenizer"]
    assert ids[:, -1].tolist() == [
        1,
        2,
        3,
    ]  # each sentence is one word
    assert (ids != 0).sum() == 3  # of 384 positions; the mean counts them all
    assert sum(map(len, tokenizer.texts_to_sequences(["今天天气不好", "书很好看"]))) == 0
    assert any((a != b).any() for a, b in zip(before, encoder.get_weights()))  # not frozen
    seen = names["model"].evaluate(ids, names["labels"], verbose=0)[1]  # of its training rows
    assert capsys.readouterr().out.splitlines()[-1] == f"Accuracy: {seen}"


def test_the_pseudo_code_of_d4_is_none_of_a_program():
    (code,) = python_blocks(4, "3.3")
    with pytest.raises(NameError, match="name 'load_data' is not defined"):
        exec(code, {})
    assert "[1] * len(input_ids)" in code  # the mask has no 0, whatever was padded
    assert "tokenizer.tokenize(data)" in code  # and what is cut already is cut again:
    assert "tokenizer.encode(input_sequences" in code


def test_the_installation_check_of_d3(monkeypatch):
    (check,) = python_blocks(3, "5.1.3")
    monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))
    code = check.replace("import tensorflow as tf", "import minidl as tf")
    with pytest.raises(NameError, match="name 'pandas' is not defined"):
        exec(code, {})


def test_the_second_print_of_the_mlp_has_no_data():
    (code,) = python_blocks(2, "4.2")
    with pytest.raises(NameError, match="name 'X' is not defined"):
        exec(code.replace("import tensorflow as tf", "import minidl as tf"), {})


# ---- the lessons' copies ----


def marked(id):
    """The cells of the lesson that say "<id> as printed", as one text."""
    cells = re.split(r"^(?=# %%)", HOMES[id].read_text("utf-8"), flags=re.MULTILINE)
    return "\n".join(cell for cell in cells if f"{id} as printed" in cell.partition("\n")[0])


def statements(code):
    """The statements, those of a `try` for the `try` itself, without imports."""
    found = []
    for node in ast.parse(code).body:
        inner = node.body if isinstance(node, ast.Try) else [node]
        found += [n for n in inner if not isinstance(n, ast.Import | ast.ImportFrom)]
    return found


@each_snippet
def test_the_lesson_has_it_as_printed(id):
    if id not in HOMES:
        pytest.skip(f"{id} is not at home yet")
    code = marked(id)
    assert code, f"{HOMES[id].name}: mark the cell: # %% {id} as printed"
    lines, ours = code.splitlines(), statements(code)
    for number, wanted in enumerate(statements(printed(id).replace(GAP, ""))):
        while ours and ast.dump(ours[0]) != ast.dump(wanted):
            own = ours.pop(0)
            text = "\n".join(lines[own.lineno - 1 : own.end_lineno])
            added = number == 0 or re.search(r"#.*\badded\b", text)
            assert added, f"{HOMES[id].name}: not as printed:\n{text}\n{ast.unparse(wanted)}"
        assert ours, f"{HOMES[id].name}: this is missing:\n{ast.unparse(wanted)}"
        ours.pop(0)
