"""Where a gradient is wrong: as a small map of characters, and as a picture."""

import numpy as np

WIDEST, TALLEST = 64, 16


def heat_map(wrong):
    """'#' wrong, '.' right, one line for each row; "" where the map would say nothing."""
    if wrong.ndim == 0 or wrong.size < 2 or wrong.all() or not wrong.any():
        return ""
    rows = wrong.reshape(1, -1) if wrong.ndim == 1 else wrong.reshape(-1, wrong.shape[-1])
    rows = shrunk(shrunk(rows, TALLEST).T, WIDEST).T
    lines = ["".join("#" if cell else "." for cell in row) for row in rows]
    return "\n".join(f"         {line}" for line in lines) + "    (# wrong, . right)"


def shrunk(rows, most):
    """At most so many rows: a cell is wrong if any entry of its block is."""
    if len(rows) <= most:
        return rows
    blocks = np.array_split(rows, most)
    return np.stack([block.any(axis=0) for block in blocks])


def figure(title, entries):
    """Three panels for each entry: what backward says, what is true, the difference."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(9, 1 + 2.4 * max(1, len(entries))), layout="constrained")
    axes = fig.subplots(max(1, len(entries)), 3, squeeze=False)
    fig.suptitle(title[:110], fontsize=10)
    for row, entry in zip(axes, entries):
        made = entry.comparison
        got, want = as_table(made.dense(made.got[0])), as_table(made.dense(made.want[0]))
        for ax, table, name in zip(
            row, (got, want, got - want), ("backward", "true", "difference")
        ):
            limit = np.nanmax(np.abs(table), initial=1e-300)
            image = ax.imshow(table, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
            ax.set_title(f"{entry.label}: {name}", fontsize=9)
            fig.colorbar(image, ax=ax)
    return fig


def as_table(array):
    return array.reshape(1, -1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])
