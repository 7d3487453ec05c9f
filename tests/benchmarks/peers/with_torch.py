"""PyTorch, eager: Adam as it comes (variant None), or Adam(fused=True)."""

from itertools import cycle

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tests.benchmarks.workloads import RATE, hatted


class Dense(nn.Module):
    """As many layers as there are weights, relu between them."""

    def __init__(self, weights):
        super().__init__()
        pairs = list(zip(list(weights.values())[::2], list(weights.values())[1::2]))
        self.layers = nn.ModuleList([linear(W, b) for W, b in pairs])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


class TextCNN(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.table = table(w["0.W"])
        K, C, M = w["1.W"].shape
        self.conv = nn.Conv1d(C, M, K)
        put(self.conv, weight=w["1.W"].transpose(2, 1, 0), bias=w["1.b"])
        self.head = linear(w["3.W"], w["3.b"])

    def forward(self, x):
        h = torch.relu(self.conv(self.table(x).transpose(1, 2)))  # (N, C, T)
        return self.head(h.amax(2))


class LSTM(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.table, (D, U4) = table(w["0.W"]), w["1.W"].shape
        self.lstm = nn.LSTM(D, U4 // 4, batch_first=True)
        put(self.lstm, weight_ih_l0=w["1.W"].T, weight_hh_l0=w["1.U"].T, bias_ih_l0=w["1.b"],
            bias_hh_l0=0 * w["1.b"])  # fmt: skip
        self.lstm.bias_hh_l0.requires_grad = False  # the second bias would double its rate
        self.head = linear(w["2.W"], w["2.b"])

    def forward(self, x):
        return self.head(self.lstm(self.table(x))[0][:, -1])


class Recommender(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.user, self.item = table(w["user.W"]), table(w["item.W"])

    def forward(self, x):
        return (self.user(x[:, 0]) * self.item(x[:, 1])).sum(1, keepdim=True)


class BERT(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.table, self.position = table(w["0.W"]), nn.Parameter(tensor(w["1.W"]))
        D = w["0.W"].shape[1]
        self.norm = nn.LayerNorm(D, eps=1e-12)
        put(self.norm, weight=w["2.gamma"], bias=w["2.beta"])
        count = len({name.split(".")[0] for name in w if "attention" in name})
        self.blocks = nn.ModuleList([block(w, f"{i + 3}.", D) for i in range(count)])
        self.head = linear(w[f"{count + 4}.W"], w[f"{count + 4}.b"])

    def forward(self, x):
        h = self.norm(self.table(x) + self.position)
        for layer in self.blocks:
            h = layer(h)
        return self.head(h.mean(1))


def block(w, at, D):
    made = nn.TransformerEncoderLayer(D, 2, 4 * D, 0.0, "gelu", 1e-12, batch_first=True)
    kernels = [w[f"{at}attention.W{part}"].reshape(D, D).T for part in "qkv"]
    biases = [w[f"{at}attention.b{part}"].reshape(D) for part in "qkv"]
    put(made.self_attn, in_proj_weight=np.concatenate(kernels),
        in_proj_bias=np.concatenate(biases))  # fmt: skip
    put(made.self_attn.out_proj, weight=w[f"{at}attention.Wo"].reshape(D, D).T,
        bias=w[f"{at}attention.bo"])  # fmt: skip
    for ours, theirs in (("ffn1", made.linear1), ("ffn2", made.linear2)):
        put(theirs, weight=w[f"{at}{ours}.W"].T, bias=w[f"{at}{ours}.b"])
    for norm in ("norm1", "norm2"):
        theirs = getattr(made, norm)
        put(theirs, weight=w[f"{at}{norm}.gamma"], bias=w[f"{at}{norm}.beta"])
    return made


MODELS = {"W1": Dense, "W2": Dense, "W2L": Dense, "W3": TextCNN, "W4": LSTM, "W4L": LSTM,
          "W5": Recommender, "W6": BERT}  # fmt: skip
LOSSES = {"mse": F.mse_loss, "binary_crossentropy": F.binary_cross_entropy_with_logits,
          "sparse_categorical_crossentropy": F.cross_entropy}  # fmt: skip
HEADS = {"mse": lambda z: z, "binary_crossentropy": torch.sigmoid,
         "sparse_categorical_crossentropy": lambda z: torch.softmax(z, -1)}  # fmt: skip


def make(workload, weights, batches, variant=None):
    model = MODELS[workload.name](weights)
    trained = [p for p in model.parameters() if p.requires_grad]
    if workload.optimizer == "sgd":
        optimizer = torch.optim.SGD(trained, 1e-2)
    else:
        optimizer = torch.optim.Adam(trained, RATE, fused=variant == "fused")
    loss, head = LOSSES[workload.loss], HEADS[workload.loss]
    batches = [(torch.tensor(x), torch.tensor(y)) for x, y in batches]
    turns, x = cycle(batches), batches[0][0]
    many_x, many_y = map(torch.tensor, workload.arrays(whole_epoch=True))

    t = 0

    def step(x, y):
        nonlocal t
        t += 1
        optimizer.param_groups[0]["eps"] = hatted(t)
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value.item()

    def fit():
        for rows in torch.randperm(len(many_x)).split(workload.batch):
            step(many_x[rows], many_y[rows])

    def predict():
        model.eval()
        with torch.inference_mode():
            out = head(model(x)).numpy()
        model.train()
        return out

    return {"train": lambda: step(*next(turns)), "predict": predict, "fit": fit}


def tensor(a):
    return torch.tensor(np.ascontiguousarray(a))


def put(module, **arrays):
    with torch.no_grad():
        for name, a in arrays.items():
            getattr(module, name).copy_(tensor(a))


def linear(W, b):
    made = nn.Linear(*W.shape)
    put(made, weight=W.T, bias=b)
    return made


def table(W):
    made = nn.Embedding(*W.shape)
    put(made, weight=W)
    return made
