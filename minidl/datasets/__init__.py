"""Data: small real tables that come along, loaders for other packages' files, generators."""

from minidl.datasets.dataset import Dataset
from minidl.datasets.generators import (
    make_diagnosis,
    make_linear,
    make_noise_regression,
    make_ratings,
    make_value,
)
from minidl.datasets.movielens import load_movielens_100k
from minidl.datasets.reviews import load_chinese_reviews
from minidl.datasets.risk import StockRisk, load_stock_risk
from minidl.datasets.sentences import (
    NEWS_CLASSES,
    REVIEW_CLASSES,
    make_news_sentences,
    make_review_sentences,
)
from minidl.datasets.snippets import load_snippets
from minidl.datasets.stocks import load_google_stock, load_stocks
from minidl.datasets.vendored import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_german_credit,
    load_iris,
    load_mnist_5k,
    load_wine,
)

__all__ = [
    "NEWS_CLASSES",
    "REVIEW_CLASSES",
    "Dataset",
    "StockRisk",
    "load_breast_cancer",
    "load_chinese_reviews",
    "load_diabetes",
    "load_digits",
    "load_german_credit",
    "load_google_stock",
    "load_iris",
    "load_mnist_5k",
    "load_movielens_100k",
    "load_snippets",
    "load_stock_risk",
    "load_stocks",
    "load_wine",
    "make_diagnosis",
    "make_linear",
    "make_news_sentences",
    "make_noise_regression",
    "make_ratings",
    "make_review_sentences",
    "make_value",
]
