"""The table that `model.summary()` prints, in Keras's form."""

import shutil
import sys

ASCII = str.maketrans("┏┳┓┃┡╇┩│├┼┤└┴┘━─", "+++|+++|++++++=-")


def summary(model, line_length=None, print_fn=None):
    """Print layers, output shapes, parameter counts and their totals."""
    emit = print_fn or print
    width = line_length or max(50, min(88, shutil.get_terminal_size().columns - 4))
    name = getattr(model, "name", None) or type(model).__name__
    lines = [f'Model: "{name}"', *table(rows_of(model), width), *totals(model)]
    for line in lines:
        emit(line if print_fn else _printable(line))


def rows_of(model):
    """(name and type, output shape, parameter count) of each layer, numbered as in Keras."""
    rows, shape, seen = [], model.input_shape if model.built else None, {}
    is_chain = hasattr(model, "layers") and isinstance(model.layers, list)
    layers = model.layers if is_chain else list(model.children.values())
    for layer in layers:
        base = getattr(layer, "name", type(layer).__name__)
        count = seen[base] = seen.get(base, -1) + 1
        title = f"{base}_{count}" if count else base
        if shape is not None and is_chain:
            shape = layer.output_shape(shape)
        shown = _shape(shape) if is_chain else "-"
        built = model.built or layer.is_built
        params = f"{layer.count_params():,}" if built else "0 (unbuilt)"
        rows.append((f"{title} ({type(layer).__name__})", shown, params))
    return rows


def table(rows, width):
    """The lines of the box; columns end at 45 %, 80 % and 100 % of the width."""
    ends = [int(width * part) for part in (0.45, 0.80, 1.0)]
    inner = [ends[0] - 2, ends[1] - ends[0] - 1, ends[2] - ends[1] - 1]

    def rule(left, dash, middle, right):
        return left + middle.join(dash * n for n in inner) + right

    def line(cells, bar):
        a, b, c = (_fit(cell, n - 2) for cell, n in zip(cells, inner))
        parts = (a.ljust(inner[0] - 2), b.ljust(inner[1] - 2), c.rjust(inner[2] - 2))
        return bar + bar.join(f" {part} " for part in parts) + bar

    body = []
    for i, row in enumerate(rows):
        body += ([rule("├", "─", "┼", "┤")] if i else []) + [line(row, "│")]
    head = line(("Layer (type)", "Output Shape", "Param #"), "┃")
    return [
        rule("┏", "━", "┳", "┓"), head, rule("┡", "━", "╇", "┩"),
        *body, rule("└", "─", "┴", "┘"),
    ]  # fmt: skip


def totals(model):
    """Total, trainable, other, and optimizer parameters, with their size in memory."""
    arrays = [*model.params.values(), *model.state.values()]
    trained = list(model.trainable_params.values())
    frozen = [a for a in arrays if not any(a is t for t in trained)]
    lines = [
        _total(" Total params", arrays),
        _total(" Trainable params", trained),
        _total(" Non-trainable params", frozen),
    ]
    kept = model.optimizer.variables if getattr(model, "optimizer", None) else []
    return lines + ([_total(" Optimizer params", kept)] if len(kept) > 2 else [])


def _total(label, arrays):
    return f"{label}: {sum(a.size for a in arrays):,} ({_bytes(sum(a.nbytes for a in arrays))})"


def _bytes(n):
    for unit in ("B", "KB", "MB"):
        if n < 1024:
            return f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} GB"


def _shape(shape):
    if shape is None:
        return "?"
    if shape and isinstance(shape[0], tuple):
        return "[" + ", ".join(_shape(part) for part in shape) + "]"
    return "(" + ", ".join(str(n) for n in (None, *shape)) + ("," if not shape else "") + ")"


def _fit(text, width):
    return text if len(text) <= width else text[: width - 1] + "…"


def _printable(line):
    """The line, or its ASCII form where the terminal can't show boxes."""
    try:
        line.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return line.translate(ASCII).replace("…", "~")
    return line
