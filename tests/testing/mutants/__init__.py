"""The mutant bank: plausible wrong backwards, each with the name of its mistake."""

from tests.testing.mutants import (
    activations,
    attention,
    bert,
    blocks,
    calls,
    conv1d,
    dense,
    dropout,
    embedding,
    heads,
    library,
    losses,
    normalization,
    pooling,
    recurrent,
    tables,
)

MODULES = (
    dense, activations, embedding, conv1d, pooling, dropout, normalization, recurrent,
    attention, heads, tables, blocks, bert, library, losses, calls,
)  # fmt: skip
CASES = [case for module in MODULES for case in module.CASES]
