"""Pictures: what is drawn is what was given; the style stays inside; Chinese has its glyphs."""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from minidl import plots

ROOT = Path(plots.__file__).resolve().parent.parent
HISTORY = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "accuracy": [0.5, 0.9]}


def pictures():
    rng = np.random.default_rng(0)
    x = rng.normal(size=20)
    return {
        "curves": plots.training_curves(HISTORY, title="训练"),
        "heat map": plots.heat_map(rng.normal(size=(3, 4)), list("一二三四"), list("甲乙丙")),
        "gates": plots.gate_maps({"f": np.ones((3, 2))}, list("看书吗")),
        "line": plots.regression_line(x, 2 * x, lambda x: 2 * x, band=0.5, title="线性回归"),
        "activations": plots.activation_curves({"tanh": (np.tanh, np.cosh)}),
        "paths": plots.loss_surface_paths(np.hypot, {"梯度下降": [(1, 1), (0, 0)]}),
        "map": plots.embedding_map(rng.normal(size=(3, 6)), list("猫狗车"), colours=[0, 0, 1]),
        "spread": plots.spread({"冻结": {"100": [0.6, 0.7], "500": [0.7, 0.8]}}, "labels"),
        "bars": plots.bars({"模型": [0.8, 0.9], "多数类": 0.5}, "accuracy", baseline=0.5),
    }  # fmt: skip


def test_every_picture_draws_without_a_warning():  # a missing glyph would warn
    for name, fig in pictures().items():
        with plots.style():
            FigureCanvasAgg(fig).draw()
        assert fig.axes, name


def test_nothing_global_changes():
    before = dict(mpl.rcParams)
    pictures()
    assert dict(mpl.rcParams) == before


def test_pyplot_is_not_needed():
    code = "import sys, minidl.plots; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_training_curves_pair_a_quantity_with_its_validation():
    loss, accuracy = plots.training_curves(HISTORY, unit="nats").axes
    assert [line.get_label() for line in loss.lines] == ["loss", "val_loss"]
    np.testing.assert_array_equal(loss.lines[1].get_xydata(), [[1, 1.1], [2, 0.7]])
    assert [line.get_label() for line in accuracy.lines] == ["accuracy"]
    assert loss.get_ylabel() == "loss (nats)"


def test_training_curves_take_a_history_object():
    class History:
        history = {"loss": [3.0, 2.0, 1.0]}

    (axes,) = plots.training_curves(History()).axes
    assert list(axes.lines[0].get_ydata()) == [3, 2, 1]


def test_heat_map_shows_the_matrix_and_its_numbers():
    matrix = np.array([[0.25, 0.75], [1.0, 0.0]])
    axes = plots.heat_map(matrix, ["k1", "k2"], ["q1", "q2"], unit="weight").axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), matrix)
    assert [t.get_text() for t in axes.texts] == ["0.25", "0.75", "1", "0"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["k1", "k2"]
    assert not plots.heat_map(np.ones((30, 30))).axes[0].texts


def test_heat_map_of_both_signs_is_centred_at_zero():
    low, high = plots.heat_map([[-1.0, 3.0]]).axes[0].images[0].get_clim()
    assert (low, high) == (-3, 3)


def test_numbers_in_a_heat_map_stand_out_from_their_cells():
    axes = plots.heat_map(np.linspace(-1, 1, 20).reshape(4, 5)).axes[0]
    image = axes.images[0]
    for label, value in zip(axes.texts, image.get_array().ravel()):
        cell = image.cmap(image.norm(value))[:3]
        a, b = sorted((luminance(cell), luminance(to_rgb(label.get_color()))))
        assert (b + 0.05) / (a + 0.05) > 3  # WCAG 2.1's contrast for large text


def luminance(rgb):
    """WCAG 2.1's relative luminance."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_gate_maps_show_each_step_in_its_column():
    f, c = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), np.array([[0.5, -2.0]] * 3)
    fig = plots.gate_maps({"f": f, "c": c}, list("看书吗"))
    top, below = (axes.images[0] for axes in fig.axes if axes.images)
    np.testing.assert_array_equal(top.get_array(), f.T)
    assert top.get_clim() == (0.1, 0.6)
    assert below.get_clim() == (-2, 2)
    assert [t.get_text() for t in fig.axes[1].get_xticklabels()] == list("看书吗")


def test_regression_line_draws_the_function_and_the_band():
    axes = plots.regression_line([0, 1, 4], [1, 2, 9], lambda x: 2 * x + 1, band=0.5).axes[0]
    x, y = axes.lines[0].get_data()
    assert (x[0], x[-1]) == (0, 4)
    np.testing.assert_allclose(y, 2 * x + 1)
    corners = axes.collections[1].get_paths()[0].vertices
    np.testing.assert_allclose([corners[:, 1].min(), corners[:, 1].max()], [0.5, 9.5])
    both = plots.regression_line([0, 1], [0, 1], {"a": np.sin, "b": np.cos}).axes[0]
    assert len(both.lines) == 2


def test_paths_keep_their_points():
    path = [(2.0, 1.0), (1.0, 0.5), (0.0, 0.0)]
    axes = plots.loss_surface_paths(lambda a, b: a**2 + b**2, {"SGD": path}).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), path)


def test_embedding_map_keeps_distances_of_points_in_a_plane():
    square = np.array([[0, 0], [0, 1], [1, 1], [1, 0.0]])
    tilted = square @ np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])  # orthonormal rows
    points = plots.embedding_map(tilted, list("abcd")).axes[0].collections[0].get_offsets()
    sides = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(sides, 1)


def test_spread_has_every_run_and_the_means():
    axes = plots.spread(
        {"a": {"10": [0.1, 0.3], "100": [0.5, 0.7]}, "b": {"10": [0], "100": [1]}}
    ).axes[0]
    means = [line.get_ydata().tolist() for line in axes.lines if line.get_marker() == "None"]
    np.testing.assert_allclose(means, [[0.2, 0.6], [0, 1]])
    dots = [line.get_ydata().tolist() for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[0.1, 0.3], [0.5, 0.7], [0], [1]]


def test_bars_have_the_means_and_the_spread():
    axes = plots.bars({"a": [0.5, 0.75, 1.0], "b": 0.25}, baseline=0.5).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.75, 0.25]
    assert list(axes.lines[0].get_xdata()) == [0.5, 1.0]


@pytest.mark.parametrize("colour", plots.PALETTE)
def test_colours_stand_out_from_white(colour):
    assert 1.05 / (luminance(to_rgb(colour)) + 0.05) > 2  # lines are thick, and differ in dash


# ---- the font ----


def glyphs():
    with TTFont(plots.FONT) as font:
        return set(font.getBestCmap())


def test_font_is_small_and_its_licence_is_beside_it():
    assert plots.FONT.stat().st_size <= 700_000
    licence = (plots.FONT.parent / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Adobe" in licence


def test_font_has_every_chinese_character_of_lessons_and_library():
    known = glyphs()
    for file in [*ROOT.glob("lessons/**/*.py"), *ROOT.glob("minidl/**/*.py")]:
        used = set(re.findall("[\u4e00-\u9fff]", file.read_text(encoding="utf-8")))
        missing = sorted(char for char in used if ord(char) not in known)
        assert not missing, f"{file.name} uses {missing}: run minidl/fonts/make_font.py again"


def test_font_has_the_fields_words():
    words = "神经元激活函数梯度反向传播损失交叉熵注意力嵌入卷积池化残差归一化蒸馏剪枝量化微调"
    assert not [char for char in words if ord(char) not in glyphs()]
