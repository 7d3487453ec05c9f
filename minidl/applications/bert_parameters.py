"""How many numbers a BERT keeps, by formula: nothing is allocated."""


def bert_parameters(
    vocabulary=30522, dim=768, layers=12, ffn=3072, positions=512, segments=2, pooler=True
):
    """The parameters of a BERT, layer by layer; the defaults are BERT-base: 109,482,240.

    embeddings   (V + L + S) D, and 2 D of their norm
    a block      attention  4 (D² + D)      query, key, value, output: W and b of each; the
                                            heads share D, so their number does not matter
                 network    2 D F + F + D   D -> F -> D
                 norms      2 · 2 D         γ and β, twice
    pooler       D² + D

    Source:   D0 §2.1, D2 §2.1 ("millions to billions of parameters"); Devlin et al. 2019, §3
              (110M, 340M)
    """
    D, F = dim, ffn
    embeddings = (vocabulary + positions + segments) * D + 2 * D
    block = 4 * (D * D + D) + (2 * D * F + F + D) + 2 * 2 * D
    return embeddings + layers * block + (D * D + D if pooler else 0)


def count_params_of(config):
    """bert_parameters of a Hugging Face config, a dict as in config.json."""
    return bert_parameters(
        config["vocab_size"],
        config["hidden_size"],
        config["num_hidden_layers"],
        config["intermediate_size"],
        config["max_position_embeddings"],
        config["type_vocab_size"],
    )
