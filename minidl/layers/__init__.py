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
from minidl.layers.attention import MultiHeadAttention
from minidl.layers.batchnorm import BatchNormalization
from minidl.layers.bidirectional import Bidirectional
from minidl.layers.conv1d import Conv1D
from minidl.layers.dense import Dense
from minidl.layers.dot_product import (
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from minidl.layers.dropout import Dropout
from minidl.layers.embedding import Embedding
from minidl.layers.flatten import Flatten, Reshape
from minidl.layers.layernorm import LayerNormalization
from minidl.layers.lstm import LSTM
from minidl.layers.pooling import (
    AveragePooling1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
)
from minidl.layers.position import PositionalEncoding, PositionEmbedding, sinusoidal
from minidl.layers.residual import Residual
from minidl.layers.tied import TiedDense
from minidl.layers.transformer import TransformerDecoderBlock, TransformerEncoderBlock

__all__ = [
    "GELU",
    "LSTM",
    "Activation",
    "AveragePooling1D",
    "BatchNormalization",
    "Bidirectional",
    "Conv1D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "LayerNormalization",
    "Linear",
    "MaxPooling1D",
    "MultiHeadAttention",
    "PositionEmbedding",
    "PositionalEncoding",
    "ReLU",
    "Reshape",
    "Residual",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "TiedDense",
    "TransformerDecoderBlock",
    "TransformerEncoderBlock",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_backward",
    "sinusoidal",
]
