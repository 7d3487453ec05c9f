"""TextCNN: which class a text is of, from the runs of neighbouring tokens in it."""

import numpy as np

from minidl.composite import Composite
from minidl.layers.conv1d import Conv1D
from minidl.layers.dense import Dense, positive_integer
from minidl.layers.dropout import Dropout
from minidl.layers.embedding import Embedding
from minidl.layers.pooling import GlobalMaxPooling1D
from minidl.models import Sequential


class TextCNN(Sequential):
    """Looks for patterns of K neighbouring tokens anywhere in a text, and weighs those found.

    Forward   Embedding -> Conv1D(relu) -> GlobalMaxPooling1D -> Dropout -> Dense(softmax)
              x: (N, T) ids   y: (N, classes)
              with several kernel sizes an NGramFeatures in place of the middle two
    Backward  Sequential's
    Cache     Sequential's

    vocabulary    V, the number of ids: len(word_index) + 1, or the Tokenizer's num_words
    dim           D, the width of a token's vector
    filters       M, the number of patterns of each size
    kernel_sizes  the tokens in a pattern: 3, or (2, 3, 4)
    dropout       with 0 and one kernel size these are D0's four layers

    Raises    ValueError: no kernel size, or a size that is no positive integer
    Source:   D0 §4.3, §5.2; several kernel sizes and the dropout, Kim 2014
    """

    def __init__(
        self,
        vocabulary,
        classes,
        dim=64,
        filters=128,
        kernel_sizes=(3,),
        dropout=0.5,
        seed=None,
        **kwargs,
    ):
        sizes = as_sizes("TextCNN", kernel_sizes)
        if len(sizes) == 1:
            features = [Conv1D(filters, sizes[0], activation="relu"), GlobalMaxPooling1D()]
        else:
            features = [NGramFeatures(filters, sizes)]
        layers = [
            Embedding(positive_integer("TextCNN", "vocabulary", vocabulary), dim),
            *features,
            *([Dropout(dropout)] if dropout else []),
            Dense(positive_integer("TextCNN", "classes", classes), activation="softmax"),
        ]
        super().__init__(layers, seed=seed, **kwargs)

    def patterns(self, ids, letters, count=4):
        """[(push, n-grams)], a pair for each filter: what the model looks for.

        push      what the filter adds to log p₁/p₀, hₘ (Vₘ₁ − Vₘ₀), in the mean over the texts
        n-grams   the `count` different ones that it answers most, as str
        letters   {id: token}; n-grams with an id that is not in it are left out
        """
        x, V, found = self.layers[0](ids), self.layers[-1].params["W"], []
        for convolution in getattr(self.layers[1], "convolutions", [self.layers[1]]):
            for answers in np.moveaxis(convolution(x), 2, 0):  # (N, T', M) -> M of (N, T')
                weight = V[len(found), 1] - V[len(found), 0]
                push = float(answers.max(axis=1).mean() * weight)
                windows = strongest(ids, answers, convolution.kernel_size, letters, count)
                found.append((push, windows))
        return found


def strongest(ids, answers, K, letters, count):
    """The different n-grams of K tokens at the places with the largest answers."""
    found = {}
    for place in np.argsort(-answers, axis=None, kind="stable"):
        n, t = divmod(int(place), answers.shape[1])
        if len(found) == count or answers[n, t] <= 0:
            break
        tokens = [letters.get(int(i)) for i in ids[n, t : t + K]]
        if None not in tokens:
            found["".join(tokens)] = True
    return list(found)


class NGramFeatures(Composite):
    """How strongly each pattern occurs in a sequence: patterns of several sizes side by side.

    Forward   y = [maxₜ relu(Conv1D_1(x)ₜ), …, maxₜ relu(Conv1D_S(x)ₜ)]
              x: (N, T, D)   one Conv1D of M filters a size   y: (N, S M)
    Backward  dy is cut into S parts; each goes back through its own pooling and Conv1D, and
              x, which all of them read, gets the sum: dx = Σₛ dxₛ
    Cache     what each Conv1D and each pooling keeps

    A mask ends here: see Conv1D.

    Raises    ValueError: x is not (N, T, D), or shorter than the largest size
    Source:   Kim 2014
    """

    def __init__(self, filters, kernel_sizes, **kwargs):
        super().__init__(**kwargs)
        sizes = as_sizes("NGramFeatures", kernel_sizes)
        self.convolutions = [Conv1D(filters, K, activation="relu") for K in sizes]
        self.pooling = GlobalMaxPooling1D()

    def forward(self, x, training=False):
        parts, caches = [], []
        for convolution in self.convolutions:
            z, conv_cache = convolution.forward(x)  # (N, T, D) -> (N, T', M)
            y, pool_cache = self.pooling.forward(z)  # (N, T', M) -> (N, M)
            parts.append(y)
            caches.append((conv_cache, pool_cache))
        return np.concatenate(parts, axis=1), caches  # S of (N, M) -> (N, S M)

    def backward(self, dy, cache):
        dx, pairs = 0, []
        for s, (conv_cache, pool_cache) in enumerate(cache):
            M = self.convolutions[s].filters
            dz, _ = self.pooling.backward(dy[:, s * M : (s + 1) * M], pool_cache)
            dx_s, grads = self.convolutions[s].backward(dz, conv_cache)
            dx = dx + dx_s
            pairs.append((f"convolutions.{s}", grads))
        return dx, self.collect(*pairs)

    def output_shape(self, input_shape):
        return (sum(convolution.filters for convolution in self.convolutions),)

    def compute_mask(self, x, mask=None):
        return None


def as_sizes(layer, kernel_sizes):
    """A tuple of positive integers, also from a single one, or a sentence."""
    single = not isinstance(kernel_sizes, tuple | list | range)
    sizes = (kernel_sizes,) if single else tuple(kernel_sizes)
    if not sizes:
        raise ValueError(
            f"{layer}: kernel_sizes must hold at least one size, got {kernel_sizes!r}: 3 is a "
            "good start"
        )
    return tuple(positive_integer(layer, "kernel_sizes", size) for size in sizes)
