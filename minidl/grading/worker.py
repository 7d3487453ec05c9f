"""worker: the process that runs a student's code. It knows no answer and decides no score.

    python -I -S worker.py CONTROL NUMPY SETTINGS

The zygote imports NumPy once and never loads student code. For each blank it forks a process
that locks itself down, loads the student's file and answers calls until it is ended.
Where a system cannot fork, CONTROL is the port that the one process for one blank connects to.
This file, serve, wire, lockdown and kernel run here; nothing else of minidl does.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
import types
from contextlib import suppress
from functools import partial


def main():
    control, numpy_folder, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    package = sys.modules["runner"] = types.ModuleType("runner")
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]  # not minidl itself
    sys.path.insert(0, numpy_folder)
    from runner.lockdown import Lockdown
    from runner.serve import serve  # imports NumPy

    for name in settings["preload"]:
        importlib.import_module(name)
    lockdown = Lockdown(settings, numpy_folder)
    sys.path.remove(numpy_folder)
    gc.freeze()  # a fork then copies less
    if settings["fork"]:
        zygote(socket.socket(fileno=int(control)), partial(serve, lockdown))
    else:
        connection = socket.create_connection(("127.0.0.1", int(control)))
        serve(lockdown, connection.detach(), settings["cpu"])
        os._exit(0)


# ---- the zygote ----


def zygote(control, run):
    """Fork on request, and end what was forked. One request, one answer."""
    while True:
        data, fds, _, _ = socket.recv_fds(control, 65536, 2)
        if not data:
            return
        request = json.loads(data)
        if "fork" in request:
            pid = os.fork()
            if not pid:
                control.close()
                child(*fds, request["fork"], run)
            for fd in fds:
                os.close(fd)
            answer = {"pid": pid}
        else:
            answer = end(request["end"])
        control.sendall(json.dumps(answer).encode())


def end(pid):
    """Kill the process and all of its group; how it ended and what it used."""
    done, status, usage = os.wait4(pid, os.WNOHANG)
    for kill in (os.killpg, os.kill):
        with suppress(OSError):  # there is nothing left to kill
            kill(pid, signal.SIGKILL)
    if not done:
        _, status, usage = os.wait4(pid, 0)
        status = None if os.WIFSIGNALED(status) and os.WTERMSIG(status) == 9 else status
    code = None if status is None else os.waitstatus_to_exitcode(status)
    return {"code": code, "cpu": usage.ru_utime + usage.ru_stime}


def child(channel, output, cpu, run):
    """The forked process; it never returns."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((null, 0), (output, 1), (output, 2)):
            os.dup2(old, new)
        os.close(null)
        os.close(output)
        run(channel, cpu)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
