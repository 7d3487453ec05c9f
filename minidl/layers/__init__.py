"""One layer a file; this page gathers the names."""

from minidl.layers.activations import (
    GELU,
    Activation,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.layers.bidirectional import Bidirectional
from minidl.layers.conv1d import Conv1D
from minidl.layers.dense import Dense
from minidl.layers.dropout import Dropout
from minidl.layers.embedding import Embedding
from minidl.layers.flatten import Flatten, Reshape
from minidl.layers.lstm import LSTM
from minidl.layers.pooling import (
    AveragePooling1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
)

__all__ = [
    "GELU",
    "LSTM",
    "Activation",
    "AveragePooling1D",
    "Bidirectional",
    "Conv1D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "Linear",
    "MaxPooling1D",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
