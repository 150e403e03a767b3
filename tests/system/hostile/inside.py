# SPDX-License-Identifier: GPL-3.0-or-later
"""What a taken-over session tries at the system: each function runs in the probe, in the sandbox.

A function that gets through gives what it got; one that is stopped raises `OSError`.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLIENT_FD = 3
SYSTEM_CALLS = {
    "x86_64": {"ptrace": 101, "process_vm_readv": 310, "kexec_load": 246, "bpf": 321,
               "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "kill": 62,
               "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
               "pidfd_send_signal": 424, "pidfd_open": 434, "pidfd_getfd": 438, "mount": 165,
               "umount2": 166, "pivot_root": 155, "open_tree": 428, "fsopen": 430, "add_key": 248,
               "keyctl": 250, "init_module": 175, "reboot": 169, "swapon": 167, "clone": 56,
               "process_madvise": 440, "kcmp": 312, "setns": 308, "open_by_handle_at": 304},
    "aarch64": {"ptrace": 117, "process_vm_readv": 270, "kexec_load": 104, "bpf": 280,
                "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425, "kill": 129,
                "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
                "pidfd_send_signal": 424, "pidfd_open": 434, "pidfd_getfd": 438, "mount": 40,
                "umount2": 39, "pivot_root": 41, "open_tree": 428, "fsopen": 430, "add_key": 217,
                "keyctl": 219, "init_module": 105, "reboot": 142, "swapon": 224, "clone": 220,
                "process_madvise": 440, "kcmp": 272, "setns": 268, "open_by_handle_at": 265},
}[os.uname().machine]  # fmt: skip


def call(name: str, *arguments: int | str) -> int:
    """Make a system call by its name, past all wrappers."""
    given = [
        ctypes.c_long(one) if isinstance(one, int) else one.encode("ascii") for one in arguments
    ]
    result: int = LIBC.syscall(ctypes.c_long(SYSTEM_CALLS[name]), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def signal_sibling(how: str, pid: int) -> int:
    """Send signal 0 to another session in each way the kernel has."""
    information = ctypes.addressof(ctypes.create_string_buffer(128))
    if how == "pidfd_send_signal":
        return call(how, call("pidfd_open", pid, 0), 0, 0, 0)
    arguments = {
        "kill": (pid, 0),
        "tkill": (pid, 0),
        "tgkill": (pid, pid, 0),
        "rt_sigqueueinfo": (pid, 0, information),
        "rt_tgsigqueueinfo": (pid, pid, 0, information),
    }
    return call(how, *arguments[how])


def signal_by_owner(pid: int, number: int) -> None:
    """Let the kernel send a signal on our behalf: that of a descriptor that has become ready."""
    ours, theirs = socket.socketpair()
    fcntl.fcntl(ours, fcntl.F_SETOWN, pid)
    fcntl.fcntl(ours, 10, number)  # F_SETSIG
    fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    theirs.send(b"!")
    time.sleep(0.1)


def limit_sibling(pid: int) -> None:
    """Take the processor away from another session."""
    resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0))


def read_sibling(how: str, pid: int) -> int:
    """Read another session's memory, or take a descriptor from it."""
    buffer = ctypes.create_string_buffer(16)
    vector = struct.pack("PN", ctypes.addressof(buffer), 16)
    local = ctypes.addressof(ctypes.create_string_buffer(vector))
    if how == "process_vm_readv":
        return call(how, pid, local, 1, local, 1, 0)
    if how == "pidfd_getfd":
        return call(how, call("pidfd_open", pid, 0), CLIENT_FD, 0)
    if how == "ptrace":
        return call(how, 0x4206, pid, 0, 0)  # PTRACE_SEIZE
    if how == "kcmp":
        return call(how, os.getpid(), pid, 0, 0, 0)
    return len(Path(f"/proc/{pid}/{how}").read_bytes())


def processes() -> list[int]:
    """List the processes that /proc shows, other than this one."""
    shown = [int(one) for one in os.listdir("/proc") if one.isdecimal()]
    return [one for one in shown if one != os.getpid()]


def keep_key(text: str) -> int:
    """Leave a key in the kernel that every process of this uid may read; give its serial number."""
    key = call("add_key", "user", "ftpsd-hostile", text, len(text), -3)  # the session's keyring
    call("keyctl", 5, key, 0x3F3F3F3F)  # KEYCTL_SETPERM
    return key


def read_key(key: int) -> str:
    buffer = ctypes.create_string_buffer(64)
    length = call("keyctl", 11, key, ctypes.addressof(buffer), 64)  # KEYCTL_READ
    return buffer.raw[:length].decode("ascii")


def tree(path: str) -> list[str]:
    """List a directory, if it is one that can be seen."""
    return sorted(os.listdir(path))


def read(path: str) -> int:
    return len(Path(path).read_bytes())


def write(path: str) -> None:
    """Make a file, as a place for another session to look at."""
    with open(path, "w") as file:
        file.write("hostile")


def writable() -> list[str]:
    """List every directory that a file can be made in."""
    found = []
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    for top in sorted({line.split()[4] for line in mounts} | {"/"}):
        # Everything beneath a mount is read-only with it; the few that are not are small.
        for directory, names, _ in os.walk(top):
            try:
                write(f"{directory}/hostile")
                found.append(directory)
            except OSError:
                pass
            if top in ("/", "/proc") or top.startswith("/usr"):
                names.clear()
    return found


def socket_of(family: int, kind: int) -> None:
    socket.socket(family, kind).close()


def connect(family: int, address: list[str | int] | str) -> None:
    """Connect a new socket, whether it may exist at all or not."""
    with socket.socket(family) as sock:
        sock.connect(tuple(address) if isinstance(address, list) else address)


def send_abstract(name: str) -> None:
    """Send a datagram to an abstract Unix socket, which needs no connect(2)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"hostile", b"\0" + name.encode("ascii"))


def _client_name(host: str, port: int, family: int) -> bytes:
    if family == socket.AF_UNSPEC:
        return bytes(28)
    if family == socket.AF_INET:
        return struct.pack("=H", family) + struct.pack(">H", port) + socket.inet_aton(host)
    packed = bytes(10) + b"\xff\xff" + socket.inet_aton(host)
    return struct.pack("=H", family) + struct.pack(">HI", port, 0) + packed + bytes(4)


def turn_client(host: str, port: int, family: int, fd: int = CLIENT_FD) -> None:
    """Connect the client's own socket to somebody else."""
    name = _client_name(host, port, family)
    if LIBC.connect(fd, name.ljust(28, b"\0"), 28):
        raise OSError(ctypes.get_errno(), "connect")


def fast_open(host: str, port: int, family: int, fd: int = CLIENT_FD) -> int:
    """Connect by sending, which is not connect(2)."""
    name = _client_name(host, port, family)
    flags = socket.MSG_FASTOPEN | socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT
    sent: int = LIBC.sendto(fd, b"hostile", 7, flags, name.ljust(28, b"\0"), 28)
    if sent < 0:
        raise OSError(ctypes.get_errno(), "sendto")
    return sent


def route_client(by: str) -> None:
    """Have all that is sent to the client go to somebody else first (RFC 8754)."""
    header = bytes([0, 4, 4, 1, 1, 0, 0, 0]) + bytes(16) + socket.inet_pton(socket.AF_INET6, by)
    with socket.socket(fileno=os.dup(CLIENT_FD)) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, header)


def dead_client_turned(host: str, port: int) -> list[str]:
    """Try the same with a connection that is over at both ends; gives what the kernel said."""
    ours = socket.socket(fileno=os.dup(CLIENT_FD))
    ours.shutdown(socket.SHUT_RDWR)
    said = []
    for family in (ours.family, socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC):
        for turn in (turn_client, fast_open):
            try:
                turn(host, port, family)
                said.append("through")
            except OSError as error:
                said.append(os.strerror(error.errno or 0))
    return said


def listen_client() -> None:
    """Make a listener of the client's socket."""
    socket.socket(fileno=os.dup(CLIENT_FD)).listen()


def become(what: str) -> None:
    """Change who or where this process is."""
    ways: dict[str, Callable[[], object]] = {
        "setuid": lambda: os.setuid(0),
        "setgid": lambda: os.setgid(0),
        "setgroups": lambda: os.setgroups([0]),
        "chroot": lambda: os.chroot("/usr"),
        "unshare user": lambda: _libc("unshare", 0x10000000),
        "unshare network": lambda: _libc("unshare", 0x40000000),
        "unshare mounts": lambda: _libc("unshare", 0x00020000),
        "clone user": lambda: call("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0),
        "setns": lambda: call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0),
        "mount": lambda: call("mount", "proc", "/tmp", "proc", 0, 0),
        "umount": lambda: call("umount2", "/tmp", 2),
        "pivot_root": lambda: call("pivot_root", "/", "/"),
        "open_tree": lambda: call("open_tree", -100, "/", 1),
        "fsopen": lambda: call("fsopen", "tmpfs", 0),
    }
    ways[what]()


def _libc(name: str, *arguments: int) -> None:
    if getattr(LIBC, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def execute(path: str, *arguments: str) -> int:
    """Run a program in a new process; give how it ended."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    if (child := os.fork()) == 0:
        try:
            os.execv(path, [path, *arguments])
        except OSError as error:
            os.write(writing, bytes([error.errno or 255]))
        finally:
            os._exit(127)
    os.close(writing)
    if failed := os.read(reading, 1):
        os.waitpid(child, 0)
        raise OSError(failed[0], path)
    return os.waitpid(child, 0)[1]


def memory_for_code() -> None:
    """Get memory that can be written and executed."""
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def descriptors() -> list[str]:
    """List what this process holds, without the directory that is being read."""
    held = []
    for one in os.listdir("/proc/self/fd"):
        try:
            held.append(os.readlink(f"/proc/self/fd/{one}").partition(":")[0])
        except FileNotFoundError:
            pass
    return sorted(held)


def climb(fd: int) -> list[str]:
    """Reach for the host through a descriptor; gives what could be read."""
    got = []
    for above in ("..", "../../../etc/passwd", ".", ""):
        for path in (f"/proc/self/fd/{fd}/{above}", above):
            try:
                opened = os.open(path, os.O_RDONLY, dir_fd=None if path[:1] == "/" else fd)
                got += os.listdir(opened)
            except (OSError, NotADirectoryError):
                pass
    return got


def reopen(fd: int, flags: int) -> None:
    os.close(os.open(f"/proc/self/fd/{fd}", flags))


def lock(fd: int, number: int) -> None:
    """Lock a file for reading, as far as others use locks of this kind (fcntl(2))."""
    fcntl.fcntl(fd, number, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))


def notify(text: str) -> None:
    """Tell the service manager something, as a service may."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode("ascii"), os.environ["NOTIFY_SOCKET"])


def stay() -> None:
    """Answer SIGTERM by asking for ten minutes more (EXTEND_TIMEOUT_USEC=, sd_notify(3))."""

    def ask(*_: object) -> None:
        time.sleep(0.5)  # until the time that is to be extended has begun
        notify("EXTEND_TIMEOUT_USEC=600000000")

    signal.signal(signal.SIGTERM, ask)


def write_journal(fields: dict[str, str]) -> None:
    """Write an entry, as a service may (systemd.journal-fields(7))."""
    text = "".join(f"{name}={value}\n" for name, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode("ascii"), "/run/systemd/journal/socket")


def alive() -> int:
    return os.getpid()
