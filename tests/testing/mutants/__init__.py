"""The mutant bank: plausible wrong backwards, each with the name of its mistake."""

from tests.testing.mutants import (
    activations,
    attention,
    calls,
    conv1d,
    dense,
    dropout,
    embedding,
    library,
    losses,
    normalization,
    pooling,
    recurrent,
    transformer,
)

MODULES = (
    dense, activations, embedding, conv1d, pooling, dropout, normalization, recurrent,
    attention, transformer, library, losses, calls,
)  # fmt: skip
CASES = [case for module in MODULES for case in module.CASES]
