"""TextClassifier: texts in, classes out; with two recipes, and the parts to judge them on."""

from zlib import crc32

import numpy as np

from minidl.applications.text_cnn import TextCNN
from minidl.callbacks import EarlyStopping
from minidl.layers.activations import Softmax
from minidl.layers.embedding import Embedding
from minidl.layers.pooling import GlobalAveragePooling1D
from minidl.models import Sequential
from minidl.optimizers import Adam
from minidl.preprocessing.sequence import pad_sequences
from minidl.preprocessing.split import train_test_split
from minidl.preprocessing.text import Tokenizer, ngrams

LOSS, METRICS = "sparse_categorical_crossentropy", ["accuracy"]


class TextClassifier:
    """A model together with the Tokenizer that makes its ids.

    model      compiled; x: (N, maxlen) ids
    tokenizer  its words are counted by `fit`, in the training texts and no others
    maxlen     a longer text loses its end, a shorter one gets zeros behind

    Raises     ValueError: texts before fit
    Source:    D0 §4.3 (分词, 向量化: cut into words, turned into numbers; then the model)
    """

    def __init__(self, model, tokenizer, maxlen):
        self.model, self.tokenizer, self.maxlen = model, tokenizer, maxlen

    def ids(self, texts):
        """(N, maxlen) int32; 0 is padding."""
        sequences = self.tokenizer.texts_to_sequences(texts)
        return pad_sequences(sequences, self.maxlen, padding="post", truncating="post")

    def fit(self, texts, labels, stop=None, epochs=30, patience=2, verbose=0):
        """Count the words, then train; returns the History.

        stop   (texts, labels): when their loss has not fallen for `patience` epochs, training
               ends with the best epoch's weights. None: all epochs"""
        if not self.tokenizer.document_count:
            self.tokenizer.fit_on_texts(texts)
        arguments = {"epochs": epochs, "verbose": verbose}
        if stop is not None:
            arguments["validation_data"] = self.ids(stop[0]), stop[1]
            arguments["callbacks"] = [
                EarlyStopping(patience=patience, restore_best_weights=True)
            ]
        return self.model.fit(self.ids(texts), labels, **arguments)

    def predict(self, texts):
        """(N, classes) probabilities."""
        return self.model.predict(self.ids(texts), verbose=0)

    def evaluate(self, texts, labels):
        """[loss, accuracy]."""
        return self.model.evaluate(self.ids(texts), labels, verbose=0)


def character_cnn(classes=2, dim=64, filters=128, kernel_sizes=(3,), rate=1e-3, seed=None):
    """A TextCNN on the 3,000 most frequent characters, of a text's first 100."""
    model = TextCNN(3000, classes, dim, filters, kernel_sizes, seed=seed)
    model.compile(Adam(rate), LOSS, METRICS)
    return TextClassifier(model, Tokenizer(3000, char_level=True, oov_token="?"), 100)


def bag_of_bigrams(classes=2, rate=0.1, seed=None):
    """The simplest rival: 20,000 pairs of neighbouring characters, without their order.

    y = softmax(f W)   f: (N, 20000) how frequent each pair is in a text   W: (20000, classes)

    f W is the mean of the rows of W that belong to the text's pairs: an Embedding and a mean
    behind it, and f with all its zeros need not exist. Joulin et al. 2017 add a layer to this.
    """
    table = Embedding(20000, classes, mask_zero=True, embeddings_initializer="zeros")
    model = Sequential([table, GlobalAveragePooling1D(), Softmax()], seed=seed)
    model.compile(Adam(rate), LOSS, METRICS)
    return TextClassifier(model, Tokenizer(20000, analyzer=ngrams), 200)


def three_parts(texts, labels, rows=None, seed=0):
    """[(texts, labels)] for training (70 %), stopping (10 %) and test (20 %).

    rows   fewer than there are: texts are drawn at random, each with all its copies, so that
           repetitions are as frequent as in the whole
    """
    if len(texts) != len(labels):
        raise ValueError(
            f"three_parts: {len(texts)} texts and {len(labels)} labels: give one label a text"
        )
    labels = np.asarray(labels)
    codes = [crc32(f"{seed} {text}".encode()) for text in texts]  # a copy has the same code
    chosen = np.argsort(codes, kind="stable")[:rows]
    train, rest = train_test_split(chosen, train_size=0.7, random_state=seed)
    stop, test = train_test_split(rest, train_size=1 / 3, random_state=seed)
    return [([texts[row] for row in part], labels[part]) for part in (train, stop, test)]
