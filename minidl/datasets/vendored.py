"""The data that come with minidl: small, real, offline. DATA_LICENSES.md has their origin.

Every loader returns a `Dataset`, or with `return_X_y=True` the pair (X, y), fresh each time.
"""

from pathlib import Path

import numpy as np

from minidl.datasets.dataset import Dataset

DATA = Path(__file__).parent / "data"


def load_digits(return_X_y=False):
    """1,797 handwritten digits of 8 × 8 pixels, X (1797, 64) from 0 to 16, ten classes."""
    return _load(
        "digits",
        "Handwritten digits, 8 × 8 pixels row by row, 0 (paper) to 16 (ink); 13 writers. "
        "The test part of UCI's Optical Recognition of Handwritten Digits (1998).",
        return_X_y,
    )


def load_mnist_5k(return_X_y=False):
    """5,000 MNIST digits of 28 × 28 pixels, X (5000, 784) from 0 to 255, 500 a class.

    The rows are sorted by class: shuffle before a split that takes the last rows.
    """
    return _load(
        "mnist_5k",
        "MNIST digits, 28 × 28 pixels row by row, 0 (paper) to 255 (ink): divide by 255. "
        "500 of each class, sorted by class.",
        return_X_y,
    )


def load_breast_cancer(return_X_y=False):
    """569 tumours, 30 measurements of cell nuclei; y 0 malignant (212), 1 benign (357)."""
    return _load(
        "breast_cancer",
        "Breast cancer Wisconsin (diagnostic), 1995: ten measures of the cell nuclei in an "
        "image (mean, standard error, worst), lengths in the image's own unit. y: 0 malignant, "
        "1 benign: the positive class is the harmless one.",
        return_X_y,
    )


def load_wine(return_X_y=False):
    """178 wines of three growers, 13 chemical measurements of very different scale."""
    return _load(
        "wine",
        "Chemical analysis of wines of one Italian region from three growers (UCI, 1991); the "
        "source gives no units. Sorted by class. proline goes to 1680, hue to 1.71: "
        "standardise.",
        return_X_y,
    )


def load_iris(return_X_y=False):
    """150 irises of three species, four lengths in cm."""
    return _load(
        "iris",
        "Fisher's irises (1936), lengths in cm, 50 of each species, sorted by class.",
        return_X_y,
    )


def load_diabetes(return_X_y=False, scaled=False):
    """442 patients, ten measurements; y is the disease's progression after one year, 25–346.

    The values are in their own units (age in years …). scikit-learn's default is
    `scaled=True`: every column with mean 0 and sum of squares 1, over all rows, so that a
    test set has already been seen.
    """
    dataset = _load(
        "diabetes",
        "442 diabetes patients (Efron, Hastie, Johnstone & Tibshirani 2004). age: years; sex: "
        "1 or 2; bmi: kg/m²; bp: mean blood pressure, mm Hg; s1–s3: total, LDL and HDL "
        "cholesterol, mg/dl; s4: total / HDL; s5: possibly ln of triglycerides; s6: blood "
        "sugar, mg/dl. y: a measure of progression one year later, no unit.",
    )
    if scaled:
        X = dataset.X.astype("float64")
        X -= X.mean(axis=0)
        dataset.X[...] = X / np.sqrt((X**2).sum(axis=0))
    return (dataset.X, dataset.y) if return_X_y else dataset


def load_german_credit(return_X_y=False, one_hot=True):
    """1,000 loans of a German bank, 1973–75; y 0 good (700), 1 bad (300).

    one_hot   True: X (1000, 61), 7 numbers as they are and a 0/1 column for each of the 54
              labels of the 13 categories, named "purpose=repairs"
              False: X (1000, 20), a category as its code, in alphabetical order (an order
              without meaning); `categories[name]` lists the labels, `column(name)` decodes

    Amounts are in Deutsche Mark, durations in months. Age, foreign worker, and marital status
    with sex are among the columns; the rows have the same order in both forms, so outcomes
    can be compared by group. Compare by age: the labels of sex are unreliable (Grömping 2019).
    """
    dataset = _load(
        "german_credit",
        "Statlog German credit (Hofmann 1994): credit_amount in DM, duration in months, age in "
        "years. Bad loans were oversampled to 30 %. Several labels are known to be wrong "
        "(Grömping 2019): the sex in personal_status_and_sex cannot be told. For comparing "
        "groups in a lesson, not for real credit.",
    )
    if one_hot:
        dataset = _one_hot(dataset)
    return (dataset.X, dataset.y) if return_X_y else dataset


def _load(name, description, return_X_y=False):
    with np.load(DATA / f"{name}.npz", allow_pickle=False) as file:
        X, y = file["X"].astype("float32"), file["y"]
        y = y if y.dtype.kind == "f" else y.astype("int64")
        if return_X_y:
            return X, y
        names, targets = file["feature_names"].tolist(), file["target_names"].tolist()
        categories = _categories(names, file) if "labels" in file else {}
    return Dataset(X, y, names, targets, description, categories)


def _categories(names, file):
    """{column: labels}; a column of numbers has none."""
    ends = np.cumsum(file["label_counts"])
    groups = np.split(file["labels"], ends[:-1])
    return {name: labels.tolist() for name, labels in zip(names, groups) if len(labels)}


def _one_hot(dataset):
    columns, names = [], []
    for name, values in zip(dataset.feature_names, dataset.X.T):
        labels = dataset.categories.get(name)
        if labels is None:
            columns.append(values[:, None])
            names.append(name)
        else:
            columns.append(np.eye(len(labels), dtype="float32")[values.astype(int)])
            names += [f"{name}={label}" for label in labels]
    X = np.concatenate(columns, axis=1)
    return Dataset(X, dataset.y, names, dataset.target_names, dataset.description)
