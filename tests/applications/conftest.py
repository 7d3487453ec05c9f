"""What the tests of BERT and GPT share: the frozen vectors of transformers."""

import json
from pathlib import Path

import numpy as np
import pytest

from minidl import weights


@pytest.fixture(scope="session")
def bert_frozen():
    """{name: array} of fixtures/bert.npz; see make_bert.py."""
    with np.load(Path(__file__).parents[1] / "fixtures" / "bert.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def write_bert(bert_frozen):
    """A function that writes the frozen BertForPreTraining as a checkpoint into a folder."""

    def write(folder, rename=lambda name: name, **config):
        config = json.loads(str(bert_frozen["config"])) | config
        (folder / "config.json").write_text(json.dumps(config))
        arrays = {n: a for n, a in bert_frozen.items() if n.startswith("bert/")}
        tensors = {rename(n.removeprefix("bert/")): a for n, a in arrays.items()}
        weights.save({n: a for n, a in tensors.items() if n}, folder / "model.safetensors")
        return folder

    return write


@pytest.fixture(scope="session")
def bert_folder(write_bert, tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("bert"))
