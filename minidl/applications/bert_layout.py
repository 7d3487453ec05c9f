"""layout: each array of a BERT here, and the tensor that it is in a Hugging Face checkpoint.

PyTorch's Linear keeps W transposed, (out, in); here kernels are (in, out), and attention's are
cut into heads: (D, H, K) from D to H heads, (H, K, D) back.
"""

POOLER = "pooler.dense.weight"

EMBEDDINGS = {
    "word.W": "embeddings.word_embeddings.weight",
    "position.W": "embeddings.position_embeddings.weight",
    "segment.W": "embeddings.token_type_embeddings.weight",
    "norm.gamma": "embeddings.LayerNorm.weight",
    "norm.beta": "embeddings.LayerNorm.bias",
}
BLOCK = {
    "attention.Wq": "attention.self.query.weight",
    "attention.bq": "attention.self.query.bias",
    "attention.Wk": "attention.self.key.weight",
    "attention.bk": "attention.self.key.bias",
    "attention.Wv": "attention.self.value.weight",
    "attention.bv": "attention.self.value.bias",
    "attention.Wo": "attention.output.dense.weight",
    "attention.bo": "attention.output.dense.bias",
    "norm1.gamma": "attention.output.LayerNorm.weight",
    "norm1.beta": "attention.output.LayerNorm.bias",
    "ffn1.W": "intermediate.dense.weight",
    "ffn1.b": "intermediate.dense.bias",
    "ffn2.W": "output.dense.weight",
    "ffn2.b": "output.dense.bias",
    "norm2.gamma": "output.LayerNorm.weight",
    "norm2.beta": "output.LayerNorm.bias",
}
PRETRAINING = {
    "mlm.transform.W": "cls.predictions.transform.dense.weight",
    "mlm.transform.b": "cls.predictions.transform.dense.bias",
    "mlm.norm.gamma": "cls.predictions.transform.LayerNorm.weight",
    "mlm.norm.beta": "cls.predictions.transform.LayerNorm.bias",
    "mlm.decoder.b": "cls.predictions.bias",
    "nsp.W": "cls.seq_relationship.weight",
    "nsp.b": "cls.seq_relationship.bias",
}


def encoder_names(layers, pooler):
    """{our name: theirs} of every array of an encoder."""
    names = dict(EMBEDDINGS)
    for i in range(layers):
        names |= {f"blocks.{i}.{a}": f"encoder.layer.{i}.{b}" for a, b in BLOCK.items()}
    return names | ({"pooler.W": POOLER, "pooler.b": "pooler.dense.bias"} if pooler else {})


def pretraining_names(layers):
    """The same of an encoder inside a BERTForPretraining, and of its two heads."""
    inside = encoder_names(layers, pooler=True).items()
    return {f"bert.{a}": f"bert.{b}" for a, b in inside} | PRETRAINING


def is_kernel(theirs):
    """Is it a Linear's weight? Tables and norms are kept as they are."""
    return theirs.endswith(".weight") and "embeddings" not in theirs and "Norm" not in theirs


def to_ours(tensor, shape, theirs):
    """(out, in) -> (in, out) -> (D, H, K) or (H, K, D); a bias (D,) -> (H, K)."""
    return (tensor.T if is_kernel(theirs) else tensor).reshape(shape)


def to_theirs(array, ours, theirs):
    """The inverse of to_ours."""
    if is_kernel(theirs):
        width = array.shape[-1] if ours.endswith("Wo") else array[0].size
        return array.reshape(-1, width).T
    return array if "embeddings" in theirs else array.reshape(-1)


def plain(name):
    """The name without what differs between checkpoints of the same model."""
    name = name.removeprefix("bert.")
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    return name.replace("LayerNorm.beta", "LayerNorm.bias")
