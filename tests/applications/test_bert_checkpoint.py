"""Hugging Face checkpoints: where they are found, what is refused, and the way back."""

import json
import sys
import zipfile

import numpy as np
import pytest

from minidl import weights
from minidl.applications import bert_layout as layout
from minidl.applications import checkpoint
from minidl.applications.bert import BERT
from minidl.applications.bert_pretraining import BERTForPretraining
from minidl.preprocessing import train_wordpiece

X = np.array([[1, 2, 3]])


def old_name(name):
    """As in files converted from the first, TensorFlow checkpoints."""
    name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
    return name.replace("LayerNorm.bias", "LayerNorm.beta")


@pytest.mark.parametrize("rename", [lambda n: n.removeprefix("bert."), old_name])
def test_the_prefix_is_optional_and_old_names_are_read(
    rename, write_bert, bert_folder, tmp_path
):
    folder = write_bert(tmp_path, rename)
    y = BERT.from_pretrained(bert_folder)(X)
    np.testing.assert_array_equal(BERT.from_pretrained(folder)(X), y)


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return path


def test_from_a_zip(bert_folder, tmp_path):
    path = zipped(bert_folder, tmp_path / "anything.zip")
    y = BERT.from_pretrained(bert_folder)(X)
    np.testing.assert_array_equal(BERT.from_pretrained(path)(X), y)


@pytest.mark.parametrize("name", ["carries_bert", "carries-bert", "the-distribution"])
def test_from_an_installed_package_that_is_not_imported(
    name, bert_folder, tmp_path, monkeypatch
):
    package, info = tmp_path / "carries_bert", tmp_path / "the_distribution-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: the-distribution\nVersion: 1.0\n"
    )
    (info / "top_level.txt").write_text("carries_bert\n")
    zipped(bert_folder, package / "model.zip")
    monkeypatch.syspath_prepend(tmp_path)
    y = BERT.from_pretrained(bert_folder)(X)
    np.testing.assert_array_equal(BERT.from_pretrained(name)(X), y)
    assert "carries_bert" not in sys.modules


def test_the_config_decides_and_options_override_it(write_bert, tmp_path):
    folder = write_bert(tmp_path, hidden_dropout_prob=0.25, hidden_act="relu")
    bert = BERT.from_pretrained(folder)
    assert bert.config == {
        "vocabulary": 30, "dim": 16, "layers": 2, "heads": 4, "ffn": 24, "max_length": 10,
        "segments": 2, "dropout": 0.25, "epsilon": 1e-12, "activation": "relu", "pooler": True,
    }  # fmt: skip
    assert BERT.from_pretrained(folder, dropout=0.0, pooler=False).pooler is None


def test_float64_is_the_file_to_the_last_bit(bert_folder, bert_frozen):
    W = BERT.from_pretrained(bert_folder, "float64").params["blocks.1.ffn1.W"]
    want = bert_frozen["bert/bert.encoder.layer.1.intermediate.dense.weight"].T
    np.testing.assert_array_equal(W, want)


# ---- what is refused ----


@pytest.mark.parametrize("source", ["no/such/folder", "no-such-package", "json"])
def test_nothing_there(source):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .* give a folder"):
        BERT.from_pretrained(source)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_missing_file(missing, write_bert, tmp_path):
    (write_bert(tmp_path) / missing).unlink()
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(FileNotFoundError, match=f"has no {missing}, only .*pytorch_model.bin"):
        BERT.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"model_type": "roberta"}, "model_type must be 'bert', got 'roberta'"),
        ({"position_embedding_type": "relative_key"}, "only encoders with absolute positions"),
        ({"is_decoder": True}, "only encoders with absolute positions .* is_decoder=True"),
        ({"hidden_act": "silu"}, "activation must be one of relu, gelu, .* got 'silu'"),
        ({"num_hidden_layers": 3}, "lacks 16 of 55 tensors, the first 'encoder.layer.2.att"),
        ({"intermediate_size": 25}, r"intermediate.dense.weight must have shape \(25, 16\)"),
    ],
)
def test_another_architecture(config, sentence, write_bert, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        BERT.from_pretrained(write_bert(tmp_path, **config))


def test_a_config_without_sizes(write_bert, tmp_path):
    (write_bert(tmp_path) / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match=r"config\.json lacks vocab_size, hidden_size"):
        BERT.from_pretrained(tmp_path)


def test_a_config_that_is_cut_off(write_bert, tmp_path):
    (write_bert(tmp_path) / "config.json").write_text('{"model_type": ')
    with pytest.raises(ValueError, match=r"config\.json is not JSON: is it cut off"):
        BERT.from_pretrained(tmp_path)


def test_a_checkpoint_without_heads(write_bert, tmp_path):
    folder = write_bert(tmp_path, lambda n: "" if n.startswith("cls.") else n)
    BERT.from_pretrained(folder)
    with pytest.raises(ValueError, match=r"lacks 7 of 46 tensors, the first 'cls\.predictions"):
        BERTForPretraining.from_pretrained(folder)


# ---- the way back ----


def test_written_tensors_are_those_of_transformers(bert_folder, bert_frozen, tmp_path):
    BERTForPretraining.from_pretrained(bert_folder, "float64").save_pretrained(
        tmp_path, "float64"
    )
    written = weights.load(tmp_path / "model.safetensors")
    theirs = {n[5:]: a for n, a in bert_frozen.items() if n.startswith("bert/")}
    assert written.keys() == theirs.keys()
    for name, tensor in written.items():
        np.testing.assert_array_equal(tensor, theirs[name], err_msg=name)
    config = json.loads((tmp_path / "config.json").read_text())
    assert json.loads(str(bert_frozen["config"])).items() <= config.items()
    assert config["architectures"] == ["BertForPreTraining"]


def test_an_encoder_alone_is_written_without_prefix(bert_folder, tmp_path):
    bert = BERT.from_pretrained(bert_folder)
    bert.save_pretrained(tmp_path / "new" / "folder")
    names = weights.load(tmp_path / "new" / "folder" / "model.safetensors").keys()
    assert set(names) == set(layout.encoder_names(2, True).values())
    again = BERT.from_pretrained(tmp_path / "new" / "folder")
    np.testing.assert_array_equal(again(X), bert(X))


def test_a_single_file_has_its_config_beside_it(bert_folder, tmp_path):
    bert = BERT.from_pretrained(bert_folder)
    bert.save_pretrained(tmp_path / "small.safetensors")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.json", "small.safetensors"]
    again = BERT.from_pretrained(tmp_path / "small.safetensors")
    np.testing.assert_array_equal(again(X), bert(X))
    (tmp_path / "small.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no small\.json, only small\.safetensors"):
        BERT.from_pretrained(tmp_path / "small.safetensors")


def test_half_precision_halves_the_file(bert_folder, tmp_path):
    bert = BERT.from_pretrained(bert_folder)
    for dtype in ("float32", "float16"):
        bert.save_pretrained(tmp_path / dtype, dtype)
    size = {
        d: (tmp_path / d / "model.safetensors").stat().st_size for d in ("float32", "float16")
    }
    assert size["float32"] - size["float16"] > 2 * bert.count_params() - 300
    again = BERT.from_pretrained(tmp_path / "float16")
    for name, W in again.params.items():  # 11 bits: half an ulp is 2⁻¹¹ of the number
        np.testing.assert_allclose(W, bert.params[name], rtol=2**-11, atol=1e-7)


def test_the_tokenizer_beside_the_weights(bert_folder, tmp_path):
    tokenizer = train_wordpiece(["good book", "bad book"], 60, min_count=1)
    tokenizer.save(tmp_path / "tokenizer.json")
    again = checkpoint.read_tokenizer(tmp_path)
    assert again.encode("good bad").ids == tokenizer.encode("good bad").ids
    with pytest.raises(FileNotFoundError, match=r"has no tokenizer\.json"):
        checkpoint.read_tokenizer(bert_folder)
