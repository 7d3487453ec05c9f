"""The checks of embedding_bag. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite

# offsets of bags without an empty one; L, V, D
SHAPES = [([0, 3, 4], 9, 4, 2), ([0], 1, 2, 1), ([0, 2, 4], 7, 3, 3)]


def table(rng, L, V, D):
    """ids that repeat, in a bag and across bags, and W."""
    ids = rng.integers(0, V, L)
    ids[1:3], ids[-1:] = ids[0], ids[0]
    return ids, rng.standard_normal((V, D))


def cases(rng):
    """Bags of different sizes, one bag of one id, as many bags as ids and numbers."""
    bags, weighted = [], []
    for starts, L, V, D in SHAPES:
        (ids, W), offsets = table(rng, L, V, D), np.array(starts)
        bags.append((ids, offsets, W))
        weighted.append((ids, rng.uniform(0.5, 2, L), offsets, W))
    return {
        "bag_numbers": [(np.array(starts), L) for starts, L, _, _ in SHAPES],
        "embedding_bag": bags,
        "weighted_bag": weighted,
    }


def large(rng):
    ids, W = table(rng, 600, 1000, 200)
    offsets = np.array([0, 250])
    return {
        "embedding_bag": (ids, offsets, W),
        "weighted_bag": (ids, rng.uniform(0.5, 2, 600), offsets, W),
    }


# ---- held back ----

GAPS = np.array([0, 0, 2, 2, 2, 5])  # bags 0, 2, 3 and 5 are empty, where there are 5 ids


def empty_numbers(student, reference, rng):
    """Bags without ids at the start, in a row, and at the end."""
    close(student.bag_numbers(GAPS, 5), [1, 1, 4, 4, 4], "bags where 4 of 6 bags are empty")
    close(student.bag_numbers(np.array([0, 0]), 0), np.zeros(0), "bags of no ids")


def empty_bags(student, reference, rng):
    """An empty bag gives a row of zeros and does not move the others."""
    ids, W = table(rng, 5, 4, 3)
    y, _ = student.embedding_bag(ids, GAPS, W)
    finite(y, "y where bags are empty")
    full, _ = student.embedding_bag(ids, np.array([0, 2]), W)
    want = np.zeros((6, 3))
    want[[1, 4]] = full
    close(y, want, "y with empty bags between, beside y without them,")


def any_order(student, reference, rng):
    """The order of the ids in a bag does not matter."""
    ids, W = np.array([2, 0, 1, 1, 3]), rng.standard_normal((4, 3))
    y, _ = student.embedding_bag(ids, np.array([0, 3]), W)
    turned, _ = student.embedding_bag(ids[[2, 0, 1, 4, 3]], np.array([0, 3]), W)
    close(turned, y, "y with the ids of each bag in another order")


def bag_alone(student, reference, rng):
    """A bag gives what it gives alone."""
    ids, W = table(rng, 7, 4, 3)
    y, _ = student.embedding_bag(ids, np.array([0, 2, 5]), W)
    alone, _ = student.embedding_bag(ids[2:5], np.array([0]), W)
    close(alone, y[1:2], "y of one bag without the others")


def uneven(rng):
    """Bags of 3, 1 and 2 ids, one of them three times, and an upstream gradient."""
    _, cache = bags_of([1, 1, 2, 1, 0, 2], [0, 3, 4], 5)
    return cache, rng.standard_normal((3, 2))


def bags_of(ids, starts, V):
    """(ids, offsets) and the cache of an embedding_bag, counted out here."""
    ends = [*starts[1:], len(ids)]
    sizes = np.array([end - start for start, end in zip(starts, ends)])
    bags = np.array([b for b, size in enumerate(sizes) for _ in range(size)], int)
    return (np.array(ids), np.array(starts)), (np.array(ids), bags, sizes, V)


def doubled(student, reference, rng):
    """Every id of a bag twice: the mean stays, and so does its gradient."""
    (ids, bags, sizes, V), dy = uneven(rng)
    dW = student.embedding_bag_backward(dy, (ids, bags, sizes, V))
    twice = (np.repeat(ids, 2), np.repeat(bags, 2), 2 * sizes, V)
    close(student.embedding_bag_backward(dy, twice), dW, "dW where every id stands twice")


def not_in_a_bag(student, reference, rng):
    """Rows of ids that do not occur have no gradient."""
    cache, dy = uneven(rng)
    dW = student.embedding_bag_backward(dy, cache)
    close(dW[3:], np.zeros((2, 2)), "dW of ids that are in no bag")


def empty_back(student, reference, rng):
    """An empty bag hands nothing on, whatever comes to it."""
    _, cache = bags_of([1, 0, 1, 2, 2], list(GAPS), 3)
    dy = rng.standard_normal((6, 2))
    dW = student.embedding_bag_backward(dy, cache)
    finite(dW, "dW where bags are empty")
    dy[[0, 2, 3, 5]] += 1e3
    close(student.embedding_bag_backward(dy, cache), dW, "dW for another dy of the empty bags")


def the_mean(student, reference, rng):
    """With 1 / size for a, the sum is the mean."""
    ids, W = table(rng, 6, 4, 3)
    offsets, a = np.array([0, 2]), np.array([1 / 2, 1 / 2, 1 / 4, 1 / 4, 1 / 4, 1 / 4])
    y, _ = student.weighted_bag(ids, a, offsets, W)
    close(y, reference.embedding_bag(ids, offsets, W)[0], "y for a = 1 / size")


def empty_weighted(student, reference, rng):
    """An empty bag sums up to zeros."""
    ids, W = table(rng, 5, 4, 3)
    a = rng.uniform(0.5, 2, 5)
    y, _ = student.weighted_bag(ids, a, GAPS, W)
    full, _ = student.weighted_bag(ids, a, np.array([0, 2]), W)
    want = np.zeros((6, 3))
    want[[1, 4]] = full
    close(y, want, "y with empty bags between, beside y without them,")


def no_weight(student, reference, rng):
    """A place of weight 0 gives its row no gradient, and has one itself."""
    W, dy, a = rng.standard_normal((3, 2)), rng.standard_normal((2, 2)), np.array([2.0, 0, 1])
    cache = (np.array([1, 0, 1]), np.array([0, 0, 1]), a, W)
    da, dW = student.weighted_bag_backward(dy, cache)
    close(dW[0], np.zeros(2), "dW of an id that stands only where a is 0")
    close(da[1], dy[0] @ W[0], "da of a place where a is 0")


# ---- public: the worked numbers of the handout ----

IDS, STARTS = np.array([1, 0, 1, 2]), np.array([0, 3, 3])
TABLE = np.array([[3.0, 0.0], [6.0, 9.0], [-1.0, 4.0]])
BAGS, SIZES = np.array([0, 0, 0, 2]), np.array([3, 0, 1])
WEIGHTS = np.array([1.0, 2.0, -1.0, 0.5])
DY = np.array([[3.0, 6.0], [5.0, 5.0], [1.0, -1.0]])


def worked_numbers(student):
    close(student.bag_numbers(STARTS, 4), [0, 0, 0, 2], "bags")


def worked_mean(student):
    y, _ = student.embedding_bag(IDS, STARTS, TABLE)
    close(y, [[5.0, 6.0], [0.0, 0.0], [-1.0, 4.0]], "y")


def worked_mean_backward(student):
    dW = student.embedding_bag_backward(DY, (IDS, BAGS, SIZES, 3))
    close(dW, [[1.0, 2.0], [2.0, 4.0], [1.0, -1.0]], "dW")


def worked_sum(student):
    y, _ = student.weighted_bag(IDS, WEIGHTS, STARTS, TABLE)
    close(y, [[6.0, 0.0], [0.0, 0.0], [-0.5, 2.0]], "y")


def worked_sum_backward(student):
    da, dW = student.weighted_bag_backward(DY, (IDS, BAGS, WEIGHTS, TABLE))
    close(da, [72.0, 9.0, 72.0, -5.0], "da")
    close(dW, [[6.0, 12.0], [0.0, 0.0], [0.5, -0.5]], "dW")


ASSIGNMENT = Assignment(
    name="embedding_bag",
    title="EmbeddingBag: a mean over ragged bags",
    lesson="27_embedding",
    hours=4,
    blanks=[
        Blank(
            "bag_numbers",
            outputs=("bags",),
            points={"shape": 1, "value": 5, "contract": 1},
            hints={"value": "np.repeat each bag's number as often as the bag is large"},
        ),
        Blank(
            "embedding_bag",
            outputs=("y", "cache"),
            points={"shape": 2, "value": 9, "cache": 3, "contract": 3},
            hints={"value": "each bag is divided by its own size"},
        ),
        Blank(
            "embedding_bag_backward",
            outputs=("dW",),
            of="embedding_bag",
            points={"shape": 2, "dW": 11, "contract": 2},
            hints={"dW": "each place of a bag gets dy / size; an id's places add up"},
        ),
        Blank(
            "weighted_bag",
            outputs=("y", "cache"),
            points={"shape": 1, "value": 5, "cache": 2, "contract": 2},
            hints={"value": "a sum, not a mean: a_l multiplies the row of place l"},
        ),
        Blank(
            "weighted_bag_backward",
            outputs=("da", "dW"),
            of="weighted_bag",
            points={"shape": 1, "da": 5, "dW": 5, "contract": 2},
            hints={"da": "a_l multiplies a whole row: its gradient is one number"},
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("bag_numbers.empty_bags", 3, empty_numbers, "offsets that are alike: a bag of 0"),
        Item(
            "embedding_bag.empty_bags",
            4,
            empty_bags,
            "0 / 0 is NaN; reduceat gives no 0",
        ),
        Item("embedding_bag.any_order", 1, any_order),
        Item("embedding_bag.bag_alone", 2, bag_alone),
        Item("embedding_bag_backward.doubled", 4, doubled, "dW[ids] += … adds an id once"),
        Item("embedding_bag_backward.not_in_a_bag", 1, not_in_a_bag),
        Item("embedding_bag_backward.empty_bags", 3, empty_back),
        Item("weighted_bag.the_mean", 1, the_mean),
        Item("weighted_bag.empty_bags", 2, empty_weighted),
        Item("weighted_bag_backward.no_weight", 2, no_weight),
    ],
    public=[
        Item("bag_numbers.worked", 1, worked_numbers),
        Item("embedding_bag.worked", 2, worked_mean),
        Item("embedding_bag_backward.worked", 3, worked_mean_backward),
        Item("weighted_bag.worked", 1, worked_sum),
        Item("weighted_bag_backward.worked", 2, worked_sum_backward),
    ],
    stack=6,
)
