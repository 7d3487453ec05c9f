"""The lines that fit prints."""

import io
import re

import numpy as np
import pytest

from minidl import Sequential
from minidl.layers import Dense
from minidl.progress import Progress, short, shown, whole_time


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def fitted(capsys, verbose, epochs=2):
    model = Sequential([Dense(1, input_shape=(1,))], seed=0)
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(np.ones((70, 1)), np.ones(70), epochs=epochs, verbose=verbose)
    return capsys.readouterr().out


def test_verbose_2_is_keras_line(capsys):
    lines = fitted(capsys, 2).splitlines()
    assert lines[0] == "Epoch 1/2"
    assert re.fullmatch(
        r"3/3 - 0s - \d+[mu]s/step - loss: \d\.\d{4} - mae: \d\.\d{4}", lines[1]
    )
    assert len(lines) == 4


def test_auto_elsewhere_is_one_line_an_epoch(capsys):
    out = fitted(capsys, "auto")
    assert len(out.splitlines()) == 2
    assert out.startswith("Epoch 1/2 - 3/3 - 0s - ")
    assert "\r" not in out
    assert "\x1b" not in out
    assert "Epoch" not in fitted(capsys, "auto", epochs=1)


def test_silence_and_an_unknown_verbose(capsys):
    assert fitted(capsys, 0) == ""
    with pytest.raises(ValueError, match="verbose"):
        fitted(capsys, 3)


def test_a_terminal_sees_a_bar_and_time_left():
    out = Terminal()
    progress = Progress(4, "auto", "Epoch 1/2", out)
    progress.begin -= 10  # ten seconds have passed
    progress.last -= 10
    progress.update(1, lambda: {"loss": 0.5})
    progress.update(2, lambda: pytest.fail("redrawn within a tenth of a second"))
    progress.close({"loss": 0.25})
    text = out.getvalue()
    assert text.startswith("Epoch 1/2\n\r1/4 ━━━━━───────────────")
    assert "30s left - loss: 0.5000" in text  # 10 s for 1 of 4 steps
    assert text.endswith("10s 2s/step - loss: 0.2500\n") or "loss: 0.2500" in text


def test_number_and_time_formats():
    assert shown({"a": 0.69531, "b": 0.0001, "c": -2.0}) == [
        "a: 0.6953",
        "b: 1.0000e-04",
        "c: -2.0000",
    ]
    assert [short(s) for s in (2.4, 0.112, 8.5e-5)] == ["2s", "112ms", "85us"]
    assert [whole_time(s) for s in (7, 65, 7384)] == ["7s", "1:05", "2:03:04"]
