"""Make NotoSansCJKsc-subset.otf: the Chinese characters that labels in pictures need.

    apt-get install fonts-noto-cjk           (or any copy of NotoSansCJK-Regular.ttc)
    pip install fonttools jieba==0.42.1      (jieba's dictionary counts words)
    python -m minidl.fonts.make_font [/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc]

Kept: every CJK character in lessons/ and minidl/, and the 3200 most frequent characters of
jieba's dictionary, so that a new lesson needs no new font. Hints and layout tables go: they
serve small screens and vertical text. Licence: SIL Open Font License 1.1, OFL.txt.
"""

import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset

HERE = Path(__file__).parent
SOURCE = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
TARGET = HERE / "NotoSansCJKsc-subset.otf"
FREQUENT = 3200
# Rarer characters of the field: entropy, distillation, feed-forward, redundancy, dense ...
TERMS = "熵馏馈冗稠删剪枝嵌卷积池残差掩码蒸微调浏览瞩亟擎禅阈矢幂拟稀疏偏置滤噪鲁棒泛噪截"
PUNCTUATION = "，。、；：？！（）《》〈〉「」『』【】“”‘’—…·￥％＋－＝～％　"
PUNCTUATION += "\u2212"  # the minus of a logarithmic axis


def characters():
    """The characters to keep, sorted."""
    chars = set(PUNCTUATION + TERMS) | set(map(chr, range(0x20, 0x7F)))
    chars |= set(frequent(FREQUENT))
    root = HERE.parent.parent
    for file in [*root.glob("lessons/**/*.py"), *root.glob("minidl/**/*.py")]:
        chars |= {c for c in file.read_text(encoding="utf-8") if is_cjk(c)}
    return "".join(sorted(chars))


def frequent(count):
    """The most frequent characters, by the word counts of jieba's dict.txt."""
    dictionary = find_spec("jieba").submodule_search_locations[0]
    counts = Counter()
    for line in (Path(dictionary) / "dict.txt").read_text(encoding="utf-8").splitlines():
        word, n, _ = line.split(" ")
        counts.update({char: word.count(char) * int(n) for char in set(word) if is_cjk(char)})
    return [char for char, _ in counts.most_common(count)]


def is_cjk(char):
    """Ideographs, CJK punctuation and full-width forms."""
    return "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef"


def make(source=SOURCE, target=TARGET):
    """Write the subset of the collection's simplified-Chinese face."""
    options = subset.Options(
        font_number=2, hinting=False, layout_features=[], notdef_outline=True
    )
    options.drop_tables += ["GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "STAT", "GDEF"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters())
    with subset.load_font(source, options) as font:
        subsetter.subset(font)
        subset.save_font(font, target, options)
    return target.stat().st_size


if __name__ == "__main__":
    print(f"{TARGET.name}: {make(*sys.argv[1:])} bytes, {len(characters())} characters")
