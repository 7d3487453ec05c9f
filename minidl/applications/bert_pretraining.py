"""BERTForPretraining: an encoder that learns from texts without labels, by two tasks."""

import numpy as np

from minidl import initializers
from minidl.applications import bert_layout as layout
from minidl.applications import checkpoint
from minidl.applications.bert import BERT, make_activation
from minidl.composite import Composite
from minidl.crossentropy import SparseCategoricalCrossentropy
from minidl.layers.dense import Dense
from minidl.layers.layernorm import LayerNormalization
from minidl.layers.tied import TiedDense
from minidl.models import Model


class MaskedWordHead(Composite):
    """Which word of the vocabulary stood where? A score for each.

    Forward   y = norm(φ(h W + b)) Wordᵀ + c       h: (S, D)   Word: (V, D)   y: (S, V)
    Backward  TiedDense's, LayerNormalization's, Dense's
    Cache     one cache a child

    embedding    the table that the encoder reads with; activation: φ, the encoder's

    Raises    ValueError: the last axis of h is not D
    Source:   Devlin et al. 2019, §3.1, its published code; D4 §3.1 (in words)
    """

    def __init__(self, embedding, activation, epsilon, initializer, **kwargs):
        super().__init__(**kwargs)
        D = embedding.output_dim
        self.transform = Dense(D, activation, kernel_initializer=initializer)
        self.norm = LayerNormalization(epsilon=epsilon)
        self.decoder = TiedDense(embedding)

    def forward(self, x, training=False):
        h, transform_cache = self.transform.forward(x)  # (S, D) -> (S, D)
        h, norm_cache = self.norm.forward(h)
        y, decoder_cache = self.decoder.forward(h)  # (S, D) -> (S, V)
        return y, (transform_cache, norm_cache, decoder_cache)

    def backward(self, dy, cache):
        transform_cache, norm_cache, decoder_cache = cache
        dh, decoder = self.decoder.backward(dy, decoder_cache)
        dh, norm = self.norm.backward(dh, norm_cache)
        dx, transform = self.transform.backward(dh, transform_cache)
        return dx, self.collect(transform=transform, norm=norm, decoder=decoder)


class BERTForPretraining(Model):
    """A BERT with both heads: which words are hidden, and does the second sentence follow?

    Forward   h = bert(ids, mask, segments)                                   (N, T, D)
              words = MaskedWordHead(h[selected])                             (S, V)
              next = pooler(h) W + b                                          (N, 2)
              x: the tuple (ids, mask, segments, selected), each (N, T)
              y: the tuple (words, next) of logits; S = selected.sum()
    Backward  dh = Σ over both ways back; at what is not selected, words' share is 0
    Cache     one cache a child, and selected

    Only the S selected places, about 15 %, are multiplied with the vocabulary. Their order is
    that of ids[selected]: row by row. next: 0 it follows, 1 it does not.

    Raises    ValueError: x is no tuple of four, or bert has no pooler
    Source:   D4 §3.1; Devlin et al. 2019, §3.1
    """

    def __init__(self, bert, initializer=None, **kwargs):
        if not isinstance(bert, BERT) or bert.pooler is None:
            raise ValueError(
                "BERTForPretraining: bert must be a BERT with its pooler, which the second "
                f"task reads, got {type(bert).__name__}: make it with pooler=True"
            )
        super().__init__(**{"seed": bert.seed, "dtype": bert.dtype, **kwargs})
        initializer = initializers.get(initializer or initializers.TruncatedNormal(stddev=0.02))
        self.bert = bert
        activation = make_activation(bert.config["activation"])
        epsilon = bert.config["epsilon"]
        self.mlm = MaskedWordHead(bert.word, activation, epsilon, initializer)
        self.nsp = Dense(2, kernel_initializer=initializer)

    def build(self, input_shape=((1,),) * 4, rng=None, input_dtype="int64"):
        super().build(input_shape, rng, input_dtype)

    def forward(self, x, training=False):
        selected = self.check(x)
        h, bert_cache = self.bert.forward(tuple(x[:3]), training)
        words, mlm_cache = self.mlm.forward(h[selected])  # (N, T, D) -> (S, D) -> (S, V)
        p, pool_cache = self.bert.pooler.forward(h)  # (N, T, D) -> (N, D)
        follows, nsp_cache = self.nsp.forward(p)  # (N, D) -> (N, 2)
        return (words, follows), (bert_cache, mlm_cache, pool_cache, nsp_cache, selected)

    def backward(self, dy, cache):
        bert_cache, mlm_cache, pool_cache, nsp_cache, selected = cache
        dwords, dfollows = dy
        dp, nsp = self.nsp.backward(dfollows, nsp_cache)
        dh, pooler = self.bert.pooler.backward(dp, pool_cache)  # (N, D) -> (N, T, D)
        dselected, mlm = self.mlm.backward(dwords, mlm_cache)  # (S, V) -> (S, D)
        dh[selected] += dselected  # each place once
        dx, bert = self.bert.backward(dh, bert_cache)
        pairs = ("bert", bert), ("bert.pooler", pooler), ("mlm", mlm), ("nsp", nsp)
        return (*dx, None), self.collect(*pairs)

    def output_shape(self, input_shape):
        return (self.bert.config["vocabulary"],), (2,)

    def check_inputs(self, x):
        self.check(x)
        self.bert.check_inputs(tuple(x[:3]))

    def check(self, x):
        """`selected` as booleans, or a sentence on what is wrong with x."""
        if not isinstance(x, tuple) or len(x) != 4 or np.shape(x[3]) != np.shape(x[0]):
            got = [np.shape(part) for part in x] if isinstance(x, tuple) else type(x).__name__
            raise ValueError(
                f"{self.where}: x must be the tuple (ids, mask, segments, selected) of arrays "
                f"of one shape (N, T), got {got}"
            )
        return np.asarray(x[3], bool)

    # ---- files, see checkpoint.py ----

    @classmethod
    def from_pretrained(cls, source, dtype="float32", **options):
        """As BERT.from_pretrained, for a checkpoint that has both heads."""
        config, tensors = checkpoint.read(source)
        settings = checkpoint.settings_of(config, source, pooler=True) | options
        model = cls(BERT(**settings, dtype=dtype, initializer="zeros"), initializer="zeros")
        model.build()
        names = layout.pretraining_names(settings["layers"])
        checkpoint.fill(model.params, tensors, names, source)
        return model

    def save_pretrained(self, path, dtype="float32"):
        """As BERT's, for transformers.BertForPreTraining."""
        names = layout.pretraining_names(len(self.bert.blocks))
        config = checkpoint.config_of(self.bert.config, "BertForPreTraining", dtype)
        checkpoint.write(path, config, self.params, names, dtype)


class PretrainingLoss:
    """The sum of both tasks' losses, in nats.

    Forward   L = mean over the S selected places of −log p(word)
                + mean over the N pairs of −log p(follows or not)       p: softmax of the logits
              y_true: (words (S,), follows (N,)), class ids   y_pred: ((S, V), (N, 2))
    Backward  the tuple of both losses' gradients
    Cache     both losses'

    Where nothing is selected the first mean is 0.

    Source:   Devlin et al. 2019, appendix A.2: "the sum of the mean masked LM likelihood and
              the mean next sentence prediction likelihood"
    """

    def __init__(self):
        self.task = SparseCategoricalCrossentropy(from_logits=True)

    def forward(self, y_true, y_pred):
        """((L, L of words, L of follows), cache)"""
        words, words_cache = self.task.forward(y_true[0], y_pred[0])
        follows, follows_cache = self.task.forward(y_true[1], y_pred[1])
        return (words + follows, words, follows), (words_cache, follows_cache)

    def backward(self, cache):
        return tuple(self.task.backward(part) for part in cache)


def pretraining_step(model, optimizer, x, y_true):
    """One update of a BERTForPretraining; (L, L of words, L of follows) before it, in nats.

    x: (ids shown, mask, segments, selected)   y_true: (ids[selected], follows)"""
    loss = PretrainingLoss()
    model.ensure_built(x)
    y_pred, cache = model.forward(x, training=True)
    losses, loss_cache = loss.forward(y_true, y_pred)
    _, grads = model.backward(loss.backward(loss_cache), cache)
    trained = model.trainable_params
    optimizer.step(trained, {name: grads[name] for name in trained})
    return losses
