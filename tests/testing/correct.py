# ruff: noqa: RUF059
"""A bank of right gradients that other checkers reject: kinks, ties, masks, extreme values."""

import random

import numpy as np

from minidl import Layer, layers, losses
from tests.testing.mutants import attention, bert, conv1d, recurrent, sequences, tables

CASES = {}


def case(make):
    """make(rng) -> (target, x) or (target, x, arguments of gradcheck)."""
    CASES[make.__name__] = make
    return make


def table(rng, *shape):
    return rng.standard_normal(shape or (4, 5))


def with_zeros(rng, *shape):
    """A third of the numbers are exactly 0."""
    x = table(rng, *shape)
    return np.where(rng.random(x.shape) < 0.35, 0.0, x)


def with_ties(rng, *shape):
    """Few different values, so that maxima are reached more than once."""
    return rng.integers(-1, 2, shape or (4, 5)).astype(float)


def elementwise(function, slope):
    """A (forward, backward) pair of y = function(x), dx = dy · slope(x)."""
    return (lambda x: (function(x), x)), (lambda dy, x: dy * slope(x))


# ---- kinks ----


@case
def relu(rng):
    return layers.ReLU(), table(rng)


@case
def relu_zeros(rng):
    return layers.ReLU(), with_zeros(rng)


@case
def relu_all_zero(rng):
    return layers.ReLU(), np.zeros((3, 4))


@case
def relu_slope_one_at_zero(rng):
    return elementwise(lambda x: np.maximum(x, 0), lambda x: x >= 0), with_zeros(rng)


@case
def relu_slope_half_at_zero(rng):
    slope = lambda x: 0.5 + 0.5 * np.sign(x)  # noqa: E731
    return elementwise(lambda x: np.maximum(x, 0), slope), with_zeros(rng)


@case
def relu_near_zero(rng):
    return layers.ReLU(), table(rng) * 1e-5


@case
def leaky_relu(rng):
    slope = lambda x: np.where(x > 0, 1.0, 0.1)  # noqa: E731
    return elementwise(lambda x: np.where(x > 0, x, 0.1 * x), slope), with_zeros(rng)


@case
def absolute(rng):
    return elementwise(np.abs, np.sign), with_zeros(rng)


@case
def clip(rng):
    slope = lambda x: (np.abs(x) <= 1) * 1.0  # noqa: E731
    return elementwise(lambda x: np.clip(x, -1, 1), slope), with_ties(rng)


@case
def hard_sigmoid(rng):
    slope = lambda x: (np.abs(x) < 2.5) * 0.2  # noqa: E731
    x = np.where(rng.random((4, 5)) < 0.3, 2.5, table(rng) * 2)
    return elementwise(lambda x: np.clip(0.2 * x + 0.5, 0, 1), slope), x


@case
def squared_relu(rng):
    return elementwise(
        lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0)
    ), with_zeros(rng)


@case
def dense_relu(rng):
    return layers.Dense(3, activation="relu"), with_zeros(rng)


@case
def dense_relu_zero_rows(rng):
    """z is exactly 0 in every unit of the zero rows."""
    x = table(rng)
    x[1:3] = 0
    return layers.Dense(3, activation="relu"), x


def two_layers(x, V, b, W):
    z = x @ V + b
    h = np.maximum(z, 0)
    return h @ W, (x, V, h, z, W)


def two_layers_backward(dy, cache):
    x, V, h, z, W = cache
    dz = dy @ W.T * (z > 0)
    return dz @ V.T, x.T @ dz, dz.sum(0), h.T @ dy


@case
def hidden_kinks(rng):
    x = table(rng, 3, 4)
    x[1] = 0
    return (two_layers, two_layers_backward), (
        x,
        table(rng, 4, 5),
        np.zeros(5),
        table(rng, 5, 2),
    )


@case
def hidden_kinks_all_zero(rng):
    return (two_layers, two_layers_backward), (
        np.zeros((2, 3)), table(rng, 3, 4), np.zeros(4), table(rng, 4, 2),
    )  # fmt: skip


# ---- ties ----


def max_first(x):
    return x.max(axis=1), (x.shape, x.argmax(axis=1))


def max_first_backward(dy, cache):
    shape, where = cache
    dx = np.zeros(shape)
    np.put_along_axis(dx, where[:, None], dy[:, None], axis=1)
    return dx


def max_split_backward(dy, cache):
    x, mask = cache
    return dy[:, None] * mask / mask.sum(1, keepdims=True)


def max_split(x):
    return x.max(axis=1), (x, (x == x.max(1, keepdims=True)) * 1.0)


@case
def max_ties_first(rng):
    return (max_first, max_first_backward), with_ties(rng, 3, 5, 2)


@case
def max_ties_shared(rng):
    return (max_split, max_split_backward), with_ties(rng, 3, 5, 2)


@case
def max_all_equal(rng):
    return (max_first, max_first_backward), np.full((2, 4, 3), 0.7)


@case
def max_near_ties(rng):
    return (max_split, max_split_backward), 1 + 1e-5 * table(rng, 3, 5, 2)


@case
def global_max_pooling(rng):
    return layers.GlobalMaxPooling1D(), with_ties(rng, 2, 6, 3)


@case
def max_pooling(rng):
    return layers.MaxPooling1D(2), with_ties(rng, 2, 6, 3)


@case
def average_pooling(rng):
    return layers.AveragePooling1D(2), table(rng, 2, 6, 3)


@case
def median_by_sorting(rng):
    def forward(x):
        order = np.argsort(x, axis=1, kind="stable")
        return np.take_along_axis(x, order, 1)[:, 2:3], (x.shape, order)

    def backward(dy, cache):
        shape, order = cache
        dx = np.zeros(shape)
        np.put_along_axis(dx, order[:, 2:3], dy, 1)
        return dx

    return (forward, backward), table(rng, 4, 5)


@case
def maximum_of_two(rng):
    forward = lambda a, b: (np.maximum(a, b), a >= b)  # noqa: E731
    return (forward, lambda dy, m: (dy * m, dy * ~m)), (with_ties(rng), with_ties(rng))


# ---- random layers ----


@case
def dropout(rng):
    return layers.Dropout(0.5), table(rng), {"training": True}


@case
def dropout_in_prediction(rng):
    return layers.Dropout(0.5), table(rng)


@case
def dropout_rate_zero(rng):
    return layers.Dropout(0.0), table(rng), {"training": True}


@case
def dropout_global_numpy(rng):
    def forward(x):
        mask = np.random.rand(*x.shape) < 0.6
        return x * mask, mask

    return (forward, lambda dy, mask: dy * mask), table(rng)


@case
def dropout_global_python(rng):
    def forward(x):
        keep = random.random()
        return x * keep, keep

    return (forward, lambda dy, keep: dy * keep), table(rng)


@case
def dropout_closure(rng):
    stream = np.random.default_rng(3)

    def forward(x, p):
        mask = stream.random(x.shape) >= p
        return x * mask / (1 - p), (mask, p)

    return (forward, lambda dy, cache: dy * cache[0] / (1 - cache[1])), (table(rng), 0.3)


STREAM = np.random.RandomState(5)


@case
def dropout_module_stream(rng):
    def forward(x):
        mask = STREAM.uniform(size=x.shape) < 0.5
        return x * mask, mask

    return (forward, lambda dy, mask: dy * mask), table(rng)


class Noise(Layer):
    """Gaussian noise from the layer's own stream, in training."""

    def forward(self, x, training=False):
        return (x + self.rng.standard_normal(x.shape) if training else x), None

    def backward(self, dy, cache):
        return dy, {}


@case
def noise(rng):
    return Noise(), table(rng), {"training": True}


# ---- normalisation ----


class BatchNorm(Layer):
    """Batch statistics in training, running ones otherwise."""

    mixes_batch = True

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        D = input_shape[-1]
        self.params["gamma"] = self.rng.uniform(0.5, 2, D)
        self.params["beta"] = self.rng.standard_normal(D)
        self.state.update(mean=self.rng.standard_normal(D), var=self.rng.uniform(0.5, 2, D))

    def forward(self, x, training=False):
        axes = tuple(range(x.ndim - 1))
        mean, var = self.state["mean"], self.state["var"]
        if training:
            mean, var = x.mean(axes), x.var(axes)
            self.state["mean"][...] = 0.9 * self.state["mean"] + 0.1 * mean
            self.state["var"][...] = 0.9 * self.state["var"] + 0.1 * var
        s = 1 / np.sqrt(var + 1e-3)
        xhat = (x - mean) * s
        return self.params["gamma"] * xhat + self.params["beta"], (xhat, s, training, axes)

    def backward(self, dy, cache):
        xhat, s, training, axes = cache
        grads = {"gamma": (dy * xhat).sum(axes), "beta": dy.sum(axes)}
        dz = dy * self.params["gamma"]
        if training:
            dz = dz - dz.mean(axes) - xhat * (dz * xhat).mean(axes)
        return dz * s, grads


@case
def batchnorm_training(rng):
    return BatchNorm(), table(rng, 6, 3), {"training": True}


@case
def batchnorm_prediction(rng):
    return BatchNorm(), table(rng, 6, 3)


@case
def batchnorm_sequences(rng):
    return BatchNorm(), table(rng, 3, 4, 2), {"training": True}


@case
def batchnorm_constant_column(rng):
    x = table(rng, 5, 3)
    x[:, 1] = 2.0
    return BatchNorm(), x, {"training": True}


@case
def batchnorm_huge(rng):
    return BatchNorm(), 1e4 * table(rng, 5, 3), {"training": True}


@case
def batchnorm_one_row(rng):
    return BatchNorm(), table(rng, 1, 3), {"training": True}


def layernorm(x, gamma, beta):
    s = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    xhat = (x - x.mean(-1, keepdims=True)) * s
    return gamma * xhat + beta, (xhat, s, gamma)


def layernorm_backward(dy, cache):
    xhat, s, gamma = cache
    dz = dy * gamma
    mean = dz.mean(-1, keepdims=True) + xhat * (dz * xhat).mean(-1, keepdims=True)
    axes = tuple(range(dy.ndim - 1))
    return s * (dz - mean), (dy * xhat).sum(axes), dy.sum(axes)


@case
def layernorm_usual(rng):
    return (layernorm, layernorm_backward), (table(rng), table(rng, 5), table(rng, 5))


@case
def layernorm_large_mean(rng):
    return (layernorm, layernorm_backward), (100 + table(rng), table(rng, 5), table(rng, 5))


@case
def layernorm_small_spread(rng):
    return (layernorm, layernorm_backward), (1e-3 * table(rng), table(rng, 5), table(rng, 5))


# ---- extreme values ----


@case
def sigmoid_saturated(rng):
    return layers.Sigmoid(), 50 * table(rng)


@case
def tanh_saturated(rng):
    return layers.Tanh(), 30 * table(rng)


@case
def softmax_saturated(rng):
    return layers.Softmax(), 1e3 * table(rng)


@case
def softmax_equal_logits(rng):
    return layers.Softmax(), np.full((3, 4), 1e4)


@case
def dense_huge(rng):
    return layers.Dense(3), 1e4 * table(rng)


@case
def dense_tanh_huge(rng):
    return layers.Dense(3, activation="tanh"), 1e4 * table(rng)


@case
def dense_tiny(rng):
    return layers.Dense(3, activation="sigmoid"), 1e-8 * table(rng)


@case
def tiny_outputs(rng):
    return elementwise(lambda x: 1e-12 * np.sin(x), lambda x: 1e-12 * np.cos(x)), table(rng)


@case
def huge_outputs(rng):
    return elementwise(lambda x: 1e12 * np.sin(x), lambda x: 1e12 * np.cos(x)), table(rng)


@case
def fast_sine(rng):
    return elementwise(np.sin, np.cos), 1e4 * table(rng)


@case
def logarithm_near_zero(rng):
    return elementwise(np.log, lambda x: 1 / x), 10.0 ** rng.uniform(-8, 2, (4, 5))


@case
def square_root_near_zero(rng):
    return elementwise(np.sqrt, lambda x: 0.5 / np.sqrt(x)), 10.0 ** rng.uniform(-8, 2, (4, 5))


@case
def reciprocal(rng):
    x = 10.0 ** rng.uniform(-3, 3, (4, 5))
    return elementwise(lambda x: 1 / x, lambda x: -1 / x**2), x


@case
def exponential(rng):
    return elementwise(np.exp, np.exp), 20 * table(rng)


@case
def cube_at_zero(rng):
    return elementwise(lambda x: x * x * x, lambda x: 3 * x * x), with_zeros(rng)


@case
def power_one_and_a_half(rng):
    slope = lambda x: 1.5 * np.sqrt(np.abs(x)) * np.sign(x)  # noqa: E731
    return elementwise(lambda x: np.abs(x) ** 1.5, slope), with_zeros(rng)


@case
def gelu(rng):
    return layers.GELU(), 5 * table(rng)


@case
def gelu_tanh(rng):
    return layers.GELU(approximate=True), 5 * table(rng)


# ---- shapes, dtypes, memory ----


@case
def float32_dense(rng):
    return layers.Dense(3, activation="tanh"), table(rng).astype(np.float32)


@case
def float16_input(rng):
    return layers.Dense(3), table(rng).astype(np.float16)


@case
def fortran_order(rng):
    return layers.Dense(3), np.asfortranarray(table(rng))


@case
def strided(rng):
    return layers.Dense(3), table(rng, 8, 10)[::2, ::2]


@case
def negative_strides(rng):
    return layers.Dense(3, activation="sigmoid"), table(rng)[::-1, ::-1]


@case
def one_row(rng):
    return layers.Dense(3, activation="softmax"), table(rng, 1, 5)


@case
def one_number(rng):
    return layers.Dense(1), table(rng, 1, 1)


@case
def dense_over_time(rng):
    return layers.Dense(3, activation="relu"), table(rng, 2, 3, 4)


@case
def scalar(rng):
    return elementwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2), float(rng.standard_normal())


@case
def named_arguments(rng):
    forward = lambda x, W, mode="a": (x @ W, (x, W))  # noqa: E731
    backward = lambda dy, c: {"dW": c[0].T @ dy, "dx": dy @ c[1].T}  # noqa: E731
    return (forward, backward), {"x": table(rng), "W": table(rng, 5, 2), "mode": "b"}


@case
def config_argument(rng):
    def forward(x, W, param):
        return param["scale"] * x @ W, (x, W, param)

    def backward(dy, cache):
        x, W, param = cache
        return param["scale"] * dy @ W.T, param["scale"] * x.T @ dy

    return (forward, backward), (table(rng), table(rng, 5, 2), {"scale": 3.0, "pad": 1})


# ---- tables, sequences ----


@case
def embedding_repeats(rng):
    return layers.Embedding(6, 3), rng.integers(0, 6, (3, 4))


@case
def embedding_no_repeats(rng):
    return layers.Embedding(6, 3), rng.permutation(6).reshape(2, 3)


@case
def embedding_one_id(rng):
    return layers.Embedding(6, 3), np.array([[2]])


@case
def convolution(rng):
    return layers.Conv1D(3, 3, activation="relu"), with_zeros(rng, 2, 6, 2)


@case
def convolution_same(rng):
    return layers.Conv1D(3, 3, padding="same"), table(rng, 2, 5, 2)


@case
def convolution_pair(rng):
    return (conv1d.forward, conv1d.backward), conv1d.sizes(2, 5, 2, 3)(rng)


@case
def rnn(rng):
    return (recurrent.rnn, recurrent.rnn_backward), recurrent.sizes(2, 3, 2, 3)(rng)


@case
def rnn_one_step(rng):
    return (recurrent.rnn, recurrent.rnn_backward), recurrent.sizes(1, 1, 2, 3)(rng)


@case
def lstm_pair(rng):
    return (recurrent.lstm, recurrent.lstm_backward), recurrent.lstm_sizes(rng)


@case
def attention_pair(rng):
    return (attention.forward, attention.backward), attention.tensors(rng)


@case
def causal_attention(rng):
    return (attention.causal, attention.backward), attention.tensors(rng)


@case
def heads_with_padding(rng):
    mask = np.array([[True, True, False], [False, False, False]])
    arguments = {"kwargs": {"mask": mask, "use_causal_mask": True}}
    return layers.MultiHeadAttention(2, 2), table(rng, 2, 3, 4), arguments


@case
def heads_with_dropout(rng):
    layer = layers.MultiHeadAttention(2, 2, dropout=0.3)
    return layer, (table(rng, 2, 2, 3), table(rng, 2, 3, 4)), {"training": True}


@case
def position_embedding_longer_than_x(rng):
    return layers.PositionEmbedding(5), table(rng, 2, 3, 4)


@case
def residual_relu(rng):
    return layers.Residual(layers.Dense(4, "relu")), with_zeros(rng, 2, 3, 4)


@case
def tied_table(rng):
    return tables.TiedWords(), rng.integers(0, 4, (2, 3))


@case
def encoder_block(rng):
    return layers.TransformerEncoderBlock(2, 3), table(rng, 2, 3, 4), sequences.SAMPLED


@case
def encoder_block_first_norm(rng):
    block = layers.TransformerEncoderBlock(2, 3, dropout=0.2, norm="pre")
    return block, table(rng, 2, 3, 4), {"training": True, **sequences.SAMPLED}


@case
def decoder_block_with_encoded(rng):
    x = table(rng, 2, 2, 4), table(rng, 2, 3, 6)
    return layers.TransformerDecoderBlock(2, 3), x, sequences.SAMPLED


@case
def masked_word_head(rng):
    return bert.word_head(), table(rng, 3, 4)


@case
def gpt(rng):
    return bert.gpt_model(), rng.integers(0, 4, (2, 3)), sequences.SAMPLED


@case
def flatten(rng):
    return layers.Flatten(), table(rng, 2, 3, 4)


# ---- losses ----


@case
def mean_squared_error(rng):
    return losses.MeanSquaredError(), table(rng), {"y_true": table(rng)}


@case
def mean_absolute_error_at_zero(rng):
    y = table(rng)
    return (
        losses.MeanAbsoluteError(),
        np.where(rng.random(y.shape) < 0.5, y, y + 1),
        {"y_true": y},
    )


@case
def root_mean_squared_error(rng):
    return losses.RootMeanSquaredError(), table(rng), {"y_true": table(rng)}


@case
def binary_crossentropy(rng):
    y = rng.integers(0, 2, (5, 1)).astype(float)
    return losses.BinaryCrossentropy(), rng.uniform(0.01, 0.99, (5, 1)), {"y_true": y}


@case
def binary_crossentropy_logits(rng):
    y = rng.integers(0, 2, (5, 1)).astype(float)
    return losses.BinaryCrossentropy(from_logits=True), 30 * table(rng, 5, 1), {"y_true": y}


@case
def binary_crossentropy_extreme(rng):
    y = rng.integers(0, 2, (6, 1)).astype(float)
    p = rng.permutation([0.0, 1e-12, 1e-5, 0.5, 1 - 1e-5, 1.0])[:, None]
    return losses.BinaryCrossentropy(), p, {"y_true": y}


@case
def categorical_crossentropy(rng):
    p = rng.dirichlet(np.ones(4), 3)
    return losses.CategoricalCrossentropy(), p, {"y_true": np.eye(4)[rng.integers(0, 4, 3)]}


@case
def sparse_categorical_crossentropy(rng):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss, 10 * table(rng, 4, 3), {"y_true": rng.integers(0, 3, 4)}


@case
def hinge(rng):
    forward = lambda y, p: (np.mean(np.maximum(0, 1 - y * p)), (y, p))  # noqa: E731
    backward = lambda cache: -cache[0] * (cache[0] * cache[1] < 1) / cache[0].size  # noqa: E731
    y = rng.choice([-1.0, 1.0], 6)
    return (forward, backward), np.where(rng.random(6) < 0.4, y, table(rng, 6)), {"y_true": y}
