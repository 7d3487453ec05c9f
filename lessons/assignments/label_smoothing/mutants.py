"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

T = "t = np.where(hot, 1 - alpha, alpha / (C - 1))"
KEEP = "return t * (ids != ignore_index)[..., None]"
SHIFT = "shifted = z - z.max(axis=-1, keepdims=True)"
LOG_P = "log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))"
LOSS = "float(-(t * log_p).sum() / max(1, n))"
KEPT = "(np.exp(log_p), t, n)"
DZ = "return (p * mass - t) / max(1, n)"


def targets(*names):
    return tuple(f"smooth_targets.{name}" for name in names)


def loss(*names):
    return tuple(f"cross_entropy.{name}" for name in names)


def back(*names):
    return tuple(f"cross_entropy_backward.{name}" for name in names)


MUTANTS = [
    # ---- smooth_targets ----
    Mutant(
        "minidl's label_smoothing: the class gets its share too",
        T, "t = hot * (1 - alpha) + alpha / C",
        loses=(*targets("value", "all_given_away"), "stack"),
    ),
    Mutant(
        "α / C for the others",
        T, "t = np.where(hot, 1 - alpha, alpha / C)",
        loses=(*targets("value", "rows_sum_to_one", "all_given_away"), "stack"),
    ),
    Mutant(
        "α for each of the others",
        T, "t = np.where(hot, 1 - alpha, alpha)",
        loses=(*targets("value", "rows_sum_to_one", "all_given_away"), "stack"),
    ),
    Mutant(
        "the class keeps its 1",
        T, "t = np.where(hot, 1.0, alpha / (C - 1))",
        loses=(*targets("value", "rows_sum_to_one", "all_given_away"), "stack"),
    ),
    Mutant(
        "α and 1 − α change places",
        T, "t = np.where(hot, alpha, (1 - alpha) / (C - 1))",
        loses=(*targets("value", "all_given_away"), "stack"),
    ),
    Mutant(
        "ids count from 1",
        "hot = np.arange(C) == ids", "hot = np.arange(1, C + 1) == ids",
        loses=(*targets("value", "rows_sum_to_one", "all_given_away"), "stack"),
    ),
    Mutant(
        "nothing is ignored",
        KEEP, "return t",
        loses=targets("strange_ids"),
    ),
    Mutant(
        "every negative id is ignored, and no other",
        KEEP, "return t * (ids >= 0)[..., None]",
        loses=targets("strange_ids"),
    ),
    Mutant(
        "an ignored row is uniform",
        KEEP, "return np.where((ids != ignore_index)[..., None], t, 1 / C)",
        loses=targets("strange_ids"),
    ),
    Mutant(
        "a row of an identity matrix: 255 is out of range",
        "hot = np.arange(C) == ids[..., None] ", "hot = np.eye(C)[ids] == 1 ",
        loses=targets("strange_ids"),
    ),
    Mutant(
        "the classes come first",
        KEEP, "return np.moveaxis(t * (ids != ignore_index)[..., None], -1, 0).copy()",
        loses=(*targets("shape", "value", "rows_sum_to_one", "all_given_away", "strange_ids"),
               "stack"),
    ),
    Mutant(
        "ids are clipped in place",
        "hot = np.arange(C)", "ids += 0; hot = np.arange(C)",
        loses=targets("contract"),
    ),
    # ---- cross_entropy ----
    Mutant(
        "only the class's own term",
        LOSS, "float(-(t * log_p * (t == t.max(axis=-1, keepdims=True))).sum() / max(1, n))",
        loses=(*loss("value", "hopeless_class"), "stack"),
    ),
    Mutant(
        "the mean over every entry",
        LOSS, "float(-(t * log_p).sum() / max(1, n) / z.shape[-1])",
        loses=(*loss("value"), "stack"),
    ),
    Mutant(
        "the sum",
        LOSS, "float(-(t * log_p).sum())",
        loses=(*loss("value"), "stack"),
    ),
    Mutant(
        "the mean over the first axis only",
        LOSS, "float(-(t * log_p).sum() / max(1, min(n, len(z))))",
        loses=(*loss("value"), "stack"),
    ),
    Mutant(
        "the sign",
        LOSS, "float((t * log_p).sum() / max(1, n))",
        loses=(*loss("value"), "stack"),
    ),
    Mutant(
        "the difference of t and p is the loss",
        LOSS, "float(((t - np.exp(log_p)) ** 2).sum() / max(1, n))",
        loses=(*loss("value", "hopeless_class", "ignored_rows", "nothing_left"), "stack"),
    ),
    Mutant(
        "ignored rows count in n",
        "n = int((ids != ignore_index).sum())", "n = ids.size",
        loses=loss("ignored_rows"),
    ),
    Mutant(
        "0 / 0 with all rows ignored",
        LOSS, "float(-(t * log_p).sum() / np.float64(n))",
        loses=loss("nothing_left"),
    ),
    Mutant(
        "no maximum is taken away",
        SHIFT, "shifted = z - 0.0",
        loses=loss("far_logits"),
    ),
    Mutant(
        "one maximum for the whole batch",
        SHIFT, "shifted = z - z.max(initial=-np.inf)",
        loses=loss("far_logits"),
    ),
    Mutant(
        "the log of a clipped probability",
        LOG_P,
        "e = np.exp(shifted); "
        "log_p = np.log(np.clip(e / e.sum(axis=-1, keepdims=True), 1e-300, 1))",
        loses=loss("hopeless_class"),
    ),
    Mutant(
        "the log of a probability",
        LOG_P, "e = np.exp(shifted); log_p = np.log(e / e.sum(axis=-1, keepdims=True))",
        loses=loss("hopeless_class"),
    ),
    Mutant(
        "softmax over the rows",
        LOG_P, "log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))",
        loses=(*loss("value", "cache", "ignored_rows", "hopeless_class"), "stack"),
    ),
    Mutant(
        "the cache holds ln p",
        KEPT, "(log_p, t, n)",
        loses=(*loss("cache"), "stack"),
    ),
    Mutant(
        "the cache's p and t change places",
        KEPT, "(t, np.exp(log_p), n)",
        loses=(*loss("cache"), "stack"),
    ),
    Mutant(
        "a loss for each row",
        LOSS, "-(t * log_p).sum(axis=-1) / max(1, n)",
        loses=(*loss("shape", "value", "ignored_rows", "nothing_left"), "stack"),
    ),
    Mutant(
        "z is shifted in place",
        SHIFT, "z -= z.max(axis=-1, keepdims=True); shifted = z",
        loses=loss("contract"),
    ),
    # ---- cross_entropy_backward ----
    Mutant(
        "p − t, in ignored rows too",
        DZ, "return (p - t) / max(1, n)",
        loses=back("ignored_rows", "nothing_left"),
    ),
    Mutant(
        "p − one-hot",
        DZ, "return (p * mass - (t == t.max(axis=-1, keepdims=True)) * mass) / max(1, n)",
        loses=(*back("dz", "at_rest"), "stack"),
    ),
    Mutant(
        "the sign of dz",
        DZ, "return (t - p * mass) / max(1, n)",
        loses=(*back("dz"), "stack"),
    ),
    Mutant(
        "dz of the sum",
        DZ, "return p * mass - t",
        loses=(*back("dz"), "stack"),
    ),
    Mutant(
        "the mean over all rows and classes",
        DZ, "return (p * mass - t) / p.size",
        loses=(*back("dz"), "stack"),
    ),
    Mutant(
        "softmax's Jacobian on top",
        DZ,
        "g = (p * mass - t) / max(1, n); return p * (g - (g * p).sum(axis=-1, keepdims=True))",
        loses=(*back("dz"), "stack"),
    ),
    Mutant(
        "−t / p: ln p, and no softmax under it",
        DZ, "return -t / p / max(1, n)",
        loses=(*back("dz", "at_rest"), "stack"),
    ),
    Mutant(
        "0 / 0 in the gradient",
        DZ, "return (p * mass - t) / np.float64(n)",
        loses=back("nothing_left"),
    ),
    Mutant(
        "dz is transposed",
        DZ, "return ((p * mass - t) / max(1, n)).T",
        loses=(*back("shape", "dz", "ignored_rows", "nothing_left", "at_rest"), "stack"),
    ),
    Mutant(
        "p is changed in place",
        "p, t, n = cache", "p, t, n = cache; p -= 0",
        loses=back("contract"),
    ),
]  # fmt: skip
