# %% [markdown]
# # A rating from tables of vectors  评分公式与嵌入向量
#
# **The question.** What do two vectors say of how user $u$ will rate item $i$?
#
# D3 §4.2.1: $\hat{r}_{ui} = \sigma(\theta_u \cdot \text{Embedding}(i) + \text{Embedding}(u)
# \cdot \theta_i)$, θ being "embedding vectors" (嵌入向量), Embedding "matrices". A rating
# (评分) is one number, so Embedding(i) is row $i$ of its matrix: two tables a side, or four.

# %%
import math

import numpy as np

from minidl import Model, plots
from minidl.applications.recommender import DotRecommender
from minidl.layers import Embedding, Sigmoid
from minidl.lesson import Lesson
from minidl.testing import gradcheck

lesson = Lesson("A rating from tables of vectors  评分公式与嵌入向量", __file__)

formula = lesson.item(
    "F-D3-recommend", source="D3 §4.2.1", verdict="partial",
    formula=r"\hat r_{ui} = 1 + 4\,\sigma([\theta_u, E_u] \cdot [E_i, \theta_i])",
    printed="r̂ = σ(θ_u · Emb(i) + Emb(u) · θ_i), a rating from 1 to 5",
    true="σ lies in (0, 1): 1 + 4σ is a rating; two tables a side are one of twice the width",
)  # fmt: skip
example = lesson.item(
    "W-D3-recommend", source="D3 §4.3.1", verdict="wrong",
    printed="σ([0.27, 0.34, 0.41]) ≈ 0.8", true="σ(0.82) = 0.694236, 1 + 4σ = 3.776945",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally, and as a Model
#
# With $s$ the sum inside σ and $ds = dy\,\sigma(s)(1 - \sigma(s))$, each factor's gradient is
# $ds$ times its partner: $d\theta_u = ds\,E_i$, $dE_i = ds\,\theta_u$, and so on.


# %%
def literal_rating(theta_u, emb_i, emb_u, theta_i):
    s = sum(theta_u[d] * emb_i[d] + emb_u[d] * theta_i[d] for d in range(len(theta_u)))
    return 1 / (1 + math.exp(-s))


class FourTables(Model):
    def __init__(self, users, items, dim, **kwargs):
        super().__init__(**kwargs)
        self.theta_u, self.emb_u = Embedding(users, dim), Embedding(users, dim)
        self.theta_i, self.emb_i = Embedding(items, dim), Embedding(items, dim)

    def forward(self, x, training=False):
        u, i = x.T  # (N, 2) ids -> (N,), (N,)
        tu, eu = self.theta_u.forward(u)[0], self.emb_u.forward(u)[0]  # (N,) -> (N, D)
        ti, ei = self.theta_i.forward(i)[0], self.emb_i.forward(i)[0]
        y = Sigmoid()((tu * ei + eu * ti).sum(axis=1, keepdims=True))  # (N, D) -> (N, 1)
        return y, (u, i, tu, eu, ti, ei, y)

    def backward(self, dy, cache):
        u, i, tu, eu, ti, ei, y = cache  # u and i are also what the Embeddings' caches hold
        ds = dy * y * (1 - y)
        (_, dtu), (_, deu) = self.theta_u.backward(ds * ei, u), self.emb_u.backward(ds * ti, u)
        (_, dti), (_, dei) = self.theta_i.backward(ds * eu, i), self.emb_i.backward(ds * tu, i)
        return None, self.collect(theta_u=dtu, emb_u=deu, theta_i=dti, emb_i=dei)


pairs = np.array([[0, 0], [1, 2], [1, 1], [2, 0], [0, 3], [2, 3]])  # users and items repeat
four = FourTables(3, 4, 2, dtype="float64")
four(pairs)  # builds it
rng = np.random.default_rng(0)
four.set_weights([rng.normal(size=a.shape) for a in four.get_weights()])
tu, eu, ti, ei = four.get_weights()  # (3, 2), (3, 2), (4, 2), (4, 2)
loops = [[literal_rating(tu[u], ei[i], eu[u], ti[i])] for u, i in pairs]
formula.check("the model is the loops", loops, four(pairs))
formula.check_gradient(gradcheck(four, pairs), "gradient check of the four tables")
_, grads = four.loss_and_grads(pairs[:2], [1.0, 0.0], "mse")
formula.check("RowGradient: 2 pairs, 2 rows", [0, 1], grads["theta_u.W"].rows.tolist())

# %% [markdown]
# ## Two dot products are one, and the worked example (实例)
#
# $s = [\theta_u, E_u] \cdot [E_i, \theta_i]$: `DotRecommender` has one table a side, twice as
# wide, and with `limits` y = low + (high − low) σ(s). Of the vectors below D3 §4.3.1 makes
# "$\sigma([0.27, 0.34, 0.41]) \approx 0.8$".


# %%
def dot(limits, user, item, x=((0, 0),)):
    model = DotRecommender(*map(len, (user, item, user[0])), limits=limits, dtype="float64")
    model(np.array(x))
    model.set_weights([user, item])
    return model(np.array(x))


joined = dot((0, 1), np.hstack([tu, eu]), np.hstack([ei, ti]), pairs)  # (3, 4) and (4, 4)
formula.check("one dot product, twice as wide", loops, joined)
theta_u, theta_i = np.array([[0.1, 0.2, 0.3]]), np.array([[0.4, 0.5, 0.6]])
emb_i, emb_u = np.array([[0.7, 0.8, 0.9]]), np.array([[0.1, 0.2, 0.3]])
user, item = np.hstack([theta_u, emb_u]), np.hstack([emb_i, theta_i])  # (1, 6), (1, 6)
example.check("θ_u · Emb(i)", [[0.50]], dot(None, theta_u, emb_i))
example.check("Emb(u) · θ_i", [[0.32]], dot(None, emb_u, theta_i))
example.check("the sum s", [[0.82]], dot(None, user, item))
example.check("σ(s)", [[0.694236]], dot((0, 1), user, item))
example.check("1 + 4 σ(s)", [[3.776945]], dot((1, 5), user, item))
example.check("the terms of s", [[0.11, 0.26, 0.45]], theta_u * emb_i + emb_u * theta_i)
example.check("σ of the printed ones", 0.8, Sigmoid()(np.array([0.27, 0.34, 0.41])), op="<")
example.check("0.8 is s, rounded", [[0.8]], dot(None, user, item).round(1))

# %%
s = np.linspace(-5, 5, 101)
with plots.style():
    axes = plots.new_axes("s (no unit)", "stars", "From a dot product to a rating  评分")
    stars = [dot((1, 5), [[v]], [[1.0]]).item() for v in s]
    axes.plot(s, stars, label="1 + 4 σ(s)")
    axes.plot(s, (np.array(stars) - 1) / 4, label="σ(s), as printed")
    axes.plot(0.82, 3.776945, "o", color=plots.INK, label="the worked example")
    axes.legend()
lesson.figure(axes.figure, "scale", "As printed σ stays below the worst rating, one star.")

# %% [markdown]
# ## A bug, and what catches it
#
# Each factor's slope is its partner. With the factor itself, $d\theta_u = ds\,\theta_u$, the
# backward runs, and where all tables are equal it is even right: check with unequal numbers.


# %%
class OwnFactor(FourTables):
    def backward(self, dy, cache):
        u, i, tu, eu, ti, ei, y = cache
        return super().backward(dy, (u, i, ei, ti, eu, tu, y))


slopes = []
for model in (FourTables(3, 4, 2, dtype="float64"), bug := OwnFactor(3, 4, 2, dtype="float64")):
    model(pairs)
    model.set_weights([np.ones(a.shape) for a in four.get_weights()])
    y, cache = model.forward(pairs)
    grads = model.backward(y, cache)[1].values()
    slopes.append(np.concatenate([np.asarray(g).ravel() for g in grads]))
formula.check("equal tables: right and bug agree", *slopes)
report = gradcheck(bug, pairs)  # it moves tables that are all one number, and looks again
print(report.headline)
formula.check("the gradient check: it passes", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. Rate by nearness: `NearRating` is $y = 1 + 4 e^{-|p - q|^2}$ with p = x[:, 0], q = x[:, 1]
#    of an x (N, 2, D), and y (N, 1). For p = (0.1, 0.2, 0.3), q = (0.7, 0.8, 0.9) it is 2.3584.
#    Put the class (a `minidl.Layer`), an x and the line `CHECKS = [(NearRating(), x)]` into a
#    file, and let `minidl check answers.py` judge.
# 2. `Cosine`, of the same x, is $p \cdot q / (|p| |q|)$: 0.9594 for these vectors. Show that
#    $dp = dy\,(q / (|p| |q|) - y\, p / |p|^2)$. How long each vector is says nothing now.

# %%
lesson.finish()
