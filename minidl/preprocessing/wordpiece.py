"""WordPiece: BERT's tokenizer, from a text to the ids of word pieces."""

import re

import numpy as np

from minidl.preprocessing.basic_tokenizer import BasicTokenizer, Memo
from minidl.preprocessing.encoding import Encoding, check_batch, stack, truncate
from minidl.preprocessing.text import kind_of
from minidl.preprocessing.wordpiece_file import read_settings, write_settings

SPECIAL_TOKENS = ("[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]")
NO_SPACE_BEFORE = (".", "?", "!", ",")


class WordPiece:
    """Cuts words into the longest pieces that a vocabulary has: un ##aff ##able.

    Forward   words by `BasicTokenizer`; then of each word, from the left, the longest piece
              in the vocabulary; pieces inside a word carry the prefix ##

    vocabulary   {token: id}, or a list of tokens in the order of their ids
    unknown      stands for a word that the pieces do not cover, or over max_word characters
    never_split  tokens found in the raw text as they are; those not in the vocabulary are text
    added        tokens found in the normalized text, also inside a word
    lower, strip_accents, cjk, clean   see `BasicTokenizer`; a cased model needs lower=False

        ids, mask, segments = WordPiece.from_file("tokenizer.json")(["Hello, world!"])

    Raises    TypeError: a text is not a str;  ValueError: a token is not in the vocabulary
    Source:   D4 §3.3 tokenizer(text); Wu et al. 2016, arXiv:1609.08144, §4.1; Devlin et al.
              2019, arXiv:1810.04805, §3
    """

    def __init__(
        self,
        vocabulary,
        lower=True,
        strip_accents=None,
        cjk=True,
        unknown="[UNK]",
        prefix="##",
        max_word=100,
        never_split=SPECIAL_TOKENS,
        clean=True,
        added=(),
    ):
        self.vocabulary = as_vocabulary(vocabulary)
        self.tokens = {number: token for token, number in self.vocabulary.items()}
        self.unknown, self.prefix, self.max_word = unknown, prefix, max_word
        for token in (unknown, *added):
            self.id_of(token)  # a sentence, if it is missing
        self.basic = BasicTokenizer(lower, strip_accents, cjk, clean)
        self.never_split = tuple(token for token in never_split if token in self.vocabulary)
        self.added = {self.basic.normalize(token): token for token in added}
        self._never_split, self._added = any_of(self.never_split), any_of(self.added)
        self._longest = max(map(len, self.vocabulary))
        self._pieces = Memo(self._cut)  # most words come again

    @classmethod
    def from_file(cls, path, **options):
        """From a vocab.txt (one token a line) or a tokenizer.json; options override it.

        The truncation and padding of a tokenizer.json are left to `max_length`, `padding`.
        """
        return cls(**{**read_settings(path), **options})

    def save(self, path):
        """A tokenizer.json that `tokenizers` reads too, or a vocab.txt, by the ending."""
        write_settings(path, self)

    def tokenize(self, text):
        """The pieces of a text, without [CLS] and [SEP]."""
        tokens = []
        for words, whole in self.words(text):
            tokens += words if whole else [p for word in words for p in self._pieces[word]]
        return tokens

    def words(self, text):
        """(words, whole) in turn: whole is True of a special or added token, never cut."""
        if not isinstance(text, str):
            raise TypeError(
                f"WordPiece: a text must be a str, got {kind_of(text)}: drop missing texts, or "
                "convert with str()"
            )
        for part, special in separate(self._never_split, text):
            if special:
                yield [part], True
                continue
            for piece, added in separate(self._added, self.basic.normalize(part)):
                yield ([self.added[piece]] if added else self.basic.split(piece)), added

    def encode(self, text, pair=None, max_length=None, special_tokens=True):
        """Ids and segments of [CLS] text [SEP], or of [CLS] text [SEP] pair [SEP].

        max_length   cuts the end off; of a pair the longer one is cut first, then both alike
        """
        first = self._ids(text)
        second = None if pair is None else self._ids(pair)
        start = [self.id_of("[CLS]")] if special_tokens else []
        end = [self.id_of("[SEP]")] if special_tokens else []
        if max_length is not None:
            room = max_length - len(start) - len(end) * (1 if pair is None else 2)
            first, second = truncate(first, second, room)
        first = start + first + end
        second = [] if pair is None else second + end
        return Encoding(first + second, [0] * len(first) + [1] * len(second))

    def __call__(self, texts, pairs=None, max_length=None, padding=True):
        """Texts, or pairs of texts, as a `Batch` of arrays; [PAD] fills up after the text.

        padding   True: to the longest text;  "max_length": to max_length;  False: none, all
                  texts must then have the same number of tokens
        """
        texts, pairs = check_batch(texts, pairs, max_length, padding)
        rows = [self.encode(text, pair, max_length) for text, pair in zip(texts, pairs)]
        lengths = {len(row.ids) for row in rows}
        if not padding and len(lengths) > 1:
            raise ValueError(
                f"WordPiece: padding=False needs texts of one length, got {min(lengths)} to "
                f"{max(lengths)} tokens: use padding=True"
            )
        T = max_length if padding == "max_length" else max(lengths, default=0)
        return stack(rows, T, self.id_of("[PAD]") if padding else 0)

    def decode(self, ids, skip_special_tokens=True):
        """The text of ids: pieces joined, a space between words, none before . ? ! and ,

        skip_special_tokens   leaves the never_split tokens out, [UNK] too
        """
        if np.ndim(ids) != 1:
            raise ValueError(
                f"WordPiece: decode takes the ids of one text, (T,), got {np.shape(ids)}: "
                "decode each row of a batch"
            )
        tokens = [self.token_of(number) for number in ids]
        if skip_special_tokens:
            tokens = [token for token in tokens if token not in self.never_split]
        text = "".join(tokens[:1])
        for token in tokens[1:]:
            if self.prefix and token.startswith(self.prefix):
                text += token[len(self.prefix) :]
            else:
                text += token if token.startswith(NO_SPACE_BEFORE) else " " + token
        return text

    def id_of(self, token):
        """The id of a token, or a sentence on its absence."""
        if token not in self.vocabulary:
            raise ValueError(
                f"WordPiece: {token!r} is not among the {len(self.vocabulary)} tokens of the "
                "vocabulary: add it, or use the vocabulary that belongs to the model"
            )
        return self.vocabulary[token]

    def token_of(self, number):
        """The token of an id, or a sentence on its absence."""
        if number not in self.tokens:
            raise ValueError(
                f"WordPiece: no token has the id {number}: ids go from {min(self.tokens)} to "
                f"{max(self.tokens)}"
            )
        return self.tokens[number]

    def _ids(self, text):
        return [self.vocabulary[token] for token in self.tokenize(text)]

    def _cut(self, word):
        pieces, start = [], 0
        if len(word) > self.max_word:
            return (self.unknown,)
        while start < len(word):
            prefix = self.prefix if start else ""
            end = self._end_of_longest(word, start, prefix)
            if end is None:
                return (self.unknown,)
            pieces.append(prefix + word[start:end])
            start = end
        return tuple(pieces)

    def _end_of_longest(self, word, start, prefix):
        for end in range(min(len(word), start + self._longest), start, -1):
            if prefix + word[start:end] in self.vocabulary:
                return end
        return None


def any_of(tokens):
    """A pattern that finds each of the tokens, the longest first; none, if there are none."""
    longest_first = sorted(filter(None, tokens), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")


def separate(pattern, text):
    """(part, found) pairs: what the pattern finds, and what lies between."""
    return [(part, i % 2 == 1) for i, part in enumerate(pattern.split(text)) if part]


def as_vocabulary(vocabulary):
    """A new {token: id}, or a sentence on what came instead."""
    if isinstance(vocabulary, list | tuple):
        vocabulary = {token: number for number, token in enumerate(vocabulary)}
    if not isinstance(vocabulary, dict) or not all(isinstance(t, str) for t in vocabulary):
        raise TypeError(
            "WordPiece: vocabulary must be a dict {token: id} or a list of tokens, got "
            f"{kind_of(vocabulary)}: for a file use WordPiece.from_file(path)"
        )
    ids = vocabulary.values()
    whole = all(isinstance(number, int | np.integer) and number >= 0 for number in ids)
    if not whole or len(set(ids)) < len(ids):
        raise ValueError(
            "WordPiece: each token of the vocabulary must have its own id, an integer from 0"
        )
    return {token: int(number) for token, number in vocabulary.items()}
