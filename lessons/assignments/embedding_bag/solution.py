"""EmbeddingBag: bags of ids of any size, one mean of embeddings for each bag.

Write the five functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in embedding_bag.md.
"""

import numpy as np

ASSIGNMENT = "embedding_bag"


def bag_numbers(offsets, L):
    """To which bag each of L ids belongs; bag b begins at offsets[b] and ends where b + 1 does.

    offsets: (B,), ascending, the first is 0; two alike: the first of the two bags is empty
    L: how many ids there are; the last bag ends there

    Returns bags: (L,) integers from 0 to B − 1.
    """
    ### BEGIN SOLUTION
    sizes = np.diff(np.append(offsets, L))
    return np.repeat(np.arange(len(offsets)), sizes)  # (B,) -> (L,)
    ### END SOLUTION


def embedding_bag(ids, offsets, W):
    """y_b = the mean of W[id] over the ids of bag b; 0 where the bag is empty.

    ids: (L,) integers from 0 to V − 1   offsets: (B,)   W: (V, D)   y: (B, D)

    Returns y, cache with cache = (ids, bags, sizes, V): bags as of bag_numbers, sizes: (B,)
    integers, how many ids each bag holds, V the number of rows of W.
    """
    ### BEGIN SOLUTION
    (V, D), B = W.shape, len(offsets)
    bags = bag_numbers(offsets, len(ids))
    sizes = np.bincount(bags, minlength=B)
    y = np.zeros((B, D))
    np.add.at(y, bags, W[ids])  # (L, D) -> (B, D)
    y = y / np.maximum(sizes, 1)[:, None]  # an empty bag stays 0
    return y, (ids, bags, sizes, V)
    ### END SOLUTION


def embedding_bag_backward(dy, cache):
    """dW for an upstream gradient dy: (B, D).

    cache: (ids, bags, sizes, V) as embedding_bag returns it

    Returns dW: (V, D).
    """
    ### BEGIN SOLUTION
    ids, bags, sizes, V = cache
    share = dy[bags] / sizes[bags][:, None]  # (B, D) -> (L, D): what each place gets
    dW = np.zeros((V, dy.shape[1]))
    np.add.at(dW, ids, share)  # an id that stands in many places adds them up
    return dW
    ### END SOLUTION


def weighted_bag(ids, a, offsets, W):
    """y_b = Σ a_l W[ids_l] over the places l of bag b, not divided by anything.

    ids: (L,)   a: (L,), a weight for each place   offsets: (B,)   W: (V, D)   y: (B, D)

    Returns y, cache with cache = (ids, bags, a, W).
    """
    ### BEGIN SOLUTION
    bags = bag_numbers(offsets, len(ids))
    y = np.zeros((len(offsets), W.shape[1]))
    np.add.at(y, bags, a[:, None] * W[ids])  # (L, 1) * (L, D) -> (B, D)
    return y, (ids, bags, a, W)
    ### END SOLUTION


def weighted_bag_backward(dy, cache):
    """The gradients of the weights of the places, and of the table.

    dy: (B, D)   cache: (ids, bags, a, W) as weighted_bag returns it

    Returns da, dW with the shapes of a and W.
    """
    ### BEGIN SOLUTION
    ids, bags, a, W = cache
    upstream = dy[bags]  # (B, D) -> (L, D)
    da = (upstream * W[ids]).sum(axis=1)  # (L, D) -> (L,)
    dW = np.zeros_like(W)
    np.add.at(dW, ids, a[:, None] * upstream)
    return da, dW
    ### END SOLUTION


class Bags:
    """Your mean as a layer, for `minidl check`: each row of ids is a bag of T.

    Nothing to write here."""

    def __init__(self, V, D, rng):
        self.params = {"W": rng.standard_normal((V, D))}

    def forward(self, x):
        N, T = x.shape
        return embedding_bag(x.reshape(-1), np.arange(N) * T, self.params["W"])

    def backward(self, dy, cache):
        return None, {"W": embedding_bag_backward(dy, cache)}


class WeightedBags(Bags):
    """Your sum as a layer of the weights, (N, T): the ids are the same in each bag."""

    def __init__(self, ids, V, D, rng):
        super().__init__(V, D, rng)
        self.ids = np.array(ids)

    def forward(self, x):
        ids, offsets = np.tile(self.ids, len(x)), np.arange(len(x)) * len(self.ids)
        return weighted_bag(ids, x.reshape(-1), offsets, self.params["W"])

    def backward(self, dy, cache):
        da, dW = weighted_bag_backward(dy, cache)
        return da.reshape(len(dy), -1), {"W": dW}


rng = np.random.default_rng(0)
CHECKS = [
    (Bags(5, 3, rng), rng.integers(0, 5, (4, 3))),
    (WeightedBags([1, 0, 1], 4, 2, rng), rng.standard_normal((3, 3))),
]
