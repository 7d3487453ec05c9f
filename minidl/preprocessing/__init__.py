"""From raw data to arrays: the names are those of Keras and scikit-learn."""

from minidl.preprocessing.scaling import StandardScaler
from minidl.preprocessing.sequence import pad_sequences
from minidl.preprocessing.split import train_test_split
from minidl.preprocessing.text import (
    Tokenizer,
    ngrams,
    text_to_word_sequence,
    tokenizer_from_json,
)
from minidl.preprocessing.wordpiece import WordPiece
from minidl.preprocessing.wordpiece_training import train_wordpiece

__all__ = [
    "StandardScaler",
    "Tokenizer",
    "WordPiece",
    "ngrams",
    "pad_sequences",
    "text_to_word_sequence",
    "tokenizer_from_json",
    "train_test_split",
    "train_wordpiece",
]
