"""check_file: the contract of every layer and loss that a file defines (`minidl check FILE`).

A file may say itself what to feed:

    CHECKS = [(MyDense(3), x), (MyHuber(), y_true, y_pred)]

For what CHECKS leaves out, constructor arguments and inputs are guessed from the names.
"""

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path

from minidl.layer import Layer
from minidl.loss import Loss
from minidl.testing import guesses
from minidl.testing.contract import check_layer, check_loss

OWN_INPUT = "to choose what it is checked with, put CHECKS = [({name}(...), x)] in the file"


class CannotCheck(Exception):
    """No guess worked; the text says what was tried."""


def check_file(path, names=()):
    """Check all of a file, or the classes called `names`; prints, returns the exit status."""
    path = Path(path)
    if not path.is_file():
        return _refuse(f"{path}: no such file")
    try:
        cases = find_cases(load(path))
    except Exception as error:
        print(import_fault(path, error))
        return 1
    unknown = [name for name in names if name not in {case[0] for case in cases}]
    if unknown or not cases:
        known = ", ".join(dict.fromkeys(case[0] for case in cases)) or "no layer and no loss"
        return _refuse(f"{path} has no {', '.join(unknown) or 'layer or loss'}; it has {known}")
    passed = [_run(case) for case in cases if not names or case[0] in names]
    print(f"{sum(passed)} of {len(passed)} keep the contract")
    return 0 if all(passed) else 1


def _refuse(sentence):
    print(f"minidl check: {sentence}", file=sys.stderr)
    return 2


def load(path):
    """Import a file by its path; its folder's other files may be imported too."""
    path = Path(path).resolve()
    spec = importlib.util.spec_from_file_location(f"checked_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise ImportError(
            f"the file ends the program ({error.code!r}) when imported"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def import_fault(path, error):
    """file:line: the sentence, and the line of the file that raised it."""
    if isinstance(error, SyntaxError) and error.filename == str(path.resolve()):
        return (
            f"{path}:{error.lineno}: SyntaxError: {error.msg}\n    {(error.text or '').strip()}"
        )
    sentence = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(path.resolve())]
    return (
        f"{path}:{own[-1].lineno}: {sentence}\n    {own[-1].line}"
        if own
        else f"{path}: {sentence}"
    )


def find_cases(module):
    """[(name, subject, given)]: given is the input from CHECKS, or None for a guess."""
    cases, done = [], set()
    for entry in getattr(module, "CHECKS", []):
        if not isinstance(entry, tuple | list) or len(entry) not in (2, 3):
            raise TypeError(
                f"CHECKS: an entry is (layer, x) or (loss, y_true, y_pred), got {entry!r}"
            )
        subject = entry[0]() if isinstance(entry[0], type) else entry[0]
        cases.append((type(subject).__name__, subject, tuple(entry[1:])))
        done |= {id(subject), type(subject)}
    for name, value in vars(module).items():
        own_class = isinstance(value, type) and value.__module__ == module.__name__
        if own_class and _checkable(value) and value not in done:
            cases.append((name, value, None))
        if isinstance(value, Layer | Loss) and id(value) not in done:
            done.add(id(value))
            cases.append((name, value, None))
    return cases


def _checkable(cls):
    """A Layer, a Loss, or any class with both forward and backward."""
    return issubclass(cls, Layer | Loss) or all(
        callable(getattr(cls, method, None)) for method in ("forward", "backward")
    )


def _run(case):
    """Check one case and print its report; passed or not."""
    name, subject, given = case
    try:
        used, report = _given(subject, given) if given else _guessed(name, subject)
    except CannotCheck as error:
        print(f"{name}: not checked\n{error}\n")
        return False
    print(f"{name}, checked with {used}\n{report}\n")
    if not report.passed and given is None:
        print(f"(the input was guessed: {OWN_INPUT.format(name=name)})\n")
    return report.passed


def _given(subject, given):
    check = check_loss if len(given) == 2 else check_layer
    try:
        return guesses.say(given if len(given) == 2 else given[0]), check(subject, *given)
    except Exception as error:
        raise CannotCheck(f"  {type(error).__name__}: {error}") from error


def _guessed(name, subject):
    """(what was fed, report) with the first guess that forward accepts."""
    is_loss = _is_loss(subject)
    candidates = guesses.targets(name) if is_loss else guesses.inputs(name, subject)
    tried = {}  # what went wrong: the inputs it went wrong with
    for candidate in candidates:
        given = candidate if is_loss else (candidate,)
        try:
            made, arguments = _made(subject, given[-1])
            report = (check_loss if is_loss else check_layer)(made, *given)
        except Exception as error:
            sentence = f"{type(error).__name__}: {error}"
            tried.setdefault(sentence, []).append(guesses.say(candidate))
            continue
        return guesses.say(candidate) + arguments, report
    lines = [f"  tried {', '.join(inputs)}: {why}" for why, inputs in tried.items()]
    raise CannotCheck("\n".join([*lines, f"  {OWN_INPUT.format(name=name)}"]))


def _is_loss(subject):
    """A Loss, or something whose forward takes y_true first."""
    cls = subject if isinstance(subject, type) else type(subject)
    names = [n for n in inspect.signature(cls.forward).parameters if n != "self"]
    return issubclass(cls, Loss) or names[:1] == ["y_true"]


def _made(subject, x):
    """(instance, what its constructor got, in words)."""
    if not isinstance(subject, type):
        return subject, ""
    arguments = guesses.constructor_arguments(subject, x)
    words = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return subject(**arguments), f", built with {words}" if words else ""
