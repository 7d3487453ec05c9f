"""train_wordpiece: a vocabulary of word pieces learned from texts."""

import heapq
from collections import Counter, defaultdict
from itertools import pairwise

from minidl.preprocessing.wordpiece import WordPiece

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # [PAD] first: its id is 0


def train_wordpiece(
    texts, size, min_count=2, special_tokens=SPECIAL_TOKENS, alphabet_limit=None, **options
):
    """A WordPiece of at most `size` tokens: special ones, characters, then merged pieces.

    Forward   every word starts as its characters, u ##n ##d ##o; then, again and again, the
              two neighbours that are seen most often become one piece; of pairs seen equally
              often the first in the order of code points

    size             stops there, or earlier when no pair is left
    min_count        rarer characters and pairs are left out; words with them train [UNK]
    alphabet_limit   only so many characters, the most frequent
    options          those of WordPiece, say lower=False

    Chinese characters are words of their own, so a Chinese text gives its list of characters.

    The score is the count of a pair, as in the trainer of `tokenizers`. The first WordPiece
    chose by likelihood, much like count(ab) / (count(a) count(b)), which favours rare pairs.

    Raises    TypeError: texts is one str;  ValueError: size has no room for a character
    Source:   Sennrich et al. 2016, arXiv:1508.07909, algorithm 1; Schuster & Nakajima 2012,
              Japanese and Korean Voice Search
    """
    if isinstance(texts, str):
        raise TypeError("train_wordpiece: texts must be a list of texts, got one str: [text]")
    tokens = dict.fromkeys(special_tokens)  # a dict keeps the order, and each token once
    if size <= len(tokens):
        raise ValueError(
            f"train_wordpiece: size must be more than the {len(tokens)} special tokens, got "
            f"{size}"
        )
    options = {"never_split": list(tokens), **options}
    reader = WordPiece(list(tokens), **options)
    words = count_words(texts, reader)
    characters = alphabet(words, reader.prefix, min_count, alphabet_limit)
    tokens.update(dict.fromkeys(characters[: size - len(tokens)]))
    merged = merges(split_words(words, tokens, reader.prefix), reader.prefix, min_count)
    while len(tokens) < size and (piece := next(merged, None)) is not None:
        tokens[piece] = None
    return WordPiece(list(tokens), **options)


def count_words(texts, reader):
    """How often each word occurs; words over max_word are unknown anyway."""
    counts = Counter()
    for text in texts:
        for found, whole in reader.words(text):
            counts.update([] if whole else found)
    return {word: n for word, n in counts.items() if len(word) <= reader.max_word}


def alphabet(words, prefix, min_count, limit):
    """Characters, the most frequent first, each also as ##c if it is seen inside a word."""
    counts, inside = Counter(), set()
    for word, n in words.items():
        inside.update(word[1:])
        for character in word:
            counts[character] += n
    enough = [character for character, n in counts.items() if n >= min_count]
    ranked = sorted(enough, key=lambda character: (-counts[character], character))[:limit]
    forms = ([c, prefix + c] if c in inside else [c] for c in ranked)
    return [piece for pair in forms for piece in pair]


def split_words(words, tokens, prefix):
    """(pieces, count) of every word whose characters are all in the alphabet."""
    splits = [([word[0], *(prefix + c for c in word[1:])], n) for word, n in words.items()]
    return [(pieces, n) for pieces, n in splits if all(piece in tokens for piece in pieces)]


def merges(splits, prefix, min_count):
    """The merged pieces one by one, the most frequent pair first; changes `splits`."""
    counts, where = Counter(), defaultdict(set)  # of each pair: how often, in which words
    for number, (pieces, n) in enumerate(splits):
        for pair in pairwise(pieces):
            counts[pair] += n
            where[pair].add(number)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    while heap:
        n, pair = heapq.heappop(heap)
        if -n != counts[pair] or -n < max(1, min_count):
            continue  # an entry from before a merge changed the count
        merged = pair[0] + pair[1][len(prefix) :]
        yield merged
        changed = set()
        for number in where.pop(pair):
            changed |= merge_in_word(splits, number, pair, merged, counts, where)
        for other in changed:
            heapq.heappush(heap, (-counts[other], other))


def merge_in_word(splits, number, pair, merged, counts, where):
    """Merge a pair in one word, bring counts and places up to date, return the pairs."""
    old, n = splits[number]
    new = merge(old, pair, merged)
    splits[number] = new, n
    for other in pairwise(old):
        counts[other] -= n
    for other in pairwise(new):
        counts[other] += n
        where[other].add(number)
    return {*pairwise(old), *pairwise(new)}


def merge(pieces, pair, merged):
    """The pieces with each occurrence of the pair, from the left, made one."""
    result, i = [], 0
    while i < len(pieces):
        found = tuple(pieces[i : i + 2]) == pair
        result.append(merged if found else pieces[i])
        i += 2 if found else 1
    return result
