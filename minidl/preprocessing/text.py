"""From text to numbers: a Tokenizer gives every word an index."""

import json
from collections import Counter

import numpy as np

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(text, filters=FILTERS, lower=True, split=" "):
    """The words of one text: filtered characters count as `split`, empty words are dropped."""
    if not isinstance(text, str):
        raise TypeError(f"text_to_word_sequence: text must be a str, got {kind_of(text)}")
    if not split:
        raise ValueError(
            "text_to_word_sequence: split must not be empty: for single characters use "
            "Tokenizer(char_level=True)"
        )
    text = text.lower() if lower else text
    text = text.translate(str.maketrans({character: split for character in filters}))
    return [word for word in text.split(split) if word]


def ngrams(tokens, n=2):
    """All runs of n neighbours: of a str its substrings, of a list words joined by a space.

    As an analyzer it makes a bag of character bigrams, a strong baseline for Chinese text:
    `Tokenizer(num_words=20000, analyzer=ngrams)` with `texts_to_matrix`.
    """
    if n < 1:
        raise ValueError(f"ngrams: n must be at least 1, got {n}")
    runs = [tokens[i : i + n] for i in range(len(tokens) - n + 1)]
    return runs if isinstance(tokens, str) else [" ".join(run) for run in runs]


class Tokenizer:
    """Gives every word an index, from 1, the most frequent first; 0 is kept for padding.

    num_words    only indices < num_words are used: the num_words − 1 most frequent words
    oov_token    stands for every unknown word, at index 1; without it they are dropped
    char_level   every character is a word, spaces too
    analyzer     a function from a text to its words, in place of filters, lower and split

    After `fit_on_texts` an Embedding needs input_dim = len(word_index) + 1, or num_words.
    A list in place of a text is taken as words already cut.

    Chinese has no spaces, so a whole sentence would be one word: use `char_level=True`, or
    `analyzer=jieba.lcut`. `filters` holds only ASCII marks; ，。！ stay unless you add them.

    Raises    TypeError: a text is not a str;  ValueError: used before fit_on_texts
    Source:   D3 §5.2 (the Tokenizer of Keras); D4 §4.2.1
    """

    def __init__(
        self,
        num_words=None,
        filters=FILTERS,
        lower=True,
        split=" ",
        char_level=False,
        oov_token=None,
        analyzer=None,
    ):
        whole = isinstance(num_words, int | np.integer) and not isinstance(num_words, bool)
        if num_words is not None and not (whole and num_words >= 1):
            raise ValueError(
                f"Tokenizer: num_words must be a positive integer, got {num_words!r}"
            )
        self.num_words, self.filters, self.lower = num_words, filters, lower
        self.split, self.char_level = split, char_level
        self.oov_token, self.analyzer = oov_token, analyzer
        self.word_counts, self.word_docs = Counter(), Counter()
        self.word_index, self.index_word = {}, {}
        self.document_count = 0

    def fit_on_texts(self, texts):
        """Count the words; a second call adds to the counts of the first."""
        for words in self._words_of_each(texts):
            self.document_count += 1
            self.word_counts.update(words)
            self.word_docs.update(dict.fromkeys(words, 1))  # once a text
        ranked = sorted(self.word_counts, key=self.word_counts.get, reverse=True)  # stable
        if self.oov_token is not None:
            ranked.insert(0, self.oov_token)
        self.word_index = {word: index for index, word in enumerate(ranked, start=1)}
        self.index_word = {index: word for word, index in self.word_index.items()}

    def texts_to_sequences(self, texts):
        """A list of indices for each text."""
        self._require_fit("texts_to_sequences")
        unknown = self.word_index.get(self.oov_token)
        index_of = {
            word: i if self._keeps(i) else unknown for word, i in self.word_index.items()
        }
        sequences = []
        for words in self._words_of_each(texts):
            indices = [index_of.get(word, unknown) for word in words]
            sequences.append([index for index in indices if index is not None])
        return sequences

    def sequences_to_texts(self, sequences):
        """The words of each list of indices, joined by spaces; what has no word is dropped."""
        self._require_fit("sequences_to_texts")
        unknown = self.oov_token
        word_of = {
            i: word if self._keeps(i) else unknown for i, word in self.index_word.items()
        }
        texts = []
        for sequence in sequences:
            words = [word_of.get(int(index), unknown) for index in sequence]
            texts.append(" ".join(word for word in words if word is not None))
        return texts

    def texts_to_matrix(self, texts, mode="binary", dtype="float32"):
        """One row a text, one column an index; see `sequences_to_matrix`."""
        self._require_fit("texts_to_matrix")
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode, dtype)

    def sequences_to_matrix(self, sequences, mode="binary", dtype="float32"):
        """(N, V) with V = num_words or len(word_index) + 1; column 0 is that of padding.

        binary  1 if the word occurs        count  how often, c        freq  c / length
        tfidf   (1 + ln c) · ln(1 + documents / (1 + documents with the word))

        20,000 columns of float32 are 80 kB a text: convert a large corpus batch by batch.
        """
        if mode not in MODES:
            raise ValueError(f"Tokenizer: mode must be one of {', '.join(MODES)}, got {mode!r}")
        if self.num_words is None:
            self._require_fit("sequences_to_matrix without num_words")
        V = self.num_words or len(self.word_index) + 1
        idf = self._inverse_document_frequency(V) if mode == "tfidf" else None
        matrix = np.zeros((len(sequences), V), dtype)
        for row, sequence in zip(matrix, sequences):
            ids, counts = np.unique(np.asarray(sequence, dtype=int), return_counts=True)
            used = (ids >= 0) & (ids < V)
            ids, counts = ids[used], counts[used]
            if mode == "binary":
                row[ids] = 1
            elif mode == "tfidf":
                row[ids] = (1 + np.log(counts)) * idf[ids]
            else:
                row[ids] = counts / len(sequence) if mode == "freq" else counts
        return matrix

    def get_config(self):
        """All that was set and counted, in the layout of Keras."""
        docs_by_index = {self.word_index[word]: n for word, n in self.word_docs.items()}
        config = {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts),
            "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(docs_by_index),
            "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }
        if self.analyzer is not None:  # a function has no JSON: its name asks for it on loading
            config["analyzer"] = getattr(self.analyzer, "__name__", repr(self.analyzer))
        return config

    def to_json(self, **kwargs):
        """A str for `tokenizer_from_json` (ours or Keras's), pure ASCII, safe in any file."""
        config = self.get_config()
        return json.dumps({"class_name": "Tokenizer", "config": config}, **kwargs)

    def _keeps(self, index):
        return self.num_words is None or index < self.num_words

    def _require_fit(self, method):
        if not self.document_count:
            raise ValueError(
                f"Tokenizer: {method} needs a vocabulary: call fit_on_texts(texts) first"
            )

    def _inverse_document_frequency(self, V):
        self._require_fit("mode='tfidf'")
        docs = np.zeros(V)
        for word, count in self.word_docs.items():
            if (index := self.word_index[word]) < V:
                docs[index] = count
        return np.log(1 + self.document_count / (1 + docs))

    def _words_of_each(self, texts):
        if isinstance(texts, str):
            raise TypeError(
                "Tokenizer: texts must be a list of texts, got one str: write [text]"
            )
        for number, text in enumerate(texts):
            yield self._words(text, number)

    def _words(self, text, number):
        words = text if isinstance(text, list | tuple) else [text]
        for word in words:
            if not isinstance(word, str):
                raise TypeError(
                    f"Tokenizer: text {number} must be a str or a list of words, got "
                    f"{kind_of(word)}: drop missing texts, or convert with str()"
                )
        if words is text:
            return [word.lower() if self.lower else word for word in words]
        if self.char_level:
            return list(text.lower() if self.lower else text)
        if self.analyzer is not None:
            return list(self.analyzer(text))
        return text_to_word_sequence(text, self.filters, self.lower, self.split)


def tokenizer_from_json(text, analyzer=None):
    """The Tokenizer that `to_json` wrote; one that had an analyzer must be given it again."""
    config = json.loads(text)["config"]
    counted = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
    tables = {name: json.loads(config.pop(name)) for name in counted}
    document_count = config.pop("document_count")
    name = config.pop("analyzer", None)
    if name is not None and analyzer is None:
        raise ValueError(
            f"tokenizer_from_json: this Tokenizer cut its texts with {name!r}, and JSON holds "
            f"no functions: pass it again, analyzer={name}"
        )
    tokenizer = Tokenizer(**config, analyzer=analyzer)
    tokenizer.document_count = document_count
    tokenizer.word_counts = Counter(tables["word_counts"])
    tokenizer.word_docs = Counter(tables["word_docs"])
    tokenizer.word_index = tables["word_index"]
    tokenizer.index_word = {int(index): word for index, word in tables["index_word"].items()}
    return tokenizer


def kind_of(value):
    """A value's type for an error message; NaN, pandas' missing text, is named as such."""
    missing = isinstance(value, float) and value != value
    return "NaN" if missing else type(value).__name__
