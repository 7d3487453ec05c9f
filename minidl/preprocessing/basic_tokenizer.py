"""BasicTokenizer: BERT's way from a text to words, before words are cut into pieces."""

from minidl.preprocessing.unicode_8 import category, decompose

WHITESPACE_CONTROLS = "\t\n\r"
REPLACEMENT = "\ufffd"  # what a decoder writes for bytes that it could not read
# Chinese characters as `tokenizers` counts them: 2B820-2B91F is left out there, so here too.
CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class BasicTokenizer:
    """Cuts a text at spaces, around punctuation and around every Chinese character.

    Forward   clean → spaces around CJK → drop accents → lower-case → words

    clean          drop control characters, make every white space a plain space
    cjk            spaces around Chinese characters; Hangul and kana stay together
    strip_accents  é → e: decompose (NFD), drop the marks (Mn); None: as `lower`
    lower          each character alone: Σ → σ, never the ς that ends a word

    Every step looks at one character at a time, so one table from characters to texts does
    them all. It is that of Unicode 8.0, as in the `tokenizers` library, so that a text has the
    same words under every Python. Two things differ from the library: pairs of upper and lower
    case newer than this Python's Unicode stay apart, and neighbouring spacing marks keep their
    order (NFD would sort some, in musical notation).

    Source:   Devlin et al. 2019, arXiv:1810.04805, and its tokenization.py; the order of steps
              is that of BertNormalizer in `tokenizers` 0.23
    """

    def __init__(self, lower=True, strip_accents=None, cjk=True, clean=True):
        self.lower, self.cjk, self.clean = bool(lower), bool(cjk), bool(clean)
        self.strip_accents = self.lower if strip_accents is None else bool(strip_accents)
        self._normal, self._spaced = Memo(self._normal_form), Memo(spaced)

    def __call__(self, text):
        """The words of a text."""
        return self.split(self.normalize(text))

    def normalize(self, text):
        """The text cleaned, Chinese characters apart, without accents, in lower case."""
        return text.translate(self._normal)

    def split(self, normalized):
        """The words of a normalized text; each punctuation mark is a word."""
        return [word for word in normalized.translate(self._spaced).split(" ") if word]

    def _normal_form(self, code):
        character = chr(code)
        if self.clean and is_control(character):
            return ""
        if self.clean and is_whitespace(character):
            return " "
        form = decompose(character) if self.strip_accents else character
        if self.strip_accents:
            form = "".join(part for part in form if category(part) != "Mn")
        form = form.lower() if self.lower else form
        return f" {form} " if self.cjk and is_cjk(code) else form


class Memo(dict):
    """A dict that asks a rule for each key once; it starts anew when it is full.

    `str.translate` takes it as a table from code points to texts.
    """

    def __init__(self, rule, limit=200_000):
        super().__init__()
        self.rule, self.limit = rule, limit

    def __missing__(self, key):
        if len(self) >= self.limit:
            self.clear()
        self[key] = value = self.rule(key)
        return value


def spaced(code):
    """A character with spaces around it, if it ends a word."""
    character = chr(code)
    if is_whitespace(character):
        return " "
    return f" {character} " if is_punctuation(character) else character


def is_control(character):
    """Control, format, private use, surrogate; tab and line ends count as white space."""
    if character in WHITESPACE_CONTROLS:
        return False
    return character == REPLACEMENT or category(character) in ("Cc", "Cf", "Co", "Cs")


def is_whitespace(character):
    """As Unicode has it; Python alone counts the separators 1C to 1F, too."""
    return character.isspace() and not "\x1c" <= character <= "\x1f"


def is_cjk(code):
    return any(first <= code <= last for first, last in CJK)


def is_punctuation(character):
    """Every ASCII sign, $ + < = > ^ ` | ~ too, and the categories P of Unicode."""
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return category(character).startswith("P")
