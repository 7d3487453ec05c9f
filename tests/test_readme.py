"""The README's code runs as printed, and its two commands are where CI looks for them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = [
    code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "import" in code
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_run_as_printed(code, capsys):
    exec(code, {})
    assert capsys.readouterr().out


def test_the_gradient_check_example_names_the_cause(capsys):
    exec(EXAMPLES[0], {})
    out = capsys.readouterr().out
    assert "db" in out.splitlines()[0]
    assert "averaged" in out.splitlines()[0]


def test_two_commands_stand_where_ci_reads_them():
    part = README.split("<!-- commands -->")[1].split("<!-- end -->")[0]
    commands = [line for line in part.splitlines() if line.startswith("pip install")]
    assert len(commands) == 2
    assert commands[0].endswith("minidl lessons run")
    assert commands[1].endswith("pytest")
    assert README.splitlines().index(commands[1]) < 24  # the first screen
