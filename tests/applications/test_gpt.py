"""GPT: transformers' frozen GPT-2, gradient checks, learning; nothing is seen too early."""

import numpy as np
import pytest

from minidl import assert_gradients
from minidl.applications.gpt import GPT
from minidl.initializers import RandomNormal
from minidl.losses import SparseCategoricalCrossentropy
from minidl.optimizers import Adam
from minidl.testing import check_layer

IDS = np.random.default_rng(0).integers(0, 9, (3, 4))
LOSS = SparseCategoricalCrossentropy(from_logits=True)


def tiny(**options):
    sizes = {"dim": 4, "layers": 1, "heads": 2, "ffn": 6, "max_length": 6}
    return GPT(9, **{**sizes, "seed": 1, "initializer": RandomNormal(stddev=0.5), **options})


def test_the_contract():
    report = check_layer(tiny(), IDS)
    assert report.passed, str(report)


def test_gradients_of_two_blocks_with_dropout():
    assert_gradients(tiny(layers=2, dropout=0.3), IDS, training=True)


# ---- GPT-2 as transformers has it ----


def from_gpt2(prefix, frozen):
    """{our name: array} of GPT-2's weights, or of their gradients.

    Its kernels are (in, out) already; query, key and value stand side by side in one."""

    def get(name):
        return frozen[f"{prefix}/transformer.{name}"]

    found = {"word.W": get("wte.weight"), "position.W": get("wpe.weight"),
             "norm.gamma": get("ln_f.weight"), "norm.beta": get("ln_f.bias")}  # fmt: skip
    for i in range(2):
        ours, theirs = f"blocks.{i}", f"h.{i}"
        W, b = (np.split(get(f"{theirs}.attn.c_attn.{a}"), 3, -1) for a in ("weight", "bias"))
        for j, letter in enumerate("qkv"):
            found[f"{ours}.attention.W{letter}"] = W[j].reshape(16, 4, 4)
            found[f"{ours}.attention.b{letter}"] = b[j].reshape(4, 4)
        out = get(f"{theirs}.attn.c_proj.weight")
        found[f"{ours}.attention.Wo"] = out.reshape(4, 4, 16)
        found[f"{ours}.attention.bo"] = get(f"{theirs}.attn.c_proj.bias")
        for a, b in (("norm1", "ln_1"), ("norm2", "ln_2")):
            found[f"{ours}.{a}.gamma"] = get(f"{theirs}.{b}.weight")
            found[f"{ours}.{a}.beta"] = get(f"{theirs}.{b}.bias")
        for a, b in (("ffn1", "c_fc"), ("ffn2", "c_proj")):
            found[f"{ours}.{a}.W"] = get(f"{theirs}.mlp.{b}.weight")
            found[f"{ours}.{a}.b"] = get(f"{theirs}.mlp.{b}.bias")
    return found


def gpt2(frozen, dtype):
    model = GPT(30, 16, 2, 4, 24, max_length=10, dropout=0.0, dtype=dtype)
    model.build((8,))
    weights = from_gpt2("gpt", frozen)
    assert weights.keys() == model.params.keys()
    model.params.update(weights)
    return model


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_logits_and_gradients_are_those_of_gpt2(bert_frozen, dtype, tolerance):
    model, ids = gpt2(bert_frozen, dtype), bert_frozen["gpt_ids"]
    np.testing.assert_allclose(model(ids), bert_frozen["gpt_logits"], rtol=0, atol=tolerance)
    loss, grads = model.loss_and_grads(ids[:, :-1], ids[:, 1:], LOSS)
    assert loss == pytest.approx(float(bert_frozen["gpt_loss"]), rel=tolerance)
    wanted = from_gpt2("dgpt", bert_frozen)
    for name, want in wanted.items():
        # A key's bias moves all scores of a query alike: its gradient is 0 but for rounding.
        scale = np.abs(wanted[name.replace("bk", "Wk")]).max()
        error = np.abs(np.asarray(grads[name]) - want).max() / scale
        assert error < tolerance, f"{name}: {error:.1e}"


# ---- what a decoder is ----


def test_no_position_sees_a_later_one():
    model = tiny(dtype="float64")
    y = model(IDS)
    for t in range(4):
        changed = IDS.copy()
        changed[:, t:] = (changed[:, t:] + 1) % 9
        np.testing.assert_array_equal(model(changed)[:, :t], y[:, :t])
        assert not np.allclose(model(changed)[:, t], y[:, t])


def test_the_table_gets_the_gradients_of_both_its_uses():
    model = tiny()
    model(IDS)
    assert "decoder.embedding.W" not in model.params
    _, grads = model.loss_and_grads(IDS[:, :-1], IDS[:, 1:], LOSS)
    assert np.abs(np.asarray(grads["word.W"])).sum(axis=1).all()  # scores of all 9 words


def test_fit_learns_to_count():
    """Each token is the one before it plus 1 or 2, by the row: the first two tokens tell."""
    rng = np.random.default_rng(0)
    steps = rng.integers(1, 3, 400)
    ids = (rng.integers(0, 12, 400)[:, None] + steps[:, None] * np.arange(9)) % 12
    model = GPT(12, 32, 2, 2, 64, 16, dropout=0.0, seed=0, initializer=RandomNormal(stddev=0.1))
    model.compile(Adam(0.005), LOSS, ["accuracy"])
    history = model.fit(ids[:, :-1], ids[:, 1:], epochs=15, verbose=0).history
    # After the first token the step is a guess: half of 1 in 8 positions is lost.
    assert history["accuracy"][-1] > 0.9
    assert history["loss"][-1] < np.log(2) / 8 + 0.1
    out = model.generate([[3, 4], [3, 5]], 12, temperature=0)
    np.testing.assert_array_equal(out[0], (3 + np.arange(14)) % 12)
    np.testing.assert_array_equal(out[1], (3 + 2 * np.arange(14)) % 12)


def test_padding_behind_is_left_out_by_ignore_class():
    model = tiny(dtype="float64", dropout=0.0)
    x, y = IDS[:, :-1], IDS[:, 1:]
    loss = SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    padded = np.pad(x, ((0, 0), (0, 2))), np.pad(y, ((0, 0), (0, 2)), constant_values=-1)
    model(x)
    value, grads = model.loss_and_grads(*padded, loss)
    want, want_grads = model.loss_and_grads(x, y, LOSS)
    assert value == pytest.approx(want, rel=1e-12)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, want_grads[name], atol=1e-13, err_msg=name)


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (IDS[0], r"ids must have shape \(N, T\), .* got \(4,\)"),
        (np.zeros((1, 7), int), r"T at most max_length=6, got \(1, 7\)"),
        (IDS + 1, "GPT, table 'word': id 9"),
    ],
)
def test_what_forward_refuses(x, sentence):
    model = tiny()
    model(IDS)
    with pytest.raises(ValueError, match=sentence):
        model(x)


def test_what_the_constructor_refuses():
    with pytest.raises(ValueError, match="heads must divide dim, got dim=4 and heads=3"):
        tiny(heads=3)
    with pytest.raises(ValueError, match="vocabulary must be a positive integer, got 0"):
        GPT(0)
