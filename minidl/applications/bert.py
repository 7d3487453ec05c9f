"""BERT: a text read in both directions at once, a vector for every token of it."""

import numpy as np

from minidl import initializers
from minidl.applications import bert_layout as layout
from minidl.applications import checkpoint
from minidl.applications.bert_parameters import bert_parameters, count_params_of
from minidl.applications.pooler import Pooler
from minidl.layers.activations import GELU, ReLU
from minidl.layers.dense import positive_integer
from minidl.layers.dropout import Dropout
from minidl.layers.embedding import Embedding
from minidl.layers.layernorm import LayerNormalization
from minidl.layers.position import PositionEmbedding
from minidl.layers.transformer import TransformerEncoderBlock
from minidl.models import Model

__all__ = ["BERT", "bert_parameters"]

ACTIVATIONS = {"gelu": False, "gelu_new": True, "gelu_pytorch_tanh": True}  # approximate?


class BERT(Model):
    """Token, position and segment vectors added, then blocks in which each token sees all.

    Forward   h₀ = dropout(norm(Wordᵢ + Posₜ + Segₛ))          ids i: (N, T)   h: (N, T, D)
              hₗ = blockₗ(hₗ₋₁), l = 1 … layers                see TransformerEncoderBlock
              y = the last h; `pooler` makes one vector of a text of it
    Backward  from the last block to the first; dh₀ goes to all three tables
    Cache     one cache a child

    x             ids; or the tuple (ids, mask), or (ids, mask, segments), each (N, T)
    mask          True where there is a token, False at padding: nobody looks there
    segments      0 or 1: of two sentences the first or second; None: all 0
    vocabulary, dim, layers, heads, ffn    V; D; blocks; heads of width D / heads; units inside
    max_length, segments                   how many positions and segments have a vector
    epsilon, activation                    the norms' ε; "gelu" (exact), "gelu_new" or "relu"
    pooler        False leaves it out. The output does not depend on it, so its gradient is 0
                  unless a head behind it adds one (BERTClassifier, BERTForPretraining)
    initializer   of kernels and tables: a normal of 0.02, cut at two of these

    Raises    ValueError: a mask or segments of another shape than ids, T > max_length, an id
              or a segment that no table has
    Source:   D4 §3.1, §5.2; Devlin et al. 2019, §3
    """

    def __init__(
        self,
        vocabulary,
        dim=128,
        layers=2,
        heads=2,
        ffn=512,
        max_length=128,
        segments=2,
        dropout=0.1,
        epsilon=1e-12,
        activation="gelu",
        pooler=True,
        initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        sizes = {"vocabulary": vocabulary, "dim": dim, "layers": layers, "heads": heads,
                 "ffn": ffn, "max_length": max_length, "segments": segments}  # fmt: skip
        sizes = {name: positive_integer("BERT", name, n) for name, n in sizes.items()}
        self.config = {**sizes, "dropout": float(dropout), "epsilon": epsilon,
                       "activation": activation, "pooler": bool(pooler)}  # fmt: skip
        check_config(self.config)
        initializer = initializers.get(initializer or initializers.TruncatedNormal(stddev=0.02))
        self.word = Embedding(vocabulary, dim, initializer)
        self.position = PositionEmbedding(max_length, initializer)
        self.segment = Embedding(segments, dim, initializer)
        for name, table in self.children.items():
            table.label = f"{self.where}, table {name!r}"
        self.norm, self.dropout = LayerNormalization(epsilon=epsilon), Dropout(dropout)
        self.blocks = [
            TransformerEncoderBlock(
                heads, ffn, dropout, make_activation(activation), "post", epsilon,
                kernel_initializer=initializer,
            )
            for _ in range(layers)
        ]  # fmt: skip
        self.pooler = Pooler(dim, kernel_initializer=initializer) if pooler else None

    def build(self, input_shape=(1,), rng=None, input_dtype="int64"):
        super().build(input_shape, rng, input_dtype)
        if self.pooler is not None:  # forward does not come by it
            self.pooler.build((None, self.config["dim"]), self.pooler.rng)

    def forward(self, x, training=False, mask=None, segments=None):
        y, caches = None, []
        for y, cache in self._run(x, training, mask, segments):  # noqa: B007
            caches.append(cache)
        return y, (caches, len(x) if isinstance(x, tuple) else 0)

    def outputs(self, x, training=False, mask=None, segments=None):
        y = None
        for y, _ in self._run(x, training, mask, segments):  # noqa: B007
            pass  # each cache dies before the next block runs
        return y

    def _run(self, x, training, mask, segments):
        """(h, cache) of the embeddings, then of each block."""
        ids, mask, segments = self.check(x, mask, segments)
        h, cache = self.embed(ids, segments, training)
        yield h, cache
        # (N, 1, 1, T): padding is not looked at, by any head or position
        seen = None if mask is None else mask[:, None, None, :]
        for block in self.blocks:
            h, cache = block.forward(h, training, attention_mask=seen)
            yield h, cache

    def embed(self, ids, segments, training):
        """(N, T) -> (N, T, D): what the first block reads."""
        h, word_cache = self.word.forward(ids)
        h, _ = self.position.forward(h)
        shared = segments is None  # one vector for all places
        s, segment_cache = self.segment.forward(np.zeros((1, 1), int) if shared else segments)
        h += s  # (N, T, D) + (N, T, D), or + (1, 1, D); position.forward made h
        h, norm_cache = self.norm.forward(h)
        h, drop_cache = self.dropout.forward(h, training)
        return h, (word_cache, segment_cache, shared, norm_cache, drop_cache)

    def embed_back(self, dh, cache):
        """{child: gradients} of embed."""
        word_cache, segment_cache, shared, norm_cache, drop_cache = cache
        dh, _ = self.dropout.backward(dh, drop_cache)
        dh, norm = self.norm.backward(dh, norm_cache)
        ds = dh.sum(axis=(0, 1), keepdims=True) if shared else dh
        return {
            "word": self.word.backward(dh, word_cache)[1],
            "position": self.position.backward(dh, None)[1],
            "segment": self.segment.backward(ds, segment_cache)[1],
            "norm": norm,
        }

    def backward(self, dy, cache):
        (embed_cache, *block_caches), width = cache
        pairs = []
        for i in range(len(self.blocks) - 1, -1, -1):
            dy, grads = self.blocks[i].backward(dy, block_caches[i])
            pairs.append((f"blocks.{i}", grads))
        pairs += reversed(self.embed_back(dy, embed_cache).items())
        if self.pooler is not None:
            zeros = {name: np.zeros_like(a) for name, a in self.pooler.params.items()}
            pairs.insert(0, ("pooler", zeros))
        return ((None,) * width or None), self.collect(*reversed(pairs))

    def output_shape(self, input_shape):
        T = (input_shape[0] if isinstance(input_shape[0], tuple) else input_shape)[0]
        return (T, self.config["dim"])

    def compute_mask(self, x, mask=None):
        return x[1] if isinstance(x, tuple) and len(x) > 1 else mask

    # ---- what can be wrong ----

    def check_inputs(self, x):
        ids, _, segments = self.check(x)
        self.word.check(ids)
        if segments is not None:
            self.segment.check(segments)

    def check(self, x, mask=None, segments=None):
        """(ids, mask, segments) of x and the keywords, or a sentence on their shapes."""
        parts = x if isinstance(x, tuple) else (x,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                f"{self.where}: x must be ids, (ids, mask) or (ids, mask, segments), got a "
                f"tuple of {len(parts)}"
            )
        mask = parts[1] if len(parts) > 1 else mask
        segments = parts[2] if len(parts) > 2 else segments
        ids = np.asarray(parts[0])
        if ids.ndim != 2:
            raise ValueError(
                f"{self.where}: ids must have shape (N, T), got {ids.shape}: put a single text "
                "in a list, [ids]"
            )
        for name, part in (("mask", mask), ("segments", segments)):
            if part is not None and np.shape(part) != ids.shape:
                raise ValueError(
                    f"{self.where}: {name} must have ids' shape {ids.shape}, got "
                    f"{np.shape(part)}: one entry for each token"
                )
        return ids, None if mask is None else np.asarray(mask, bool), segments

    count_params_of = staticmethod(count_params_of)  # of a config.json, without allocating

    # ---- files, see checkpoint.py ----

    @classmethod
    def from_pretrained(cls, source, dtype="float32", **options):
        """A BERT with the weights of a Hugging Face checkpoint, its model.safetensors and
        config.json in a folder, in a .zip, or inside an installed package, named as for pip;
        or of NAME.safetensors and NAME.json.

        options   what the config does not decide, or is to differ: dropout, seed, name"""
        config, tensors = checkpoint.read(source)
        settings = checkpoint.settings_of(config, source, pooler=layout.POOLER in tensors)
        bert = cls(**{**settings, **options}, dtype=dtype, initializer="zeros")
        bert.build()
        names = layout.encoder_names(settings["layers"], bert.pooler is not None)
        checkpoint.fill(bert.params, tensors, names, source)
        return bert

    def save_pretrained(self, path, dtype="float32"):
        """Write what transformers.BertModel reads into a folder, or NAME.safetensors."""
        names = layout.encoder_names(len(self.blocks), self.pooler is not None)
        config = checkpoint.config_of(self.config, "BertModel", dtype)
        checkpoint.write(path, config, self.params, names, dtype)


def make_activation(name):
    return ReLU() if name == "relu" else GELU(approximate=ACTIVATIONS[name])


def check_config(config):
    """A sentence where an activation is unknown, or the heads cannot share D evenly."""
    activation, D, heads = config["activation"], config["dim"], config["heads"]
    if activation != "relu" and activation not in ACTIVATIONS:
        names = ", ".join(["relu", *ACTIVATIONS])
        raise ValueError(f"BERT: activation must be one of {names}, got {activation!r}")
    if D % heads:
        raise ValueError(
            f"BERT: heads must divide dim, got dim={D} and heads={heads}: each head takes an "
            "equal share of the features"
        )
