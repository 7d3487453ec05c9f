"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

LOSS = "(cut * (size - cut / 2)).sum() / max(1, n)"
ERROR = "np.where(there, y_pred - y_true, 0.0)"
SLOPE = "dy_pred = np.clip(e, -delta, delta) / max(1, n)"
BEYOND = "beyond = np.maximum(np.abs(e) - delta, 0) "


def loss(*names):
    return tuple(f"huber.{name}" for name in names)


def back(*names):
    return tuple(f"huber_backward.{name}" for name in names)


MUTANTS = [
    # ---- huber ----
    Mutant(
        "the far branch starts at δ²: −δ/2 is forgotten",
        LOSS, "np.where(size <= delta, cut * cut / 2, delta * size).sum() / max(1, n)",
        loses=(*loss("value", "joined"), "stack"),
    ),
    Mutant(
        "the far branch has slope 1",
        LOSS, "np.where(size <= delta, cut * cut / 2, size - delta / 2).sum() / max(1, n)",
        loses=(*loss("value", "joined", "one_unit_for_all"), "stack"),
    ),
    Mutant(
        "half a unit for half of δ",
        LOSS, "np.where(size <= delta, cut * cut / 2, delta * (size - 0.5)).sum() / max(1, n)",
        loses=(*loss("value", "joined", "one_unit_for_all"), "stack"),
    ),
    Mutant(
        "the near branch without its half",
        LOSS, "np.where(size <= delta, cut**2, delta * (size - cut / 2)).sum() / max(1, n)",
        loses=(*loss("value", "joined"), "stack"),
    ),
    Mutant(
        "twice the loss",
        LOSS, "(cut * (2 * size - cut)).sum() / max(1, n)",
        loses=(*loss("value"), "stack"),
    ),
    Mutant(
        "smooth L1: divided by δ",
        LOSS, "(cut * (size - cut / 2)).sum() / max(1, n) / delta",
        loses=(*loss("value", "one_unit_for_all"), "stack"),
    ),
    Mutant(
        "the sum",
        LOSS, "(cut * (size - cut / 2)).sum()",
        loses=(*loss("value"), "stack"),
    ),
    Mutant(
        "the mean over rows, the sum over outputs",
        LOSS, "(cut * (size - cut / 2)).sum() / max(1, len(e))",
        loses=(*loss("value", "missing"), "stack"),
    ),
    Mutant(
        "missing targets count in n",
        "int(there.sum())", "int(there.size)",
        loses=loss("missing", "missing_cache"),
    ),
    Mutant(
        "0 times NaN",
        ERROR, "(y_pred - y_true) * there",
        loses=loss("missing", "missing_cache", "none_left"),
    ),
    Mutant(
        "a missing target is taken for 0",
        ERROR, "y_pred - np.nan_to_num(y_true)",
        loses=loss("missing", "missing_cache", "none_left"),
    ),
    Mutant(
        "0 / 0 with every target missing",
        LOSS, "np.float64((cut * (size - cut / 2)).sum()) / n",
        loses=loss("none_left"),
    ),
    Mutant(
        "e² of all errors, then a mask",
        LOSS, "((size <= delta) * size**2 / 2 + (size > delta) * cut * (size - cut / 2)).sum()"
        " / max(1, n)",
        loses=loss("wild_errors"),
    ),
    Mutant(
        "the sign of e",
        "y_pred - y_true, 0.0)", "y_true - y_pred, 0.0)",
        loses=(*loss("cache", "missing_cache"), "stack"),
    ),
    Mutant(
        "the cache holds |e|",
        "return float(loss), (e, n, delta)", "return float(loss), (size, n, delta)",
        loses=(*loss("cache", "missing_cache"), "stack"),
    ),
    Mutant(
        "a loss for each row",
        "return float(loss), (e, n, delta)",
        "return (cut * (size - cut / 2)).mean(axis=1), (e, n, delta)",
        loses=(*loss("shape", "value", "missing", "none_left"), "stack"),
    ),
    Mutant(
        "the loss as an array of one number",
        "return float(loss), (e, n, delta)", "return np.array([loss]), (e, n, delta)",
        loses=loss("shape", "none_left"),
    ),
    Mutant(
        "NaN are replaced in place",
        "there = ~np.isnan(y_true)", "there = ~np.isnan(y_true); y_true[~there] = 0",
        loses=loss("contract"),
    ),
    # ---- huber_backward ----
    Mutant(
        "the near slope everywhere",
        SLOPE, "dy_pred = e / max(1, n)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "the far slope everywhere",
        SLOPE, "dy_pred = delta * np.sign(e) / max(1, n)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "slope 1 beyond δ",
        SLOPE, "dy_pred = np.where(np.abs(e) <= delta, e, np.sign(e)) / max(1, n)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "no sign beyond δ",
        SLOPE, "dy_pred = np.minimum(e, delta) / max(1, n)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "the branches change places",
        SLOPE, "dy_pred = np.where(np.abs(e) > delta, e, delta * np.sign(e)) / max(1, n)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "the slope of the sum",
        SLOPE, "dy_pred = np.clip(e, -delta, delta)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "divided by the rows",
        SLOPE, "dy_pred = np.clip(e, -delta, delta) / len(e)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "0 / 0 in the slope",
        SLOPE, "dy_pred = np.clip(e, -delta, delta) / np.float64(n)",
        loses=back("none_left"),
    ),
    Mutant(
        "the slope by differences",
        SLOPE,
        "l = lambda a: np.minimum(abs(a), delta) * (abs(a) - np.minimum(abs(a), delta) / 2); "
        "dy_pred = (l(e + 1e-3) - l(e - 1e-3)) / 2e-3 / max(1, n)",
        loses=(*back("dy_pred", "near_the_bend", "euler"), "stack"),
    ),
    Mutant(
        "|e| for |e| − δ in ddelta",
        BEYOND, "beyond = np.abs(e) * (np.abs(e) > delta) ",
        loses=(*back("ddelta", "euler"), "stack"),
    ),
    Mutant(
        "|e| − δ/2 in ddelta: δ is differentiated once",
        BEYOND, "beyond = np.maximum(np.abs(e) - delta / 2, 0) * (np.abs(e) > delta) ",
        loses=(*back("ddelta", "euler"), "stack"),
    ),
    Mutant(
        "ddelta of small errors too",
        BEYOND, "beyond = np.abs(e) - delta ",
        loses=(*back("ddelta", "none_left", "euler"), "stack"),
    ),
    Mutant(
        "ddelta is the sum",
        "float(beyond.sum() / max(1, n))", "float(beyond.sum())",
        loses=(*back("ddelta", "euler"), "stack"),
    ),
    Mutant(
        "ddelta for each error",
        "float(beyond.sum() / max(1, n))", "beyond / max(1, n)",
        loses=(*back("shape", "ddelta", "none_left", "euler"), "stack"),
    ),
    Mutant(
        "dy_pred has an axis too many",
        "return dy_pred, float", "return dy_pred[None], float",
        loses=back("shape", "near_the_bend", "none_left"),
    ),
    Mutant(
        "e is clipped in place",
        SLOPE, "dy_pred = np.clip(e, -delta, delta) / max(1, n); e += 0",
        loses=back("contract"),
    ),
]  # fmt: skip
