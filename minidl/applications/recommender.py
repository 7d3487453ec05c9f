"""DotRecommender: how a user will rate an item, from a row of numbers for each of them."""

import copy
import math

import numpy as np

from minidl.layers.activations import Linear, Sigmoid
from minidl.layers.dense import positive_integer
from minidl.layers.embedding import Embedding
from minidl.models import Model


class DotRecommender(Model):
    """The rating of a (user, item) pair: the dot product of the user's and the item's vector.

    Forward   s = p_u · q_i + b_u + b_i + s₀         x: (N, 2) ids   p: (U, D)   q: (I, D)
              y = s, or with limits  y = low + (high − low) σ(s)               y: (N, 1)
    Backward  ds = dy, or with limits  ds = dy (high − low) σ(s) (1 − σ(s))
              dp_u = Σ ds q_i, db_u = Σ ds over the pairs of u; dq_i = Σ ds p_u, db_i of i
    Cache     p_u, q_i, and what tables and σ keep

    dim           D; the two tables a side of D3, of width D each, are one of width 2 D:
                  θ_u · Emb(i) + Emb(u) · θ_i = [θ_u, Emb(u)] · [Emb(i), θ_i]
    biases        b: some users are mild, some items good; without it b = 0
    mean          s₀ is the s whose y is this: the mean of the training ratings; None: s₀ = 0
    limits        (1, 5) for one to five stars, (0, 1) for a probability; None: any number
    regularizer   of every table, such as L2(1e-4); with it the gradients are dense
    initializer   of p and q; from zeros they would never move, as each is the other's slope

    Raises    ValueError or TypeError: x is not (N, 2) integers, an id that no table has
    Source:   D3 §4.2.1; biases and mean, Koren, Bell & Volinsky 2009
    """

    def __init__(
        self,
        users,
        items,
        dim,
        biases=False,
        mean=None,
        limits=None,
        regularizer=None,
        initializer="normal",
        **kwargs,
    ):
        super().__init__(**kwargs)
        users = positive_integer(self.where, "users", users)
        items = positive_integer(self.where, "items", items)
        dim = positive_integer(self.where, "dim", dim)
        self.low, high = (0.0, 1.0) if limits is None else check_limits(limits)
        self.width = high - self.low
        self.start = 0.0 if mean is None else start_at(mean, limits)
        self.biases = biases
        self.user = Embedding(users, dim, initializer, regularizer)
        self.item = Embedding(items, dim, initializer, regularizer)
        if biases:
            self.user_bias = Embedding(users, 1, "zeros", regularizer)
            self.item_bias = Embedding(items, 1, "zeros", regularizer)
        for name, table in self.children.items():
            table.label = f"{self.where}, table {name!r}"
        self.activation = Linear() if limits is None else Sigmoid()

    def forward(self, x, training=False):
        users, items = self.check(x).T
        p, p_cache = self.user.forward(users)  # (N,) -> (N, D)
        q, q_cache = self.item.forward(items)
        s = np.einsum("nd,nd->n", p, q)[:, None] + self.start  # (N, D), (N, D) -> (N, 1)
        if self.biases:
            s += self.user_bias.forward(users)[0] + self.item_bias.forward(items)[0]
        sigma, sigma_cache = self.activation.forward(s)
        return self.low + self.width * sigma, (p, q, p_cache, q_cache, sigma_cache)

    def backward(self, dy, cache):
        p, q, p_cache, q_cache, sigma_cache = cache
        ds, _ = self.activation.backward(dy * self.width, sigma_cache)  # (N, 1)
        found = {
            "user": self.user.backward(ds * q, p_cache)[1],  # (N, 1) * (N, D) -> (N, D)
            "item": self.item.backward(ds * p, q_cache)[1],
        }
        if self.biases:  # an Embedding's cache is its ids: the two tables of a side share it
            found["user_bias"] = self.user_bias.backward(ds, p_cache)[1]
            found["item_bias"] = self.item_bias.backward(ds, q_cache)[1]
        return None, self.collect(**found)

    def output_shape(self, input_shape):
        return (1,)

    def split_head(self):
        """Under a cross-entropy a model with limits (0, 1) trains on its s."""
        if isinstance(self.activation, Linear) or (self.low, self.width) != (0, 1):
            return self, None
        bare = copy.copy(self)  # shares the tables
        bare.activation = Linear()
        return bare, self.activation

    def check_inputs(self, x):
        users, items = self.check(x).T
        self.user.check(users)
        self.item.check(items)

    def check(self, x):
        """x as an array, or a sentence on what is wrong with its shape."""
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != 2:
            raise ValueError(
                f"{self.where}: x must have shape (N, 2), a user and an item a row, got "
                f"{x.shape}: use np.stack([users, items], axis=1)"
            )
        return x


def check_limits(limits):
    """(low, high) as floats, or a sentence."""
    if np.shape(limits) != (2,) or not -math.inf < limits[0] < limits[1] < math.inf:
        raise ValueError(
            f"DotRecommender: limits must be (low, high) with low < high, got {limits!r}: "
            "(1, 5) for one to five stars, or None"
        )
    return float(limits[0]), float(limits[1])


def start_at(mean, limits):
    """The s at which y is `mean`: the inverse of y = low + (high − low) σ(s)."""
    low, high = (-math.inf, math.inf) if limits is None else limits
    if not low < mean < high:
        raise ValueError(
            f"DotRecommender: mean must be a number between {low} and {high}, got {mean}: "
            "give the mean of the training ratings"
        )
    return float(mean) if limits is None else math.log((mean - low) / (high - mean))
