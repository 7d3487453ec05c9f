"""BERTClassifier: which class a text is of, by an encoder that has read other texts before."""

import copy

from minidl.applications.bert import BERT
from minidl.layers.activations import Linear
from minidl.layers.dense import Dense, positive_integer
from minidl.layers.dropout import Dropout
from minidl.layers.pooling import GlobalAveragePooling1D
from minidl.models import Model


class BERTClassifier(Model):
    """A BERT, one vector of its output for each text, and a Dense layer on it.

    Forward   h = bert(x)                     x: ids, (ids, mask) or (ids, mask, segments)
              p = pooler(h), or the mean of h over the positions that the mask keeps   (N, D)
              y = softmax(dropout(p) W + b)   (N, classes); of one class σ(…), (N, 1)
    Backward  through the head, the pooling, then the encoder
    Cache     one cache a child

    pooling            "cls": the encoder's pooler, on [CLS]; "mean": padding is not counted
    trainable_encoder  False freezes it, pooler too: only W and b learn
    dropout            before W; None: as in the encoder

    Trains on its logits under a cross-entropy: see `split_head`. Without a seed of its own it
    takes the encoder's.

    Raises    TypeError: bert is no BERT; ValueError: another pooling, or no pooler in bert
    Source:   D4 §3.3, §5.2 (the mean there counts the padding); Devlin et al. 2019, §3.2
    """

    def __init__(
        self, bert, classes, pooling="cls", trainable_encoder=True, dropout=None, **kwargs
    ):
        check_encoder(bert, pooling)
        kwargs = {"seed": bert.seed, "dtype": bert.dtype, **kwargs}
        super().__init__(**kwargs)
        self.bert = bert
        classes = positive_integer("BERTClassifier", "classes", classes)
        self.pooling = None if pooling == "cls" else GlobalAveragePooling1D()
        self.dropout = Dropout(bert.config["dropout"] if dropout is None else dropout)
        self.head = Dense(classes, "sigmoid" if classes == 1 else "softmax")
        if not trainable_encoder:
            bert.trainable = False

    def forward(self, x, training=False, mask=None, segments=None):
        h, bert_cache = self.bert.forward(x, training, mask, segments)
        p, pool_cache = self.pool(h, self.bert.compute_mask(x, mask))  # (N, T, D) -> (N, D)
        p, drop_cache = self.dropout.forward(p, training)
        y, head_cache = self.head.forward(p)
        return y, (bert_cache, pool_cache, drop_cache, head_cache)

    def outputs(self, x, training=False, mask=None, segments=None):
        h = self.bert.outputs(x, training, mask, segments)  # its caches die on the way
        p, _ = self.pool(h, self.bert.compute_mask(x, mask))
        return self.head.forward(self.dropout.forward(p, training)[0])[0]

    def pool(self, h, mask):
        if self.pooling is None:
            return self.bert.pooler.forward(h)
        return self.pooling.forward(h, mask=mask)

    def backward(self, dy, cache):
        bert_cache, pool_cache, drop_cache, head_cache = cache
        dp, head = self.head.backward(dy, head_cache)
        dp, _ = self.dropout.backward(dp, drop_cache)
        layer = self.pooling or self.bert.pooler
        dh, pooler = layer.backward(dp, pool_cache)  # (N, D) -> (N, T, D)
        dx, bert = self.bert.backward(dh, bert_cache)
        return dx, self.collect(("bert", bert), ("bert.pooler", pooler), ("head", head))

    def output_shape(self, input_shape):
        return (self.head.units,)

    def compute_mask(self, x, mask=None):
        return None

    def check_inputs(self, x):
        self.bert.check_inputs(x)

    def split_head(self):
        bare = copy.copy(self)  # shares the arrays, ends in logits
        bare.head = copy.copy(self.head)
        bare.head.activation = Linear()
        return bare, self.head.activation


def check_encoder(bert, pooling):
    if not isinstance(bert, BERT):
        raise TypeError(
            f"BERTClassifier: bert must be a BERT, got {type(bert).__name__}: pass BERT(…) or "
            "BERT.from_pretrained(…)"
        )
    if pooling not in ("cls", "mean"):
        raise ValueError(f"BERTClassifier: pooling must be 'cls' or 'mean', got {pooling!r}")
    if pooling == "cls" and bert.pooler is None:
        raise ValueError(
            "BERTClassifier: pooling='cls' needs the encoder's pooler, and this one has none: "
            "make the BERT with pooler=True, or use pooling='mean'"
        )
