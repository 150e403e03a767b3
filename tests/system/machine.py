# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Debian machines to test in: one cached root per suite, booted by systemd-nspawn in seconds.

Needs root, but no systemd on the host. Every machine has its own writable layer over the cached
root and its own network of nothing but a loopback, and ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SUITES = ("bookworm", "trixie")

_STABLE = (
    "systemd,systemd-sysv,dbus,libnss-systemd,libpam-systemd,"
    "python3,python3-systemd,python3-prctl,python3-pampy,python3-six,"
    "curl,iproute2,lftp,openssl,procps,sslscan,strace,tnftp,wget"
)
_CLIENTS = (
    "aria2,default-jdk-headless,libcommons-net-java,libio-socket-ssl-perl,ncftp,node-basic-ftp,"
    "nodejs,perl,php-cli,python3-aioftp,rclone,ruby"
)
# a kernel to boot for what that of the host may lack, and what boots it
_KERNEL = "e2fsprogs,linux-image-cloud-amd64,openssl,python3,qemu-system-x86,strace"
# testing is for reading units only: it is too often between two states to be booted
PACKAGES = {
    "bookworm": _STABLE,
    "trixie": _STABLE,
    "testing": "systemd,python3",
    "clients-trixie": f"{_STABLE},{_CLIENTS}",
    "twins-bookworm": f"{_STABLE},vsftpd",
    "quota-bookworm": f"{_STABLE},btrfs-progs",
    "kernel-bookworm": _KERNEL,
    "kernel-trixie": _KERNEL,
}

HOOKS: dict[str, str] = {}
"""What a suite needs beside packages: scripts of mmdebstrap(1), --customize-hook."""

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin", "HOME": "/root", "LANG": "C.UTF-8"}

# systemd-nspawn and mmdebstrap change mounts, which may not be seen outside. In a chroot they do
# not work, nor do the user namespaces of sessions, until its "/" covers the "/" outside.
_OWN_MOUNTS = """
outside="nsenter --mount=/proc/self/ns/mnt"
$outside mount --make-rprivate /
[ "$(stat -c %d:%i /)" = "$($outside stat -c %d:%i /)" ] || $outside --wd=/ mount --rbind . /
exec $outside "$@"
"""

# systemd 256 and later refuse the old kind of control groups that some hosts still have.
_CGROUP2 = """
group=/sys/fs/cgroup/$(basename "$1")
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
"""

# $1 is a working directory, $2 the cached root, the rest options of systemd-nspawn.
# An overlay of our own instead of --volatile=overlay lets several machines use the same root.
# Landlock is on every real machine, but not on the list of calls that systemd-nspawn lets through.
_NSPAWN = f"""{_CGROUP2}
live=$1/live; root=$2; shift 2; mkdir "$live"
mount -t tmpfs -o mode=0755 tmpfs "$live"; mkdir "$live/upper" "$live/work" "$live/root"
mount -t overlay -o "lowerdir=$root,upperdir=$live/upper,workdir=$live/work" overlay "$live/root"
mkdir "$group"; echo $$ >"$group/cgroup.procs"
exec setpriv --pdeathsig TERM systemd-nspawn --quiet --settings=no --register=no --keep-unit \\
    --private-network --link-journal=no --hostname="$(basename "$root")" --directory="$live/root" \\
    --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" "$@"
"""

_REMOVE_GROUP = f'{_CGROUP2} [ ! -d "$group" ] || find "$group" -depth -type d -delete'


class CommandFailed(Exception):
    """A command in a machine failed; the text is everything it said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        command = " ".join(map(str, done.args))
        super().__init__(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")


def eventually(check: Callable[[], T], timeout: float = 15) -> T:
    """Ask again and again for what does not announce itself; give the first true answer."""
    deadline = time.monotonic() + timeout
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {answer!r} after {timeout} seconds")
        time.sleep(0.05)
    return answer


def _own_mounts(*command: str) -> list[str]:
    alone = ["unshare", "--mount", "--propagation=unchanged"]
    return [*alone, "sh", "-euc", _OWN_MOUNTS, "sh", *command]


def cached_root(suite: str) -> Path:
    """Give a suite's root directory; build it if there is none of today's packages."""
    cache = Path(os.environ.get("FTPSD_TEST_CACHE") or "/var/cache/ftpsd-tests")
    cache.mkdir(parents=True, exist_ok=True)
    made_of = PACKAGES[suite] + HOOKS.get(suite, "")
    root = cache / f"{suite}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"
    with (cache / f"{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            for outdated in cache.glob(f"{suite}-*"):
                shutil.rmtree(outdated)
            _build(suite, root)
    return root


def _build(suite: str, root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        made = Path(work) / "root"
        # testing's release file is good for a week only, and mirrors are often older
        options = ['--aptopt=Acquire::Check-Valid-Until "false"', f"--include={PACKAGES[suite]}"]
        if suite in HOOKS:
            options.append(f"--customize-hook={HOOKS[suite]}")
        debian = suite.rpartition("-")[2]
        build = ("mmdebstrap", "--quiet", "--variant=minbase", *options, debian, str(made))
        subprocess.run(_own_mounts(*build), check=True)
        made.rename(root)


class _Container:
    """What systemd-nspawn must have, and what is to be removed after it."""

    def __init__(self, suite: str) -> None:
        self.work = Path(tempfile.mkdtemp(prefix=f"ftpsd-{suite}-"))
        self._root = cached_root(suite)

    def command(self, *options: str) -> list[str]:
        script = ("sh", "-euc", _NSPAWN, "sh", str(self.work), str(self._root))
        return _own_mounts(*script, f"--bind-ro={REPOSITORY}:/src", *options)

    def remove(self) -> None:
        script = ("sh", "-euc", _REMOVE_GROUP, "sh", str(self.work))
        subprocess.run(_own_mounts(*script), check=True)
        shutil.rmtree(self.work)


def run_once(
    suite: str, *argv: str, seconds: float = 120, show: Mapping[Path, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a suite's root without booting it.

    /src is the repository; what else it can read is in `show`, with its place there.
    """
    container = _Container(suite)
    shown = [f"--bind-ro={path}:{place}" for path, place in (show or {}).items()]
    try:
        command = container.command("--pipe", "--as-pid2", *shown, "--", *argv)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    finally:
        container.remove()


class Machine:
    """A machine that boots on entry and is gone on exit; /src in it is the repository."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.passwords: dict[str, str] = {}
        self._container = _Container(suite)
        self._console = self._container.work / "console.log"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._beside: list[subprocess.Popen[str]] = []
        self._leader = 0

    def __enter__(self) -> Self:
        try:
            self._boot(timeout=60)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _boot(self, timeout: float) -> None:
        notify = str(self._container.work / "notify")
        options = ["--boot", "--notify-ready=yes", "--console=read-only"]
        own = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "NOTIFY_SOCKET": notify}
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready,
            self._console.open("wb") as console,
        ):
            ready.bind(notify)
            self._nspawn = subprocess.Popen(
                self._container.command(*options),
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
            ready.settimeout(0.2)
            deadline = time.monotonic() + timeout
            while not self._hears_ready(ready):
                if self._nspawn.poll() is not None or time.monotonic() > deadline:
                    said = self._console.read_text(errors="replace")
                    raise RuntimeError(f"{self.suite} did not boot\n{said}")

    def _hears_ready(self, ready: socket.socket) -> bool:
        try:
            news = ready.recv(4096).decode().splitlines()
        except TimeoutError:
            return False
        for line in news:
            if line.startswith("X_NSPAWN_LEADER_PID="):
                self._leader = int(line.partition("=")[2])
        return "READY=1" in news and self._leader > 0

    def stop(self) -> None:
        """Power off, and remove everything there was."""
        for process in self._beside:
            _end(process)
        if self._nspawn is not None:
            if self._nspawn.poll() is None and self._leader:
                os.kill(self._leader, signal.SIGRTMIN + 4)
            try:
                self._nspawn.wait(30 if self._leader else 0)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        self._container.remove()

    def _inside(self, argv: tuple[str, ...], user: str | None) -> list[str]:
        if user is not None:
            switch = 'exec setpriv --reuid "$0" --regid "$(id -g "$0")" --init-groups -- "$@"'
            argv = ("env", f"HOME=/home/{user}", "sh", "-c", switch, user, *argv)
        return ["nsenter", f"--target={self._leader}", "--all", "--", *argv]

    def run(
        self, *argv: str, text: str = "", check: bool = True, user: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root or as a user, with text as its input."""
        done = subprocess.run(
            self._inside(argv, user),
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env=_ENVIRONMENT,
            timeout=180,
            check=False,
        )
        done.args = argv
        if check and done.returncode:
            raise CommandFailed(done)
        return done

    def popen(self, *argv: str, user: str | None = None) -> subprocess.Popen[str]:
        """Start a command beside the test, with pipes; it ends with the machine at the latest."""
        process = subprocess.Popen(
            self._inside(argv, user),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_ENVIRONMENT,
        )
        self._beside.append(process)
        return process

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Make a file in the machine, and its folders as needed."""
        script = 'mkdir -p "$(dirname "$0")"; rm -f "$0"; umask 077; cat >"$0"; chmod "$1" "$0"'
        self.run("sh", "-euc", script, path, f"{mode:o}", text=text)

    def add_user(self, name: str, password: str) -> None:
        self.run("useradd", "--create-home", "--shell", "/bin/bash", name)
        self.run("chpasswd", text=f"{name}:{password}\n")
        self.passwords[name] = password

    def install(self) -> str:
        """Run the repository's installer as a newcomer would; give its words."""
        return self.run("/src/install.sh").stdout

    def journal(self, *matches: str) -> list[dict[str, str]]:
        """Give the journal's entries, oldest first; matches are what journalctl takes."""
        self.run("journalctl", "--sync")
        said = self.run("journalctl", "--quiet", "--output=json", "--all", *matches).stdout
        entries = [json.loads(line) for line in said.splitlines()]
        return [{name: _text(value) for name, value in entry.items()} for entry in entries]


def _end(process: subprocess.Popen[str]) -> None:
    # systemd stops all processes before it ends them; nsenter would stop too, and nobody wake it
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        for child in children.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        time.sleep(0.01)
    with process:
        pass


def _text(value: str | list[int]) -> str:
    # what is not UTF-8 comes as a list of bytes
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
