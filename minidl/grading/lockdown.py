"""lockdown: what the sandbox's process gives up before it loads student code.

Runs in the sandbox, alone. Three layers: limits of the operating system (POSIX), what the
Linux kernel can refuse (kernel.py), and an audit hook of Python, which refuses by name and
says so in a sentence. The audit hook stops mistakes and simple attacks everywhere; only the
kernel stops code that finds a way round Python.
"""

import os
import sys


class Lockdown:
    """Made in the zygote, applied in each fork."""

    def __init__(self, settings, numpy_folder):
        self.settings = settings
        self.allowed = tuple(allowed_folders(numpy_folder))
        self.kernel = None
        if sys.platform == "linux":
            from .kernel import Kernel

            self.kernel = Kernel(self.allowed, os.path.join(numpy_folder, "numpy"))

    def apply(self, cpu):
        """Give everything up but `cpu` seconds; the names of the limits that now hold."""
        held = []
        if os.name == "posix":
            held += resource_limits(cpu, self.settings["memory"])
        if self.kernel is not None:
            held += self.kernel.apply()
        if os.name == "posix" and os.geteuid() == 0:
            held.remove("processes")  # root may start as many as it likes; seccomp says no
        os.environ.clear()
        hide_runner()
        sys.addaudithook(hook(self.allowed))
        return [*held, "audit hook"]


def allowed_folders(numpy_folder):
    """The standard library and NumPy: each entry by itself, so never site-packages."""
    for root in dict.fromkeys(os.path.realpath(p) for p in sys.path if os.path.isdir(p)):
        if os.path.isfile(os.path.join(root, "os.py")) or "lib-dynload" in root:
            skipped = ("site-packages", "dist-packages", "ensurepip", "test", "idlelib")
            names = [n for n in os.listdir(root) if n not in skipped]
            yield from (os.path.join(root, n) for n in sorted(names))
    for name in ("numpy", "numpy.libs"):
        if os.path.isdir(os.path.join(numpy_folder, name)):
            yield os.path.realpath(os.path.join(numpy_folder, name))


def resource_limits(cpu, memory):
    """setrlimit for each, where the system takes it."""
    import resource

    wanted = {
        "processor time": ("RLIMIT_CPU", cpu),
        "memory": ("RLIMIT_AS", memory),
        "processes": ("RLIMIT_NPROC", 0),
        "file size": ("RLIMIT_FSIZE", 0),
        "open files": ("RLIMIT_NOFILE", 32),
        "core dumps": ("RLIMIT_CORE", 0),
    }
    held = ["own session"]
    for name, (key, value) in wanted.items():
        try:
            resource.setrlimit(getattr(resource, key), (value, value))
            held.append(name)
        except (AttributeError, ValueError, OSError):
            pass  # reported by its absence
    return held


def hide_runner():
    """Out of sys.modules: this runner, and ctypes, which reads and writes any memory."""
    tops = ("ctypes", "_ctypes", "runner")
    for name in [n for n in sys.modules if n.split(".")[0] in tops]:
        del sys.modules[name]
    sys.modules["__main__"] = type(sys)("__main__")
    for name in ("numpy._core._internal", "numpy.core._internal"):
        if name in sys.modules:
            sys.modules[name].ctypes = None  # NumPy keeps a reference, and can do without


MODULES = frozenset((
    "minidl", "ctypes", "_ctypes", "cffi", "subprocess", "_posixsubprocess", "multiprocessing",
    "concurrent", "asyncio", "socket", "_socket", "mmap", "_mmap", "faulthandler", "pty",
))  # fmt: skip
# Events of Python's audit table, and what the student reads that the code tries to do.
REFUSED = {
    "os.system": "start a program", "os.exec": "start a program",
    "pty.spawn": "start a program",
    "os.posix_spawn": "start a program", "os.spawn": "start a program",
    "os.startfile": "start a program", "subprocess.Popen": "start a program",
    "os.fork": "start a process", "os.forkpty": "start a process",
    "os.kill": "send a signal", "os.killpg": "send a signal",
    "signal.pthread_kill": "send a signal", "_thread.start_new_thread": "start a thread",
    "_thread.start_joinable_thread": "start a thread",
    "socket": "use the network", "ctypes": "use ctypes", "gc.get_objects": "search the memory",
    "gc.get_referrers": "search the memory", "gc.get_referents": "search the memory",
    "code.__new__": "build bytecode", "sys.addaudithook": "add an audit hook",
    "os.remove": "change files", "os.rename": "change files", "os.rmdir": "change files",
    "os.mkdir": "change files", "os.link": "change files", "os.symlink": "change files",
    "os.truncate": "change files", "os.chmod": "change files", "os.chown": "change files",
    "os.utime": "change files", "os.chdir": "change the folder", "mmap": "map memory",
    "os.putenv": "change the environment", "syslog": "write to the system's log",
}  # fmt: skip
LISTING = frozenset(("os.listdir", "os.scandir"))


def hook(allowed, type=type, any=any, error=PermissionError):
    """An audit hook that refuses, with one sentence, what no assignment needs.

    All that it uses is bound here: student code may change modules and builtins."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    refused, modules, listing = tuple(REFUSED.items()), MODULES, LISTING
    beginnings = tuple(a + os.sep for a in allowed)
    folders = frozenset([*allowed, *(os.path.dirname(a) for a in allowed)])
    separator, text, raw, number = os.sep, str, bytes, int

    def reason(event, args):
        if event == "open":
            path, mode, flags = args
            if flags & writing if type(flags) is number else mode not in (None, "r", "rb"):
                return "write files"
            return None if readable(path) else "read files"
        if event in listing:
            return None if readable(args[0]) else "list folders"
        if event == "import":
            top = args[0].partition(".")[0]
            return "import " + top if top in modules else None
        for name, why in refused:
            if event == name or event.partition(".")[0] == name:
                return why
        return None

    def readable(path):
        if type(path) is raw:
            path = path.decode("utf-8", "replace")
        if type(path) is not text:
            return type(path) is number
        if ".." in path.split(separator):
            return False
        return path in folders or path.startswith(beginnings)

    def audit(event, args):
        why = reason(event, args)
        if why:
            raise error("the code tries to " + why + ": no assignment needs that")

    return audit
