"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

SUM = "    np.add.at(y, bags, W[ids])  # (L, D) -> (B, D)\n"
WEIGHTED = "    np.add.at(y, bags, a[:, None] * W[ids])  # (L, 1) * (L, D) -> (B, D)\n"


def back(*names):
    return tuple(f"embedding_bag_backward.{name}" for name in names)


MUTANTS = [
    # ---- bag_numbers ----
    Mutant(
        "bags are counted from 1",
        "np.repeat(np.arange(len(offsets)), sizes)",
        "np.repeat(1 + np.arange(len(offsets)), sizes)",
        loses=("bag_numbers.value", "bag_numbers.empty_bags", "stack"),
    ),
    Mutant(
        "the last bag ends an id too early",
        "np.append(offsets, L)", "np.append(offsets, max(L - 1, offsets[-1]))",
        loses=("bag_numbers.shape", "bag_numbers.value", "stack"),
    ),
    Mutant(
        "empty bags do not count",
        "    sizes = np.diff(np.append(offsets, L))\n",
        "    offsets = np.unique(offsets); sizes = np.diff(np.append(offsets, L))\n",
        loses=("bag_numbers.empty_bags",),
    ),
    Mutant(
        "a new bag at every offset, once",
        "np.repeat(np.arange(len(offsets)), sizes)",
        "np.cumsum(np.isin(np.arange(L), offsets)) - 1",
        loses=("bag_numbers.empty_bags",),
    ),
    Mutant(
        "the offsets are changed in place",
        "    sizes = np.diff(np.append(offsets, L))\n",
        "    sizes = np.diff(np.append(offsets, L)); offsets += 0\n",
        loses=("bag_numbers.contract",),
    ),
    # ---- embedding_bag ----
    Mutant(
        "the sum",
        "y = y / np.maximum(sizes, 1)[:, None]", "y = y + 0",
        loses=("embedding_bag.value", "stack"),
    ),
    Mutant(
        "divided by the mean size",
        "y = y / np.maximum(sizes, 1)[:, None]", "y = y * B / len(ids)",
        loses=("embedding_bag.value", "embedding_bag.bag_alone", "embedding_bag.empty_bags",
               "stack"),
    ),
    Mutant(
        "an empty bag is 0 / 0",
        "np.maximum(sizes, 1)[:, None]", "sizes[:, None]",
        loses=("embedding_bag.empty_bags",),
    ),
    Mutant(
        "reduceat takes the next id for an empty bag",
        SUM,
        "    y = np.add.reduceat(W[ids], np.minimum(offsets, len(ids) - 1), axis=0)\n",
        loses=("embedding_bag.empty_bags",),
    ),
    Mutant(
        "a repeated bag number is added once",
        SUM, "    y[bags] += W[ids]\n",
        loses=("embedding_bag.value", "embedding_bag.any_order", "stack"),
    ),
    Mutant(
        "each id counts once in a bag",
        SUM,
        "    for b in range(B):\n        y[b] = W[np.unique(ids[bags == b])].sum(axis=0)\n",
        loses=("embedding_bag.value", "stack"),
    ),
    Mutant(
        "the running sum of all bags",
        SUM, SUM + "    y = np.cumsum(y, axis=0)\n",
        loses=("embedding_bag.value", "embedding_bag.bag_alone", "embedding_bag.empty_bags",
               "stack"),
    ),
    Mutant(
        "the cache holds B",
        "return y, (ids, bags, sizes, V)", "return y, (ids, bags, sizes, B)",
        loses=("embedding_bag.cache", "stack"),
    ),
    Mutant(
        "the cache holds the offsets",
        "return y, (ids, bags, sizes, V)", "return y, (ids, bags, offsets, V)",
        loses=("embedding_bag.cache", "stack"),
    ),
    Mutant(
        "y is transposed",
        "return y, (ids, bags, sizes, V)", "return y.T, (ids, bags, sizes, V)",
        loses=("embedding_bag.shape", "embedding_bag.value", "embedding_bag.bag_alone",
               "embedding_bag.empty_bags", "stack"),
    ),
    Mutant(
        "y in float32",
        "return y, (ids, bags, sizes, V)",
        "return y.astype(np.float32), (ids, bags, sizes, V)",
        loses=("embedding_bag.value", "embedding_bag.contract", "stack"),
    ),
    # ---- embedding_bag_backward ----
    Mutant(
        "dW is not divided by the size",
        "share = dy[bags] / sizes[bags][:, None]", "share = dy[bags]",
        loses=(*back("dW", "doubled"), "stack"),
    ),
    Mutant(
        "a repeated id is added once",
        "np.add.at(dW, ids, share)", "dW[ids] += share",
        loses=(*back("dW", "doubled"), "stack"),
    ),
    Mutant(
        "the last place of an id wins",
        "np.add.at(dW, ids, share)", "dW[ids] = share",
        loses=(*back("dW", "doubled"), "stack"),
    ),
    Mutant(
        "the places of an id are averaged",
        "    return dW\n",
        "    return dW / np.maximum(np.bincount(ids, minlength=V), 1)[:, None]\n",
        loses=(*back("dW", "doubled"), "stack"),
    ),
    Mutant(
        "a matrix of shares, 0 / 0 for an empty bag",
        "share = dy[bags] / sizes[bags][:, None]",
        "share = ((bags[:, None] == np.arange(len(dy))) / sizes) @ dy",
        loses=back("empty_bags"),
    ),
    Mutant(
        "only the rows that occur",
        "    return dW\n", "    return dW[np.unique(ids)]\n",
        loses=(*back("shape", "dW", "not_in_a_bag"), "stack"),
    ),
    Mutant(
        "dy is divided in place",
        "    ids, bags, sizes, V = cache\n", "    ids, bags, sizes, V = cache; dy /= 1\n",
        loses=back("contract"),
    ),
    # ---- weighted_bag ----
    Mutant(
        "divided by the sum of the weights",
        WEIGHTED, WEIGHTED + "    y /= np.bincount(bags, a, len(y))[:, None] + 1e-300\n",
        loses=("weighted_bag.value", "stack"),
    ),
    Mutant(
        "divided by the size",
        WEIGHTED, WEIGHTED + "    y /= np.bincount(bags, minlength=len(y))[:, None]\n",
        loses=("weighted_bag.value", "weighted_bag.the_mean", "weighted_bag.empty_bags",
               "stack"),
    ),
    Mutant(
        "the weights are left out",
        WEIGHTED, "    np.add.at(y, bags, W[ids])\n",
        loses=("weighted_bag.value", "weighted_bag.the_mean", "stack"),
    ),
    Mutant(
        "the sum over a whole bag by reduceat",
        WEIGHTED,
        "    rows, starts = a[:, None] * W[ids], np.minimum(offsets, len(ids) - 1)\n"
        "    y = np.add.reduceat(rows, starts, axis=0)\n",
        loses=("weighted_bag.empty_bags",),
    ),
    Mutant(
        "the cache holds the weighted ids",
        "return y, (ids, bags, a, W)", "return y, (ids, bags, a * ids, W)",
        loses=("weighted_bag.cache", "stack"),
    ),
    # ---- weighted_bag_backward ----
    Mutant(
        "da is not summed over the row",
        "(upstream * W[ids]).sum(axis=1)", "(upstream * W[ids])",
        loses=("weighted_bag_backward.shape", "weighted_bag_backward.da",
               "weighted_bag_backward.no_weight", "stack"),
    ),
    Mutant(
        "da is the mean over the row",
        "(upstream * W[ids]).sum(axis=1)", "(upstream * W[ids]).mean(axis=1)",
        loses=("weighted_bag_backward.da", "weighted_bag_backward.no_weight", "stack"),
    ),
    Mutant(
        "da is scaled by a",
        "(upstream * W[ids]).sum(axis=1)", "(upstream * W[ids]).sum(axis=1) * a",
        loses=("weighted_bag_backward.da", "weighted_bag_backward.no_weight", "stack"),
    ),
    Mutant(
        "dW without a",
        "np.add.at(dW, ids, a[:, None] * upstream)", "np.add.at(dW, ids, upstream)",
        loses=("weighted_bag_backward.dW", "weighted_bag_backward.no_weight", "stack"),
    ),
    Mutant(
        "dW adds a repeated id once",
        "np.add.at(dW, ids, a[:, None] * upstream)", "dW[ids] += a[:, None] * upstream",
        loses=("weighted_bag_backward.dW", "stack"),
    ),
    Mutant(
        "W is overwritten by its gradient",
        "dW = np.zeros_like(W)", "dW = W; dW[:] = 0",
        loses=("weighted_bag_backward.contract",),
    ),
]  # fmt: skip
