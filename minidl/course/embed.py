"""Embed: files as data URLs, so that the page is one file."""

import base64
import io
from pathlib import Path

FONT = Path(__file__).parent.parent / "fonts" / "NotoSansCJKsc-subset.otf"
MIME = {".svg": "image/svg+xml", ".png": "image/png", ".otf": "font/otf"}


def data_url(content, suffix):
    """Bytes as the address of a file with this suffix."""
    return f"data:{MIME[suffix]};base64,{base64.b64encode(content).decode()}"


def font_face(html):
    """CSS with the Chinese characters of the page as a font, a few kilobytes."""
    from fontTools import subset

    chars = "".join(sorted({char for char in html if "\u3000" <= char <= "\uffef"}))
    if not chars:
        return ""
    options = subset.Options(notdef_outline=True)
    subsetter, buffer = subset.Subsetter(options), io.BytesIO()
    subsetter.populate(text=chars)
    with subset.load_font(FONT, options) as font:
        subsetter.subset(font)
        subset.save_font(font, buffer, options)
    source = data_url(buffer.getvalue(), ".otf")
    return f'@font-face {{ font-family: minidl-cjk; src: url("{source}"); }}\n'
