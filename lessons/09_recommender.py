# %% [markdown]
# # A recommender  个性化推荐系统
#
# **The question.** Which rating (评分) will user $u$ give to item $i$, a pair never seen? D3
# §4.2.1: $\hat{r}_{ui} = \sigma(\theta_u \cdot \text{Embedding}(i) + \text{Embedding}(u) \cdot
# \theta_i)$, θ being "embedding vectors" (嵌入向量), Embedding "matrices". One rating is one
# number, so Embedding(i) is row $i$ of its matrix. That makes two tables a side, four in all.

# %%
import math

import numpy as np

from minidl import Model, plots
from minidl.applications.recommender import DotRecommender
from minidl.callbacks import EarlyStopping
from minidl.datasets import load_movielens_100k, make_ratings
from minidl.layers import Embedding, Sigmoid
from minidl.lesson import Lesson
from minidl.losses import RootMeanSquaredError
from minidl.optimizers import Adam
from minidl.regularizers import L2
from minidl.testing import gradcheck

lesson = Lesson("A recommender  个性化推荐系统", __file__)

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
system = lesson.item(
    "Y-recommend", source="D3 §4.2.1", verdict="partial", printed="the formula alone",
    true="trained on pairs, its width chosen on others, judged on a third part",
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
# $s = [\theta_u, E_u] \cdot [E_i, \theta_i]$: each side's rows end to end, twice as wide. So
# minidl's `DotRecommender` has one table a side; `limits` make $s$ low + (high − low) σ(s).
# D3 §4.3.1 has "$\sigma([0.27, 0.34, 0.41]) \approx 0.8$" of the vectors below.


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

# %% [markdown]
# ## Train, choose, judge
#
# `make_ratings` plants 2 numbers for each of 200 users and 100 items, and rates half of all
# pairs, with noise, in random order: 80 % for training, 10 % to choose the width $D$, 10 % for
# the test; we allow 1.1 times the noise. As printed, σ is more than $r - 1$ away from a rating.

# %%
rmse, SEED = RootMeanSquaredError(), 0
data = make_ratings(users=200, items=100, rank=2, n=10_000, noise=0.5, seed=SEED)
X, r, clean = np.stack([data.users, data.items], axis=1), data.ratings, data.clean[9000:]


def fitted(model, X, r, batch_size=256):
    """Train until the validation error stops falling: (model, validation RMSE, test RMSE)."""
    a, b = len(r) * 8 // 10, len(r) * 9 // 10
    stop = EarlyStopping("val_rmse", patience=4, restore_best_weights=True)
    model.compile(Adam(0.02), "mse", metrics=["rmse"])
    model.fit(X[:a], r[:a], batch_size, epochs=60, verbose=0, callbacks=[stop],
              validation_data=(X[a:b], r[a:b]))  # fmt: skip
    return model, stop.best, rmse(r[b:], model.predict(X[b:], 4096, verbose=0))


system.check_gradient(gradcheck(DotRecommender(3, 4, 2, True, 3.2, (1, 5)), pairs))
blank = DotRecommender(3, 4, 2, True, 3.2, (1, 5), initializer="zeros")
system.check("tables of zeros answer the mean", 3.2, blank([[0, 0]]).item())
error = fitted(DotRecommender(200, 100, 2, limits=(0, 1), seed=SEED), X, r)[2]
formula.check("σ alone is worse than always the mean", r[9000:].std(), error, op=">")
trials = {D: fitted(DotRecommender(200, 100, D, limits=(1, 5), seed=SEED), X, r)
          for D in (1, 2, 4, 8)}  # fmt: skip
recommender, chosen, error = min(trials.values(), key=lambda trial: trial[1])
print("validation RMSE:", *(f"{trials[d][1]:.3f} at D = {d}," for d in trials))
print(f"chosen: {chosen:.3f}; test RMSE {error:.3f}, noise {rmse(r[9000:], clean):.3f} stars")
system.check("test RMSE / noise", 1.1, error / rmse(r[9000:], clean), op="<=")

# Of all pairs, recommend each user's five best not rated yet; the planted ratings judge them.
plan = make_ratings(200, 100, rank=2, n=20_000, noise=0, seed=SEED)
truth, rated = np.zeros((200, 100)), np.zeros((200, 100))
truth[plan.users, plan.items], rated[data.users, data.items] = plan.clean, 9
scores = recommender.predict(np.argwhere(truth), 4096, verbose=0).reshape(200, 100)
ours, best = (np.take_along_axis(truth, (by - rated).argsort()[:, -5:], 1).mean()
              for by in (scores, truth))  # fmt: skip
print(f"planted stars: all {truth.mean():.2f}, our five {ours:.2f}, the best five {best:.2f}")
system.check("our five, as a share of the best five", 0.95, ours / best, op=">=")

# Did it find the tastes? The planted s has rank 2, and its SVD has the items' vectors.
sigma = ((truth - 1) / 4).clip(0.001, 0.999)
_, _, axes = np.linalg.svd(np.log(sigma / (1 - sigma)))
taste = 2 * (axes[0] > 0) + (axes[1] > 0)  # the quadrant: (100,)
fig = plots.embedding_map(recommender.params["item.W"], [""] * 100, "Items  商品向量", taste)
lesson.figure(fig, "map", "Colours: quadrants of the planted vectors. One taste lies together.")
fig = plots.regression_line(clean, recommender(X[9000:]), {"right": lambda t: t}, None,
                            "Test pairs", "planted stars", "predicted stars")  # fmt: skip
lesson.figure(fig, "test", "Pairs never trained on: predicted against planted rating.")

# %% [markdown]
# ## Real ratings: MovieLens 100k
#
# 943 people, 1,682 films. Each has a bias (偏置) now; L2 keeps rare rows small (1e-4 won on the
# validation part). From zeros $p$ and $q$, each the other's slope, never move: biases alone.

# %%
try:
    users, films, stars, _ = load_movielens_100k()
    order = np.random.default_rng(SEED).permutation(100_000)
    Xf, rf = np.stack([users, films], axis=1)[order], stars[order]
    vectors, biases = (
        fitted(DotRecommender(943, 1682, 16, True, rf[:80_000].mean(), (1, 5), L2(1e-4), start,
                              seed=SEED), Xf, rf, 1024)[2] for start in ("normal", "zeros")
    )  # fmt: skip
    print(f"MovieLens, test RMSE: biases alone {biases:.3f}, with vectors {vectors:.3f} stars")
    system.check("MovieLens 100k: test RMSE in stars", 0.95, vectors, op="<=")
    system.check("vectors add to the biases", biases, vectors, op="<")
except ModuleNotFoundError as missing:
    print(f"MovieLens is left out: {missing}")

# %% [markdown]
# ## A bug, and what catches it
#
# Who adds $1 + 4\sigma$ to `forward` may forget the 4 in `backward`. Adam divides a gradient by
# its own size, so training goes as well as before. No loss curve shows it; the check does.


# %%
class ForgetsTheFour(DotRecommender):
    def backward(self, dy, cache):
        return super().backward(dy / 4, cache)


error = fitted(ForgetsTheFour(200, 100, 2, limits=(1, 5), seed=SEED), X, r)[2]
report = gradcheck(ForgetsTheFour(3, 4, 2, limits=(1, 5)), pairs)
print(f"test RMSE with the bug: {error:.3f} stars\n{report}")
formula.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. A new user has rated nothing. What does the model say of her, with biases and without?
# 2. Clicks are 0 or 1: with limits (0, 1) and the loss "bce", show that $ds = \sigma(s) - r$.

# %%
lesson.finish()
