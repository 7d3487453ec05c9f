"""Heads: from features to H smaller vectors, and back."""

from minidl.layers.rows import column_sums


def project(x, W, b=None):
    """x W + b for every head, in one product: (N, T, D) with (D, H, K) -> (N, H, T, K)."""
    N, T, _ = x.shape
    D, H, K = W.shape
    z = x.reshape(N * T, D) @ W.reshape(D, H * K)  # (N T, D) @ (D, H K) -> (N T, H K)
    if b is not None:
        z += b.reshape(-1)
    return z.reshape(N, T, H, K).transpose(0, 2, 1, 3)


def project_back(dz, x, W):
    """(dx, dW, db) of project, for dz (N, H, T, K)."""
    D, H, K = W.shape
    rows = merge_heads(dz).reshape(-1, H * K)  # (N, H, T, K) -> (N T, H K)
    dW = x.reshape(-1, D).T @ rows  # (D, N T) @ (N T, H K) -> (D, H K)
    dx = rows @ W.reshape(D, H * K).T  # (N T, H K) @ (H K, D) -> (N T, D)
    db = column_sums(rows)
    return dx.reshape(x.shape), dW.reshape(D, H, K), db.reshape(H, K)


def merge_heads(z):
    """(N, H, T, K) -> (N, T, H K): the heads side by side."""
    N, H, T, K = z.shape
    return z.transpose(0, 2, 1, 3).reshape(N, T, H * K)
