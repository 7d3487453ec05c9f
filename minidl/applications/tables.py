"""tabular_mlp: a multilayer perceptron for tables, and its scores on rows it has never seen.

    X, y = minidl.datasets.load_diabetes(return_X_y=True)
    scores = held_out_scores(X, y, RECIPES["diabetes"])

A Recipe says how a table is learned; RECIPES has one for each of five real tables.
"""

from dataclasses import dataclass

import numpy as np

from minidl import metrics
from minidl.callbacks import EarlyStopping
from minidl.layers.dense import Dense
from minidl.layers.dropout import Dropout
from minidl.models import Sequential
from minidl.optimizers import AdamW
from minidl.preprocessing.scaling import StandardScaler

HEADS = {"mse": None, "bce": "sigmoid", "sparse_categorical_crossentropy": "softmax"}


@dataclass(frozen=True)
class Recipe:
    """How one table is learned: the settings, chosen on validation rows.

    loss     "mse" for a number, "bce" for yes or no, "sparse_categorical_crossentropy"
    score    the metric that is reported
    hidden   the widths of the hidden layers; () is a linear model
    scale    divide all features by it; None: standardise each with the training rows
    copies   a function that turns the training rows X, y into more of them, or None
    epochs   at most; training stops once `patience` of them have not helped on validation
    """

    loss: str
    score: str
    hidden: tuple = (64,)
    dropout: float = 0.5
    learning_rate: float = 0.003
    weight_decay: float = 0.004
    batch_size: int = 64
    epochs: int = 100
    patience: int = 10
    scale: float | None = None
    copies: object = None


def shifted(X, y):
    """Square images and their four neighbours, moved by one pixel: five times the rows.

    What leaves on one side enters on the other: the images need an empty border."""
    side = int(np.sqrt(X.shape[1]))
    images = X.reshape(-1, side, side)  # (N, D) -> (N, H, W)
    moves = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    copies = [np.roll(images, move, axis=(1, 2)).reshape(X.shape) for move in moves]
    return np.concatenate(copies), np.tile(y, len(moves))


CLASSES = "sparse_categorical_crossentropy"
RECIPES = {
    "digits": Recipe(CLASSES, "accuracy", (128,), learning_rate=0.005, epochs=40, scale=16),
    "breast_cancer": Recipe("bce", "accuracy", (32,), dropout=0.3),
    "mnist_5k": Recipe(CLASSES, "accuracy", (256,), dropout=0.4, batch_size=128, epochs=6,
                       scale=255, copies=shifted),
    "diabetes": Recipe("mse", "r2", weight_decay=0.3, batch_size=32),
    "german_credit": Recipe("bce", "auc", weight_decay=2.0),
}  # fmt: skip


def tabular_mlp(recipe, outputs=1, seed=None):
    """Dense and Dropout by turns, then one Dense with `outputs` units; compiled.

    Forward   h = dropout(relu(h W + b)) for each width of recipe.hidden;  y = φ(h W + b)
              φ: nothing for "mse", sigmoid for "bce", softmax for classes
    Source:   D2 §3.2, §4.2 (there 64, 64, 1 without dropout)
    """
    if recipe.loss not in HEADS:
        raise ValueError(
            f"tabular_mlp: loss must be one of {', '.join(HEADS)}, got {recipe.loss!r}: use "
            "'mse' for a number, 'bce' for yes or no"
        )
    layers = []
    for width in recipe.hidden:
        layers += [Dense(width, "relu"), Dropout(recipe.dropout)]
    layers.append(Dense(outputs, HEADS[recipe.loss]))
    model = Sequential(layers, seed=seed)
    model.compile(AdamW(recipe.learning_rate, recipe.weight_decay), recipe.loss)
    return model


def deal(y, hands=5, seed=0):
    """`hands` arrays of row numbers, each row in one of them, every class in equal shares.

    As cards are dealt: shuffled, sorted by y, then one to each in turn. A hand of a regression
    has low and high targets alike."""
    if not 3 <= hands <= len(y):
        raise ValueError(
            f"deal: hands must be from 3 (training, validation, test) to {len(y)} rows, got "
            f"{hands}"
        )
    order = np.random.default_rng(seed).permutation(len(y))
    order = order[np.argsort(np.asarray(y)[order], kind="stable")]
    return [order[start::hands] for start in range(hands)]


def held_out_scores(X, y, recipe, folds=5, tries=None, seed=0):
    """[(validation score, test score)] of `folds` models; each row is tested once.

    Fold i is the test set, fold i + 1 the validation set, the others are for training.
    tries   train only the first so many models"""
    hands, scores = deal(y, folds, seed), []
    for i in range(folds if tries is None else tries):
        test, validation = hands[i], hands[(i + 1) % folds]
        train = np.concatenate([hands[(i + j) % folds] for j in range(2, folds)])
        scores.append(one_trial(X, y, recipe, (train, validation, test), seed + i))
    return scores


def one_trial(X, y, recipe, rows, seed=0):
    """(validation score, test score) of one model; rows = (train, validation, test).

    The scaling knows the training rows only, the stopping those and the validation rows."""
    train, validation, test = rows
    if recipe.scale is None:
        X = StandardScaler().fit(X[train]).transform(X)
    else:
        X = X / recipe.scale
    number = recipe.loss == "mse"
    middle, unit = (y[train].mean(), y[train].std()) if number else (0, 1)
    target = (y - middle) / unit if number else y
    X_train, y_train = X[train], target[train]
    if recipe.copies is not None:
        X_train, y_train = recipe.copies(X_train, y_train)
    outputs = int(y.max()) + 1 if HEADS[recipe.loss] == "softmax" else 1
    model = tabular_mlp(recipe, outputs, seed)
    model.fit(
        X_train, y_train, recipe.batch_size, recipe.epochs, verbose=0,
        validation_data=(X[validation], target[validation]),
        callbacks=[EarlyStopping(patience=recipe.patience, restore_best_weights=True)],
    )  # fmt: skip
    held_out = []
    for part in (validation, test):
        y_pred = model.predict(X[part], batch_size=500, verbose=0) * unit + middle
        held_out.append(metrics.get(recipe.score)(y[part], y_pred))
    return tuple(held_out)
