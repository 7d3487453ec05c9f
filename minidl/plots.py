"""Pictures: one style, and the few pictures that lessons need.

Every function takes plain arrays and returns a matplotlib Figure; nothing is shown, and no
global setting changes. Colours are Okabe and Ito's eight, which colour-blind readers can tell
apart (jfly.uni-koeln.de/color, 2008); lines differ in dash too, so a grey print still reads.
"""

from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, SKY, PINK, YELLOW, INK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#333333",
)  # fmt: skip
PALETTE = (BLUE, RED, GREEN, ORANGE, PINK, SKY)
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
SEQUENTIAL, DIVERGING = "cividis", "RdBu_r"
FONT = Path(__file__).parent / "fonts" / "NotoSansCJKsc-subset.otf"


@contextmanager
def style():
    """Inside it pictures have minidl's look, and Chinese labels need no installed font."""
    settings = {
        "font.family": [_chinese_font(), "DejaVu Sans"],
        "axes.unicode_minus": False,
        "font.size": 12,
        "axes.titlesize": 14,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#777777",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=DASHES),
        "lines.linewidth": 2,
        "image.cmap": SEQUENTIAL,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "minidl",
    }
    with mpl.rc_context(settings):
        yield


@cache
def _chinese_font():
    """Register the subset of Noto Sans CJK SC once; returns its family name."""
    font_manager.fontManager.addfont(FONT)
    return font_manager.FontProperties(fname=FONT).get_name()


def styled(picture):
    """Decorator: draw inside `style()`."""

    @wraps(picture)
    def draw(*args, **kwargs):
        with style():
            return picture(*args, **kwargs)

    return draw


def new_axes(x="", y="", title="", size=(6.4, 4)):
    """One pair of axes with labels that name the units; its Figure is `axes.figure`."""
    axes = Figure(figsize=size).subplots()
    axes.set(xlabel=x, ylabel=y, title=title)
    return axes


@styled
def training_curves(history, names=None, title="Training", unit=""):
    """Each curve of a History (or a dict of lists) over the epochs, in one panel a quantity.

    "loss" and "val_loss" share a panel; the validation curve is dashed."""
    curves = getattr(history, "history", history)
    names = names or [name for name in curves if not name.startswith("val_")]
    fig = Figure(figsize=(max(6.4, 3.8 * len(names)), 4))
    fig.suptitle(title, x=0.02, ha="left", fontsize=14)
    for axes, name in zip(np.atleast_1d(fig.subplots(1, len(names))), names):
        for key, colour, dash in ((name, BLUE, "-"), (f"val_{name}", RED, "--")):
            if key in curves:
                epochs = np.arange(1, len(curves[key]) + 1)
                axes.plot(epochs, curves[key], color=colour, linestyle=dash, label=key)
        axes.set(xlabel="epoch", ylabel=f"{name} ({unit})" if unit else name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    return fig


@styled
def heat_map(matrix, x=None, y=None, title="", unit="", xlabel="", ylabel="", annotate=None):
    """A matrix as colours: attention weights, gates, a confusion matrix, a saliency map.

    x, y       names of the columns and rows
    annotate   write the numbers in (default: up to 100 of them)
    Values of both signs get a diverging map centred at 0."""
    matrix = np.atleast_2d(np.asarray(matrix, dtype=float))
    R, C = matrix.shape
    size = 2.2 + min(8, 0.55 * C), 1.4 + min(7, 0.45 * R)
    axes = new_axes(xlabel, ylabel, title, size)
    image = axes.imshow(matrix, aspect="auto", **_colours(matrix))
    axes.grid(visible=False)
    if x is not None:
        _name_columns(axes, x)
    if y is not None:
        axes.set_yticks(range(R), y)
    axes.figure.colorbar(image, ax=axes, label=unit)
    if annotate or (annotate is None and matrix.size <= 100):
        _write_numbers(axes, image, matrix)
    return axes.figure


def _write_numbers(axes, image, matrix):
    """Each entry as text, black on light cells and white on dark ones."""
    for (row, column), value in np.ndenumerate(matrix):
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5  # ITU-R BT.601 luma
        axes.text(column, row, f"{value:.2g}", ha="center", va="center",
                  color="white" if dark else "black", fontsize=10)  # fmt: skip


@styled
def gate_maps(gates, steps, title="", xlabel="step"):
    """{name: (T, U)}, units by named steps, a panel each; of both signs: centred at 0."""
    fig = Figure(figsize=(2.5 + 0.3 * len(steps), 1.2 + 1.5 * len(gates)))
    fig.suptitle(title, x=0.02, ha="left", fontsize=14)
    for axes, name in zip(np.atleast_1d(fig.subplots(len(gates), sharex=True)), gates):
        image = axes.imshow(gates[name].T, aspect="auto", zorder=1, **_colours(gates[name]))
        axes.set(ylabel="unit", yticks=[])
        fig.colorbar(image, ax=axes, label=name)
    _name_columns(axes, steps)
    axes.set_xlabel(xlabel)
    return fig


def _colours(values):
    """Arguments of imshow: of both signs, colours centred at 0."""
    size, both = np.abs(values).max(), values.min() < 0 < values.max()
    return {"cmap": DIVERGING, "vmin": -size, "vmax": size} if both else {"cmap": SEQUENTIAL}


def _name_columns(axes, names):
    """A name below each column; long ones slanted, so that they end under their ticks."""
    long = max(map(len, map(str, names))) > 4
    slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if long else {}
    axes.set_xticks(range(len(names)), names, **slant)


@styled
def regression_line(x, y, line, band=None, title="", xlabel="x", ylabel="y"):
    """Points, the model's line, and a band around it.

    line       a function of x, or {label: function} for several
    band       half the band's width, in the unit of y"""
    axes = new_axes(xlabel, ylabel, title)
    axes.scatter(np.ravel(x), np.ravel(y), s=18, color=INK, alpha=0.6, label="data")
    grid = np.linspace(np.min(x), np.max(x), 200)
    lines = line if isinstance(line, dict) else {"model": line}
    for (label, function), colour, dash in zip(lines.items(), PALETTE, DASHES):
        values = np.ravel(function(grid))
        axes.plot(grid, values, color=colour, linestyle=dash, label=label)
        if band is not None:
            axes.fill_between(grid, values - band, values + band, color=colour, alpha=0.15)
    axes.legend()
    return axes.figure


@styled
def activation_curves(activations, limit=4.0, title="Activations"):
    """Value and slope of each {name: (f, df)} on [-limit, limit], side by side."""
    z = np.linspace(-limit, limit, 401)
    fig = Figure(figsize=(7.6, 3.8))
    fig.suptitle(title, x=0.02, ha="left", fontsize=14)
    left, right = fig.subplots(1, 2)
    for name, (function, slope) in activations.items():
        left.plot(z, function(z), label=name)
        right.plot(z, slope(z), label=name)
    left.set(xlabel="z (no unit)", ylabel="output y = f(z)")
    right.set(xlabel="z (no unit)", ylabel="slope dy/dz")
    left.legend()
    return fig


@styled
def loss_surface_paths(f, paths, title="", xlabel="w1", ylabel="w2", margin=0.3, levels=18):
    """Contours of f(a, b) and the path of each {optimizer: (steps, 2) array} over them."""
    points = np.concatenate([np.asarray(path, float) for path in paths.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    room = margin * (high - low + 1e-9)
    a, b = (np.linspace(m, n, 120) for m, n in zip(low - room, high + room))
    axes = new_axes(xlabel, ylabel, title, size=(7, 5))
    A, B = np.meshgrid(a, b)
    axes.contour(A, B, f(A, B), levels=levels, colors="#BBBBBB", linewidths=0.8)
    for (name, path), colour, dash in zip(paths.items(), PALETTE, DASHES):
        path = np.asarray(path, float)
        axes.plot(*path.T, color=colour, linestyle=dash, label=name)
        axes.plot(*path[-1], "o", color=colour)
    axes.plot(*points[0], "s", color=INK, label="start")
    axes.grid(visible=False)
    axes.legend()
    return axes.figure


@styled
def embedding_map(points, labels, title="", colours=None):
    """Vectors as named points in the plane; more than two dimensions are projected (PCA).

    colours    one group number a point"""
    points = np.asarray(points, dtype=float)
    points = points - points.mean(axis=0)
    if points.shape[1] > 2:
        _, _, directions = np.linalg.svd(points, full_matrices=False)
        points = points @ directions[:2].T  # (n, D) @ (D, 2) -> (n, 2)
    groups = np.zeros(len(points), int) if colours is None else np.asarray(colours)
    axes = new_axes("first direction (no unit)", "second direction (no unit)", title, (6.4, 5))
    axes.scatter(*points.T, c=[PALETTE[g % len(PALETTE)] for g in groups], s=30)
    for point, label in zip(points, labels):
        axes.annotate(label, point, xytext=(5, 4), textcoords="offset points", fontsize=11)
    axes.margins(0.12)
    return axes.figure


@styled
def bars(scores, unit="", title="", baseline=None):
    """One horizontal bar a name; of several scores the mean, with a line from least to most.

    scores     {name: number, or list of numbers (one for each seed)}
    baseline   a number to compare with: chance, or the majority class"""
    axes = new_axes(unit, "", title, size=(6.4, 1.4 + 0.45 * len(scores)))
    for row, values in enumerate(map(np.atleast_1d, scores.values())):
        axes.barh(row, values.mean(), color=BLUE, height=0.6)
        axes.plot([values.min(), values.max()], [row, row], color=INK, linestyle="-")
        axes.annotate(f"{values.mean():.3g}", (max(values.max(), 0), row), xytext=(6, 0),
                      textcoords="offset points", va="center")  # fmt: skip
    axes.set_yticks(range(len(scores)), list(scores))
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
    if baseline is not None:
        axes.axvline(baseline, color=RED, linestyle="--", label=f"baseline {baseline:.3g}")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25))
    return axes.figure


@styled
def spread(scores, xlabel="", ylabel="", title=""):
    """A line of means for each way over sizes on a log scale; every single run is a dot.

    scores   {way: {size: [one number for each run]}}"""
    axes = new_axes(xlabel, ylabel, title)
    for number, (way, by_size) in enumerate(scores.items()):
        sizes = np.array([float(size) for size in by_size])
        line = axes.plot(sizes, [np.mean(runs) for runs in by_size.values()], label=way)[0]
        for size, runs in zip(sizes * 1.04 ** (number - 1), by_size.values()):
            axes.plot(np.full(len(runs), size), runs, "o", color=line.get_color(), alpha=0.5)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes], minor=False)
    axes.set_xticks([], minor=True)
    axes.legend()
    return axes.figure
