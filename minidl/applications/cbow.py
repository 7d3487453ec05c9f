"""cbow: a table of vectors for characters, learned from which characters stand side by side."""

import numpy as np

from minidl.layers import Dense, Embedding, GlobalAveragePooling1D
from minidl.models import Sequential
from minidl.optimizers import Adam
from minidl.preprocessing.text import Tokenizer

OOV = 1  # the Tokenizer's id of every rarer character


def character_runs(texts, vocabulary, runs, rng):
    """(ids (N, 5), tokenizer): up to `runs` places of the texts with two neighbours a side.

    vocabulary   ids stay below it: the most frequent characters; the middle is one of these"""
    tokenizer = Tokenizer(vocabulary, char_level=True, oov_token="?")
    tokenizer.fit_on_texts(texts)
    sequences = tokenizer.texts_to_sequences(texts)
    found = [
        ids[t : t + 5] for ids in sequences for t in range(len(ids) - 4) if ids[t + 2] > OOV
    ]
    if not found:
        raise ValueError("character_runs: no text has five characters: give longer texts")
    return rng.permutation(np.array(found))[:runs], tokenizer


def train_cbow(ids, vocabulary, dim=16, epochs=2, seed=0):
    """(table (vocabulary, dim), loss of each epoch): guess the middle of five from the others.

    p = softmax(mean of the four rows · V + b), trained by cross-entropy

    Source:   D4 §4.1.1 (a matrix that training on a corpus gives); Mikolov et al. 2013
    """
    layers = [Embedding(vocabulary, dim), GlobalAveragePooling1D()]
    model = Sequential([*layers, Dense(vocabulary, "softmax")], seed=seed)
    model.compile(Adam(0.03), "sparse_categorical_crossentropy")
    history = model.fit(ids[:, [0, 1, 3, 4]], ids[:, 2], 512, epochs, verbose=0)
    return layers[0].params["W"], history.history["loss"]
