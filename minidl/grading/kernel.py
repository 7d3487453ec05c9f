"""kernel: what Linux can refuse a process for good: an own user, Landlock, seccomp.

Runs in the sandbox, alone. Each part is left out where the kernel or the user's rights do not
give it, and is then missing in the list that apply returns (`minidl grade --limits`).
Sources: prctl(2), seccomp(2), landlock(7), and the kernel's own syscall tables.
"""

import ctypes
import os
import platform
import struct

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER, SIGKILL = 2, 9


class Kernel:
    """Made in the zygote, applied in each fork."""

    def __init__(self, allowed, numpy_folder):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.user = own_user(numpy_folder)
        self.landlock = Landlock(self.libc, allowed)
        self.filter = seccomp_filter(platform.machine())

    def apply(self):
        libc, held = self.libc, []
        if self.user:
            os.setgroups([])
            os.setgid(self.user)
            os.setuid(self.user)
            held.append("own user")
        switches = {
            "no new privileges": (PR_SET_NO_NEW_PRIVS, 1),
            "ends with the grader": (PR_SET_PDEATHSIG, SIGKILL),
            "closed memory": (PR_SET_DUMPABLE, 0),
        }
        for name, (option, value) in switches.items():
            if libc.prctl(option, value, 0, 0, 0) == 0:
                held.append(name)
        if self.landlock.restrict(libc):
            held.append("landlock: no files")
        if self.filter and install(libc, self.filter):
            held.append("seccomp: no processes, signals, network")
        self.libc = None
        return held


def own_user(numpy_folder):
    """A user id that nobody has, where we are root and it can still read Python; else 0."""
    if os.geteuid() != 0:
        return 0
    files = (os.__file__, os.path.join(numpy_folder, "__init__.py"))
    return 61_000 + os.getpid() % 4_000 if all(open_to_all(f) for f in files) else 0


def open_to_all(path):
    path = os.path.realpath(path)
    if not os.stat(path).st_mode & 0o004:
        return False
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 0o001:
            return False
    return True


# ---- Landlock: only these files, and only to read ----

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
FS_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}  # by version of the ABI
NET_RIGHTS, SCOPES = 0b11, 0b11  # TCP bind and connect; abstract sockets and signals


class Landlock:
    """A ruleset made once: forks inherit its file descriptor."""

    def __init__(self, libc, allowed):
        self.fd = -1
        version = libc.syscall(CREATE_RULESET, None, 0, 1)
        if version < 1:
            return
        attributes = [FS_RIGHTS[min(version, 5)]]
        attributes += [NET_RIGHTS] if version >= 4 else []
        attributes += [SCOPES] if version >= 6 else []
        data = struct.pack(f"={len(attributes)}Q", *attributes)
        self.fd = libc.syscall(CREATE_RULESET, data, len(data), 0)
        for path in allowed:
            rights = EXECUTE | READ_FILE | (READ_DIR if os.path.isdir(path) else 0)
            self.allow(libc, path, rights)
        for root in {os.path.dirname(path) for path in allowed}:
            self.allow(libc, root, READ_DIR)  # an import lists it

    def allow(self, libc, path, rights):
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        libc.syscall(ADD_RULE, self.fd, 1, struct.pack("=Qi", rights, fd), 0)
        os.close(fd)

    def restrict(self, libc):
        held = self.fd >= 0 and libc.syscall(RESTRICT_SELF, self.fd, 0) == 0
        if self.fd >= 0:
            os.close(self.fd)
        return held


# ---- seccomp: system calls that no assignment needs ----

NEW = (424, 425, 426, 427, 428, 429, 430, 434, 435, 438)  # pidfd, io_uring, mounts, clone3
TABLES = {
    "x86_64": (0xC000003E, (
        29, 30, 31, 64, 68, 240,  # shmget shmat shmctl semget msgget mq_open
        41, 42, 43, 44, 46, 47, 49, 50, 53, 288,  # sockets
        56, 57, 58, 59, 322,  # clone fork vfork execve execveat
        62, 200, 234, 129, 297,  # kill tkill tgkill sigqueue
        101, 310, 311, 312, 298, 321, 323,  # ptrace process_vm kcmp perf bpf userfaultfd
        135, 141, 144, 160, 203, 302, 317,  # personality priorities setrlimit prlimit seccomp
        155, 161, 165, 166, 272, 308, 304,  # pivot_root chroot mount unshare setns
        248, 249, 250, 319,  # keys memfd
    )),
    "aarch64": (0xC00000B7, (
        194, 195, 196, 190, 186, 180,
        198, 199, 200, 201, 202, 203, 206, 211, 212, 242,
        220, 221, 281,
        129, 130, 131, 138, 240,
        117, 270, 271, 272, 241, 280, 282,
        92, 140, 119, 164, 122, 261, 277,
        41, 51, 40, 39, 97, 268, 265,
        217, 218, 219, 279,
    )),
}  # fmt: skip
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # classic BPF
KILL, EPERM, ALLOW = 0x80000000, 0x00050001, 0x7FFF0000


def seccomp_filter(machine):
    """The program in BPF, or b"" on a machine whose table is not here."""
    if machine not in TABLES:
        return b""
    architecture, refused = TABLES[machine]
    program = [
        (LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0), (AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, KILL),
    ]  # fmt: skip
    for number in (*refused, *NEW):
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, EPERM)]
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in program)


def install(libc, program):
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0) == 0
