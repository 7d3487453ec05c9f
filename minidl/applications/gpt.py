"""GPT: a text read from left to right, at every token a guess at the next."""

import json
from pathlib import Path

import numpy as np

from minidl import initializers, weights
from minidl.applications.generation import generate
from minidl.layers.activations import GELU
from minidl.layers.dense import positive_integer
from minidl.layers.dropout import Dropout
from minidl.layers.embedding import Embedding
from minidl.layers.layernorm import LayerNormalization
from minidl.layers.position import PositionEmbedding
from minidl.layers.tied import TiedDense
from minidl.layers.transformer import TransformerDecoderBlock
from minidl.models import Model


class GPT(Model):
    """Token and position vectors added, then blocks in which a token sees those before it.

    Forward   h₀ = dropout(Wordᵢ + Posₜ)          ids i: (N, T)   h: (N, T, D)
              hₗ = blockₗ(hₗ₋₁)                   TransformerDecoderBlock, causal, norm first
              y = norm(h) Wordᵀ                   (N, T, V) logits of the next token
    Backward  the same way back; Word gets two gradients, from the end and from the beginning
    Cache     one cache a child

    vocabulary, dim, layers, heads, ffn   V; D; blocks; heads of width D / heads; units inside,
                                          None: 4 D
    max_length    how many positions have a vector
    initializer   of kernels and tables: a normal of 0.02

    Row t of y guesses ids[:, t + 1]: train it with x = ids[:, :-1] and y_true = ids[:, 1:]
    under SparseCategoricalCrossentropy(from_logits=True). Padding behind a text is seen by
    none of its tokens; leave it out of the loss with `ignore_class`.

    Raises    ValueError: ids not (N, T), T > max_length, an id that the table does not have
    Source:   Radford et al. 2018; the norms first, Radford et al. 2019, §2.3; D3, D4 (text
              generation, in words)
    """

    def __init__(
        self,
        vocabulary,
        dim=128,
        layers=2,
        heads=2,
        ffn=None,
        max_length=128,
        dropout=0.1,
        epsilon=1e-5,
        initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        sizes = {"vocabulary": vocabulary, "dim": dim, "layers": layers, "heads": heads,
                 "ffn": 4 * dim if ffn is None else ffn, "max_length": max_length}  # fmt: skip
        self.config = {name: positive_integer("GPT", name, n) for name, n in sizes.items()}
        if dim % heads:
            raise ValueError(f"GPT: heads must divide dim, got dim={dim} and heads={heads}")
        initializer = initializers.get(initializer or initializers.RandomNormal(stddev=0.02))
        self.word = Embedding(vocabulary, dim, initializer)
        self.position = PositionEmbedding(max_length, initializer)
        self.word.label = f"{self.where}, table 'word'"
        self.position.label = f"{self.where}, table 'position'"
        self.dropout = Dropout(dropout)
        self.blocks = [
            TransformerDecoderBlock(
                heads, sizes["ffn"], dropout, GELU(approximate=True), "pre", epsilon,
                kernel_initializer=initializer,
            )
            for _ in range(layers)
        ]  # fmt: skip
        self.norm = LayerNormalization(epsilon=epsilon)
        self.decoder = TiedDense(self.word, use_bias=False)

    def forward(self, x, training=False):
        h, word_cache = self.word.forward(self.check(x))  # (N, T) -> (N, T, D)
        h, _ = self.position.forward(h)
        h, drop_cache = self.dropout.forward(h, training)
        caches = []
        for block in self.blocks:
            h, cache = block.forward(h, training)
            caches.append(cache)
        h, norm_cache = self.norm.forward(h)
        y, decoder_cache = self.decoder.forward(h)  # (N, T, D) -> (N, T, V)
        return y, (word_cache, drop_cache, caches, norm_cache, decoder_cache)

    def backward(self, dy, cache):
        word_cache, drop_cache, caches, norm_cache, decoder_cache = cache
        dh, decoder = self.decoder.backward(dy, decoder_cache)
        dh, norm = self.norm.backward(dh, norm_cache)
        pairs = [("decoder", decoder), ("norm", norm)]
        for i in range(len(self.blocks) - 1, -1, -1):
            dh, grads = self.blocks[i].backward(dh, caches[i])
            pairs.append((f"blocks.{i}", grads))
        dh, _ = self.dropout.backward(dh, drop_cache)
        pairs.append(("position", self.position.backward(dh, None)[1]))
        pairs.append(("word", self.word.backward(dh, word_cache)[1]))
        return None, self.collect(*reversed(pairs))

    def generate(
        self, ids, length, temperature=1.0, top_k=None, top_p=None, seed=None, rng=None
    ):
        """ids with `length` more tokens behind; see `minidl.applications.generation`."""
        rng = seed if rng is None else rng
        return generate(self, ids, length, temperature, top_k, top_p, rng)

    def save_pretrained(self, path, dtype="float32"):
        """Write NAME.safetensors, the arrays as `dtype`, and NAME.json, the sizes."""
        self.build((1,))
        path = Path(path).with_suffix(".safetensors")
        path.parent.mkdir(parents=True, exist_ok=True)
        weights.save({name: a.astype(dtype) for name, a in self.params.items()}, path)
        text = json.dumps(self.config, indent=2) + "\n"
        path.with_suffix(".json").write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def from_pretrained(cls, path, dtype="float32", **options):
        """The GPT that `save_pretrained` wrote; options: dropout, seed, name."""
        path = Path(path).with_suffix(".safetensors")
        if not path.is_file():
            raise FileNotFoundError(
                f"GPT: no file {path}: give the NAME.safetensors that save_pretrained wrote"
            )
        config = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        model = cls(**config, **options, dtype=dtype)
        model.build((1,))
        weights.load_into(model.params, path, model.where)
        return model

    def output_shape(self, input_shape):
        return (*input_shape, self.config["vocabulary"])

    def compute_mask(self, x, mask=None):
        return mask

    def check_inputs(self, x):
        self.word.check(self.check(x))

    def check(self, x):
        """ids as an array (N, T), or a sentence on their shape."""
        ids, L = np.asarray(x), self.config["max_length"]
        if ids.ndim != 2 or ids.shape[1] > L:
            raise ValueError(
                f"{self.where}: ids must have shape (N, T), T at most max_length={L}, got "
                f"{ids.shape}: put a single text in a list, cut longer ones"
            )
        return ids
