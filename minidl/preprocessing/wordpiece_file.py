"""The files of a WordPiece: vocab.txt and Hugging Face's tokenizer.json."""

import json
from pathlib import Path

FLAGS = ("lstrip", "rstrip", "single_word")


def read_settings(path):
    """The arguments of WordPiece that a vocab.txt or a tokenizer.json holds."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8")
        file = json.loads(text) if path.suffix == ".json" else None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"WordPiece.from_file: {path.name} is neither a list of tokens nor JSON: give a "
            "vocab.txt or a tokenizer.json"
        ) from error
    return _from_lines(text) if file is None else _from_json(path, file)


def write_settings(path, wordpiece):
    """Write vocab.txt or tokenizer.json; the first holds no settings, so note `lower`."""
    path = Path(path)
    if path.suffix == ".json":
        text = json.dumps(_as_json(wordpiece), ensure_ascii=False, indent=1)
    else:
        tokens = wordpiece.tokens
        if sorted(tokens) != list(range(len(tokens))):
            raise ValueError(
                "WordPiece.save: a vocab.txt needs ids without gaps: save as tokenizer.json"
            )
        text = "".join(f"{tokens[number]}\n" for number in range(len(tokens)))
    path.write_text(text, encoding="utf-8", newline="\n")


def _from_lines(text):
    lines = text.split("\n")  # not splitlines: some tokens are line separators of Unicode
    if lines[-1] == "":
        lines.pop()
    return {"vocabulary": {line.rstrip("\r"): number for number, line in enumerate(lines)}}


def _from_json(path, file):
    _require(path, file, "model", "WordPiece")
    _require(path, file, "normalizer", "BertNormalizer")
    _require(path, file, "pre_tokenizer", "BertPreTokenizer")
    model, normalizer, added = file["model"], file["normalizer"], file.get("added_tokens", [])
    for token in added:
        if any(token.get(flag) for flag in FLAGS):
            raise ValueError(
                f"WordPiece.from_file: the added token {token['content']!r} of {path.name} has "
                f"one of the flags {', '.join(FLAGS)}, unknown here: set them to false"
            )
    return {
        "vocabulary": {**model["vocab"], **{token["content"]: token["id"] for token in added}},
        "lower": normalizer["lowercase"],
        "strip_accents": normalizer["strip_accents"],
        "cjk": normalizer["handle_chinese_chars"],
        "clean": normalizer["clean_text"],
        "unknown": model["unk_token"],
        "prefix": model["continuing_subword_prefix"],
        "max_word": model["max_input_chars_per_word"],
        "never_split": [t["content"] for t in added if not t.get("normalized")],
        "added": [t["content"] for t in added if t.get("normalized")],
    }


def _require(path, file, part, expected):
    found = file.get(part) if isinstance(file, dict) else None
    found = found.get("type") if isinstance(found, dict) else found
    if found != expected:
        raise ValueError(
            f"WordPiece.from_file: the {part} of {path.name} must be a {expected}, got "
            f"{found!r}: give the tokenizer.json of a BERT model"
        )


def _as_json(wordpiece):
    basic, vocabulary = wordpiece.basic, wordpiece.vocabulary
    kept = [(token, False) for token in wordpiece.never_split]
    kept += [(token, True) for token in wordpiece.added.values()]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(vocabulary[token], token, n) for token, n in kept],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": basic.clean,
            "handle_chinese_chars": basic.cjk,
            "strip_accents": basic.strip_accents,
            "lowercase": basic.lower,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": _post_processor(vocabulary),
        "decoder": {"type": "WordPiece", "prefix": wordpiece.prefix, "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": wordpiece.unknown,
            "continuing_subword_prefix": wordpiece.prefix,
            "max_input_chars_per_word": wordpiece.max_word,
            "vocab": vocabulary,
        },
    }


def _added_token(number, content, normalized):
    token = {"id": number, "content": content, "normalized": normalized}
    return {**token, "special": not normalized, **dict.fromkeys(FLAGS, False)}


def _post_processor(vocabulary):
    """[CLS] a [SEP] b [SEP], if the vocabulary has both."""
    cls, sep = (["[CLS]", vocabulary.get("[CLS]")], ["[SEP]", vocabulary.get("[SEP]")])
    if None in cls + sep:
        return None
    return {"type": "BertProcessing", "cls": cls, "sep": sep}
