"""Code: Python source as HTML, each kind of token in its colour."""

import io
import keyword
import tokenize
from html import escape

KINDS = {tokenize.COMMENT: "c", tokenize.STRING: "s", tokenize.NUMBER: "n"}
KINDS |= {getattr(tokenize, f"FSTRING_{part}", -1): "s" for part in ("START", "MIDDLE", "END")}


def coloured(source):
    """source with <span>s around keywords, strings, comments and numbers."""
    lines, out, row, column = source.splitlines(keepends=True), [], 1, 0
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return escape(source, quote=False)
    for token in tokens:
        kind = _kind(token)
        if kind and token.start >= (row, column):
            plain = _between(lines, (row, column), token.start)
            text = _between(lines, token.start, token.end)
            out.append(f'{plain}<span class="{kind}">{text}</span>')
            row, column = token.end
    return "".join(out) + _between(lines, (row, column), (len(lines) + 1, 0))


def _kind(token):
    if token.type == tokenize.NAME:
        return "k" if keyword.iskeyword(token.string) else None
    return KINDS.get(token.type)


def _between(lines, start, end):
    """The source from start to end, both (row, column) with rows from 1."""
    (r0, c0), (r1, c1) = start, end
    if r0 == r1:
        return escape(lines[r0 - 1][c0:c1], quote=False) if r0 <= len(lines) else ""
    text = "".join(line for line in lines[r0 - 1 : r1 - 1])[c0:]
    last = lines[r1 - 1][:c1] if r1 <= len(lines) else ""
    return escape(text + last, quote=False)
