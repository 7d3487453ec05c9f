"""Similarity: how much of one submission's code stands in another's. A hint, not a verdict."""

import io
import keyword
import token
import tokenize
from itertools import combinations

WINDOW = 12  # tokens in a row: shorter runs are every formula's
LAYOUT = {token.NEWLINE, token.INDENT, token.DEDENT, token.ENDMARKER, token.ENCODING,
          tokenize.NL, tokenize.COMMENT}  # fmt: skip


def similarity_table(sources, given, at_least=0.5):
    """[(share, one, other)], largest first. given: text that everybody has (the skeleton).

    The share is of the smaller one's runs of tokens; names and numbers do not count, so
    renaming changes nothing."""
    common = runs(given)
    found = {name: runs(source) - common for name, source in sources.items()}
    rows = []
    for one, other in combinations(found, 2):
        smaller = min(len(found[one]), len(found[other]))
        if smaller >= WINDOW:
            share = len(found[one] & found[other]) / smaller
            if share >= at_least:
                rows.append((share, one, other))
    return sorted(rows, reverse=True)


def runs(source):
    """The hashes of all runs of WINDOW tokens."""
    tokens = list(shapes(source))
    return {hash(tuple(tokens[i : i + WINDOW])) for i in range(len(tokens) - WINDOW + 1)}


def shapes(source):
    """The tokens without names, numbers, strings, comments and layout."""
    try:
        for item in tokenize.generate_tokens(io.StringIO(source).readline):
            if item.type in LAYOUT:
                continue
            if item.type == token.NAME and not keyword.iskeyword(item.string):
                yield "name"
            elif item.type in (token.NUMBER, token.STRING):
                yield token.tok_name[item.type]
            else:
                yield item.string
    except (tokenize.TokenError, SyntaxError):
        return


def as_text(rows):
    if not rows:
        return "no two submissions are similar\n"
    lines = [f"{share:4.0%}  {one}  {other}" for share, one, other in rows]
    return "\n".join(["similar code (share of the smaller one):", *lines, ""])
