"""LSTMClassifier: which class a text, or another sequence of ids, is of, read step by step."""

from minidl.layers.bidirectional import Bidirectional
from minidl.layers.dense import Dense, positive_integer
from minidl.layers.dropout import Dropout
from minidl.layers.embedding import Embedding
from minidl.layers.lstm import LSTM
from minidl.layers.pooling import GlobalAveragePooling1D
from minidl.models import Sequential


class LSTMClassifier(Sequential):
    """Reads ids one after another, in both directions, and judges by the states on the way.

    Forward   Embedding -> Dropout -> Bidirectional(LSTM) -> mean over the steps -> Dropout ->
              Dense            x: (N, T) ids, 0 is padding and passed over
              y: (N, classes), softmax;  with two classes (N, 1), sigmoid: class 1's probability
    Backward  Sequential's
    Cache     Sequential's

    vocabulary     V, the number of ids: len(word_index) + 1, or the Tokenizer's num_words
    dim            D, the width of an id's vector
    units          U, the width of an LSTM's state, for each direction
    bidirectional  False: one LSTM, from the first step to the last
    pooled         False: Dense gets the last state and not the mean of all
    dropout        with 0, and False for the two above, these are the documents' three layers

    Raises    ValueError: fewer than two classes, or a size that is no positive integer
    Source:   D1 §5.2 (softmax), D3 §5.2 (sigmoid)
    """

    def __init__(
        self,
        vocabulary,
        classes=2,
        dim=64,
        units=32,
        bidirectional=True,
        pooled=True,
        dropout=0.5,
        seed=None,
        **kwargs,
    ):
        if positive_integer("LSTMClassifier", "classes", classes) == 1:
            raise ValueError(
                "LSTMClassifier: classes must be at least 2, got 1: for yes or no leave it at 2"
            )
        vocabulary = positive_integer("LSTMClassifier", "vocabulary", vocabulary)
        units = positive_integer("LSTMClassifier", "units", units)
        reader = LSTM(units, return_sequences=pooled)
        layers = [
            Embedding(vocabulary, dim, mask_zero=True),
            *([Dropout(dropout)] if dropout else []),
            Bidirectional(reader) if bidirectional else reader,
            *([GlobalAveragePooling1D()] if pooled else []),
            *([Dropout(dropout)] if dropout else []),
            Dense(1, "sigmoid") if classes == 2 else Dense(classes, "softmax"),
        ]
        super().__init__(layers, seed=seed, **kwargs)
