"""Sandbox: starts and ends processes for student code."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from minidl.grading.limits import Limits
from minidl.grading.process import Process

WORKER = Path(__file__).with_name("worker.py")
THREADS = ("OPENBLAS", "OMP", "MKL", "VECLIB")
PRELOAD = (  # imported once, for all: what students may reach for
    "math", "cmath", "random", "itertools", "functools", "collections", "dataclasses", "copy",
    "typing", "abc", "string", "statistics", "operator", "time", "traceback", "warnings",
    "contextlib", "enum", "fractions", "decimal",
    "numpy.linalg", "numpy.random", "numpy.fft", "numpy.polynomial",
)  # fmt: skip
CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")


class Sandbox:
    """One worker that forks; where the system cannot fork, a worker for every start."""

    def __init__(self, limits=None, fork=CAN_FORK):
        self.limits, self.fork, self.zygote = limits or Limits(), fork, None
        self.folder = tempfile.TemporaryDirectory(prefix="minidl-")
        os.chmod(self.folder.name, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.drop()
        self.folder.cleanup()

    def drop(self):
        """End the zygote; what it forked ends with it where the system can do that."""
        if self.zygote is not None:
            self.control.close()
            self.zygote.kill()
            self.zygote.wait()
            self.zygote = None

    def start(self, cpu=None, wall=None):
        """A fresh Process."""
        if not self.fork:
            return self.spawn(wall)
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        try:
            cpu = cpu or self.limits.cpu
            pid = self.ask({"fork": cpu}, [theirs.fileno(), write])["pid"]
        finally:
            theirs.close()
            os.close(write)
        return Process(self.limits, ours, read, lambda: self.ask({"end": pid}), cpu, wall)

    def ask(self, request, fds=()):
        """The zygote's answer; one that has died is replaced."""
        for _ in range(2):
            if self.zygote is not None and self.zygote.poll() is not None:
                self.drop()
            if self.zygote is None:
                self.control, self.zygote = self.launch()
                if "end" in request:
                    return {"code": None, "cpu": 0.0}
            try:
                socket.send_fds(self.control, [json.dumps(request).encode()], list(fds))
                answer = self.control.recv(65536)
                if answer:
                    return json.loads(answer)
            except OSError:
                pass
            self.drop()
        raise RuntimeError("the sandbox's worker does not start")

    def launch(self):
        ours, theirs = socket.socketpair()
        process = self.run_worker(str(theirs.fileno()), pass_fds=[theirs.fileno()])
        theirs.close()
        return ours, process

    def run_worker(self, control, **arguments):
        settings = {"cpu": self.limits.cpu, "memory": self.limits.memory, "fork": self.fork,
                    "preload": PRELOAD}  # fmt: skip
        numpy_folder = str(Path(np.__file__).resolve().parent.parent)
        environment = {f"{name}_NUM_THREADS": "1" for name in THREADS[:3]}
        environment |= {"VECLIB_MAXIMUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        kept = ("SYSTEMROOT", "LD_LIBRARY_PATH")  # what the interpreter itself may need
        environment |= {name: os.environ[name] for name in kept if name in os.environ}
        flags = [
            "-I",
            "-S",
            "-B",
            "-u",
            "-X",
            "utf8",
        ]  # isolated, unbuffered
        command = [sys.executable, *flags, str(WORKER), control, numpy_folder]
        return subprocess.Popen(
            [*command, json.dumps(settings)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.folder.name, env=environment, **arguments,
        )  # fmt: skip

    def spawn(self, wall):
        """Without fork: a new interpreter for each Process, over a socket of this machine."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(60)
            process = self.run_worker(str(server.getsockname()[1]))
            channel, _ = server.accept()

        def end():
            process.kill()
            return {"code": process.wait(), "cpu": 0.0}

        return Process(self.limits, channel, None, end, self.limits.cpu, wall)
