"""The data files against their datasheet, and the loaders against figures of their sources."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

import minidl.datasets as datasets
from minidl.datasets import vendored

SHEET = Path(vendored.__file__).with_name("DATA_LICENSES.md").read_text(encoding="utf-8")
ROW = r"^\| (\w+\.(?:npz|safetensors|json|txt)) \|.*\| ([0-9a-f]{64}) \|$"
HASHES = dict(re.findall(ROW, SHEET, re.MULTILINE))
FILES = sorted(vendored.DATA.glob("*"))
CLASSES = {
    "digits": (1797, 64, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
    "mnist_5k": (5000, 784, [500] * 10),
    "breast_cancer": (569, 30, [212, 357]),
    "wine": (178, 13, [59, 71, 48]),
    "iris": (150, 4, [50, 50, 50]),
    "german_credit": (1000, 61, [700, 300]),
}


def load(name, **arguments):
    return getattr(datasets, f"load_{name}")(**arguments)


def test_every_file_is_in_the_datasheet():
    assert [file.name for file in FILES] == sorted(HASHES)
    assert sum(file.stat().st_size for file in FILES) < 6e6


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_hash_is_that_of_the_datasheet(file):
    assert hashlib.sha256(file.read_bytes()).hexdigest() == HASHES[file.name]
    section = SHEET.split(f"## {file.name}\n")[1].split("\n## ")[0]
    for entry in ("Content", "Taken from", "Origin", "Licence", "Changes", "Caveats"):
        assert f"- **{entry}**: " in section
    if file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype.kind in "fuUi" for name in arrays)


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name):
    N, D, counts = CLASSES[name]
    dataset = load(name)
    assert dataset.X.shape == (N, D)
    assert dataset.X.dtype == np.float32
    assert np.isfinite(dataset.X).all()
    assert dataset.y.dtype == np.int64
    assert np.bincount(dataset.y).tolist() == counts
    assert len(dataset.feature_names) == len(set(dataset.feature_names)) == D
    assert len(dataset.target_names) == len(counts)
    assert dataset.description
    assert repr(dataset).startswith(f"Dataset({N} rows, {D} features")


@pytest.mark.parametrize("name", [*CLASSES, "diabetes"])
def test_both_forms_and_fresh_arrays(name):
    dataset = load(name)
    X, y = load(name, return_X_y=True)
    assert np.array_equal(X, dataset.X)
    assert np.array_equal(y, dataset.y)
    assert dataset.data is dataset.X
    assert dataset.target is dataset.y
    X[...] = -1
    assert not np.array_equal(load(name).X, X)


def test_first_rows():
    """As the sources print them."""
    assert load("iris").X[0].tolist() == np.float32([5.1, 3.5, 1.4, 0.2]).tolist()
    assert load("wine").X[0, [0, -1]].tolist() == np.float32([14.23, 1065]).tolist()
    cancer = load("breast_cancer")
    assert cancer.X[0, 0] == np.float32(17.99)
    assert cancer.feature_names[20] == "worst radius"
    assert cancer.target_names[cancer.y[0]] == "malignant"
    diabetes = load("diabetes")
    assert diabetes.X[0, :4].tolist() == np.float32([59, 2, 32.1, 101]).tolist()
    assert diabetes.y[:3].tolist() == [151, 75, 141]
    digits = load("digits")
    assert digits.X[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert digits.y[:3].tolist() == [0, 1, 2]


def test_means_of_the_sources():
    """Fisher's means in cm; the wine donor's table of means."""
    np.testing.assert_allclose(
        load("iris").X.mean(axis=0), [5.843, 3.057, 3.758, 1.199], atol=6e-4
    )
    np.testing.assert_allclose(
        load("wine").X.mean(axis=0)[[0, 4, 12]], [13.0, 99.7, 746], atol=1
    )


def test_images_show_ink_in_the_middle():
    for name, side, top in (("digits", 8, 16), ("mnist_5k", 28, 255)):
        X = load(name).X
        assert (X.min(), X.max()) == (0, top)
        mean = X.mean(axis=0).reshape(side, side)
        centre = mean[side // 4 : -side // 4, side // 4 : -side // 4]
        assert centre.mean() > 1.5 * mean.mean()  # 1 if rows and pixels were confused


def test_diabetes_scaled_as_in_scikit_learn():
    raw, scaled = load("diabetes"), load("diabetes", scaled=True)
    np.testing.assert_allclose(scaled.X.sum(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose((scaled.X**2).sum(axis=0), 1, rtol=1e-5)
    # the first patient's age and body mass index in scikit-learn's load_diabetes()
    np.testing.assert_allclose(scaled.X[0, [0, 2]], [0.03807591, 0.06169621], rtol=1e-6)
    assert np.array_equal(raw.y, scaled.y)


def test_german_credit_decodes():
    credit = datasets.load_german_credit(one_hot=False)
    assert credit.X.shape == (1000, 20)
    assert len(credit.categories) == 13
    # the source's first line
    first = {name: credit.column(name)[0] for name in credit.feature_names}
    assert first["status_of_existing_checking_account"] == "... < 0 DM"
    assert first["purpose"] == "radio/television"
    assert first["credit_amount"] == 1169
    assert first["age_in_years"] == 67
    assert first["foreign_worker"] == "yes"
    assert credit.target_names[credit.y[0]] == "good"
    assert (credit.column("foreign_worker") == "no").sum() == 37
    with pytest.raises(ValueError, match="no column 'sex'"):
        credit.column("sex")


def test_german_credit_one_hot_says_the_same():
    codes, hot = datasets.load_german_credit(one_hot=False), datasets.load_german_credit()
    assert np.array_equal(codes.y, hot.y)
    for name in codes.feature_names:
        if name not in codes.categories:
            assert np.array_equal(hot.column(name), codes.column(name))
            continue
        text = codes.column(name)
        columns = {label: hot.column(f"{name}={label}") for label in codes.categories[name]}
        assert np.array_equal(sum(columns.values()), np.ones(1000))
        for label, column in columns.items():
            assert np.array_equal(column == 1, text == label)


def test_a_dataset_unpacks_into_x_and_y():
    X, y = datasets.load_iris()
    assert X.shape == (150, 4)
    assert y.shape == (150,)
