"""The lines that fit and evaluate print, in Keras's form."""

import sys
import time

BAR_WIDTH = 20


class Progress:
    """Progress of one pass over the data.

    verbose 0       nothing
    verbose 1       a bar with the time left, redrawn at most ten times a second
    verbose 2       the header, then one plain line when the pass is over
    verbose "auto"  the bar on a terminal, elsewhere one line that holds the header too
    Nothing that a log file can't hold is ever written to what is not a terminal.
    """

    def __init__(self, steps, verbose="auto", header="", out=None):
        if verbose not in (0, 1, 2, "auto"):
            raise ValueError(f"verbose must be 0, 1, 2 or 'auto', got {verbose!r}")
        self.begin = self.last = time.perf_counter()
        self.verbose, self.redraws = verbose, False
        if verbose == 0:
            return
        self.out = out or sys.stdout
        terminal = self.out.isatty()
        one_line = verbose == "auto" and not terminal
        if verbose == "auto":
            self.verbose = 1 if terminal else 2
        self.redraws = self.verbose == 1 and terminal
        self.steps, self.header = steps, f"{header} - " if header and one_line else ""
        self.drawn = 0
        if header and not one_line:
            self.write(header + "\n")

    def update(self, step, read_logs):
        """After a batch; `read_logs()` is called only if a line is due."""
        if self.redraws and time.perf_counter() - self.last >= 0.1:
            self.last = time.perf_counter()
            self.draw(self.bar(step, read_logs(), self.left(step)))

    def close(self, logs):
        """The pass is over."""
        if self.verbose == 0:
            return
        took, per_step = whole_time(self.elapsed), short(self.elapsed / max(self.steps, 1))
        if self.verbose == 2:
            parts = [f"{self.header}{self.steps}/{self.steps}", took, f"{per_step}/step"]
            self.write(" - ".join(parts + shown(logs)) + "\n")
            return
        line = self.bar(self.steps, logs, f"{took} {per_step}/step")
        if self.redraws:
            self.draw(line)
        self.write("\n" if self.redraws else line + "\n")

    @property
    def elapsed(self):
        return time.perf_counter() - self.begin

    def left(self, step):
        """Time left, from the mean time of the steps so far."""
        return f"{whole_time(self.elapsed / step * (self.steps - step))} left"

    def bar(self, step, logs, when):
        full, empty = self.glyphs()
        done = BAR_WIDTH * step // max(self.steps, 1)
        width = len(str(self.steps))
        bar = full * done + empty * (BAR_WIDTH - done)
        return " - ".join([f"{step:>{width}}/{self.steps} {bar} {when}", *shown(logs)])

    def glyphs(self):
        try:
            "━─".encode(self.out.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return "=", "."
        return "━", "─"

    def draw(self, line):
        self.write("\r" + line.ljust(self.drawn))
        self.drawn = len(line)

    def write(self, text):
        self.out.write(text)
        self.out.flush()


def shown(logs):
    """['loss: 0.6953', …]: four decimals, or four digits where the number is tiny."""
    return [f"{k}: {v:.4f}" if abs(v) > 1e-3 else f"{k}: {v:.4e}" for k, v in logs.items()]


def short(seconds):
    """112ms, 85us, 2s."""
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def whole_time(seconds):
    """7s, 1:05, 2:03:04."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}:{seconds:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
