# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that has been taken over: no files, no network, no other identity."""

from __future__ import annotations

import fcntl
import os
import socket
import time

import pytest
from hostile import inside, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import FTP_PORT, Ground, Probe
from machine import eventually

from ftpsd.worker.confine import version

THIRD = "192.0.2.1"
FORBIDDEN = [
    "/etc/passwd", "/etc/shadow", "/etc/ssh", "/home/anna", "/root/.bashrc", "/srv/ftp",
    "/var/lib", "/var/log", "/run/ftpsd", "/run/ftpsd/org.ftpsd.Helper", "/run/dbus",
    "/run/systemd/private", "/proc/1/cmdline", "/proc/1/root/etc/passwd", "/proc/kcore",
    "/proc/net/tcp", "/proc/sys/kernel/hostname", "/proc/keys", "/sys/class/net", "/dev/mem",
    "/dev/sda", "/dev/kmsg", "/usr/bin/sh", "/usr/sbin", "/usr/share", "/boot", "/opt",
]  # fmt: skip
PLACES = ["/", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/dev", "/run", "/proc", "/sys",
          "/usr/lib", "/root", "/etc", "/var", "/run/systemd", "/run/credentials"]  # fmt: skip


def test_a_session_sees_the_runtime_and_nothing_else(probe: Probe) -> None:
    links = {"bin", "home", "lib", "lib64", "root", "sys", "tmp"}

    assert set(probe.ask(inside.tree, "/")) <= links | {"dev", "etc", "proc", "run", "usr", "var"}
    for place in ("/dev", "/home", "/root", "/sys", "/tmp", "/var/tmp"):
        assert probe.stopped(inside.tree, place) == "EACCES", place
    assert probe.ask(inside.tree, "/usr/bin") == ["python3"]
    assert probe.ask(inside.tree, "/etc") == ["ftpsd.greetings", "ssl"]
    assert probe.ask(inside.tree, "/etc/ssl") == ["openssl.cnf"]
    assert set(probe.ask(inside.tree, "/run")) <= {"systemd", "credentials", "host"}


@pytest.mark.parametrize("path", FORBIDDEN)
def test_a_session_cannot_read(probe: Probe, path: str) -> None:
    refused = ("ENOENT", "EACCES", "EPERM", "ENOTDIR")

    assert probe.stopped(inside.read, path) in refused
    assert probe.stopped(inside.tree, path) in refused


def test_a_session_writes_nothing_that_another_sees(probe: Probe, sibling: Probe) -> None:
    probe.ask(inside.writable)
    for place in PLACES:
        probe.stopped(inside.write, f"{place}/hostile")
        assert sibling.stopped(inside.read, f"{place}/hostile") != "through", place


def test_a_session_leaves_nothing_behind(ground: Ground) -> None:
    with ground.probe() as probe:
        probe.ask(inside.writable)
        for place in PLACES:
            probe.stopped(inside.write, f"{place}/hostile")
    found = ("find", "/", "-xdev", "-name", "hostile", "-size", "-9c", "-type", "f")

    assert ground.machine.run(*found, check=False).stdout == ""
    for mounted in ("/run", "/tmp", "/dev", "/dev/shm", "/dev/mqueue"):
        assert ground.machine.run("find", mounted, *found[2:], check=False).stdout == "", mounted


def test_a_session_makes_unix_sockets_only(probe: Probe) -> None:
    families = range(socket.AF_UNIX + 1, 46)
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW)
    made = [
        (family, kind)
        for family in families
        for kind in kinds
        if probe.stopped(inside.socket_of, family, int(kind)) == "through"
    ]

    assert made == []


@pytest.mark.parametrize("path", ["/run/ftpsd/org.ftpsd.Helper", "/run/systemd/journal/stdout"])
def test_a_session_connects_to_no_socket(probe: Probe, path: str) -> None:
    assert probe.stopped(inside.connect, int(socket.AF_UNIX), path) == "EPERM"


def test_a_session_does_not_reach_abstract_sockets_of_the_host(
    ground: Ground, probe: Probe
) -> None:
    listener = (
        "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        "s.bind('\\0ftpsd-hostile'); print('bound', flush=True); s.recv(1)"
    )
    process = ground.machine.popen("python3", "-c", listener)
    assert process.stdout is not None
    assert process.stdout.readline() == "bound\n"
    stopped = probe.stopped(inside.send_abstract, "ftpsd-hostile")
    running = process.poll() is None
    process.terminate()

    assert (stopped, running) == ("ECONNREFUSED", True)


@pytest.mark.parametrize("family", [socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6])
def test_a_client_connection_cannot_be_turned_to_a_third(
    ground: Ground, probe: Probe, family: socket.AddressFamily
) -> None:
    with ground.listen(THIRD) as listener:
        listener.settimeout(0.3)
        to = (THIRD, listener.getsockname()[1], int(family))

        assert probe.stopped(inside.turn_client, *to) == "EPERM"
        assert probe.stopped(inside.fast_open, *to) == "EPERM"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_dead_client_connection_cannot_be_turned_either(ground: Ground, probe: Probe) -> None:
    with ground.listen(THIRD) as listener:
        listener.settimeout(0.5)
        probe.tell(inside.dead_client_turned, THIRD, listener.getsockname()[1])
        probe.sock.shutdown(socket.SHUT_WR)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_what_is_sent_to_a_client_goes_by_no_third(probe: Probe) -> None:
    """A route that the sender chooses names hosts that a packet goes to before."""
    assert probe.stopped(inside.route_client, "2001:db8::77") == "EPERM"


def test_a_client_connection_cannot_listen(probe: Probe) -> None:
    assert probe.stopped(inside.listen_client) == "EPERM"


@pytest.mark.parametrize(
    "name",
    ["io_uring_setup", "bpf", "perf_event_open", "userfaultfd", "kexec_load", "init_module",
     "open_by_handle_at", "reboot", "swapon"],
)  # fmt: skip
def test_a_session_cannot_call(probe: Probe, name: str) -> None:
    assert probe.stopped(inside.call, name, 0, 0, 0, 0, 0) == "EPERM"


@pytest.mark.parametrize(
    "what",
    ["setuid", "setgid", "setgroups", "chroot", "unshare user", "unshare network",
     "unshare mounts", "clone user", "setns", "mount", "umount", "pivot_root", "open_tree",
     "fsopen"],
)  # fmt: skip
def test_a_session_cannot_become_something_else(probe: Probe, what: str) -> None:
    assert probe.stopped(inside.become, what) == "EPERM"


def test_a_session_makes_no_process_and_no_code(probe: Probe) -> None:
    for path in ("/bin/sh", "/usr/bin/python3"):
        assert probe.stopped(inside.execute, path) == "EPERM", path
    assert probe.stopped(inside.memory_for_code) in ("EPERM", "EACCES")


def test_a_session_has_nothing_before_login_but_client_and_helper(probe: Probe) -> None:
    assert probe.ask(inside.descriptors) == ["socket"] * 4


@pytest.mark.parametrize("method", ["org.ftpsd.Ports.Listen", "org.ftpsd.Files.Open"])
def test_before_login_there_is_neither_file_nor_data_socket(probe: Probe, method: str) -> None:
    parameters = {"path": "/"} if "Files" in method else {}

    assert probe.ask(wires.ask, "helper", method, parameters) == {"closed": True}


def test_a_session_is_given_no_directory(probe: Probe) -> None:
    assert probe.ask(wires.login, "anna", ACCOUNTS["anna"]) == "granted"
    for path in ("/", "/.", "/..", "/../.."):
        assert probe.ask(wires.content, path) == "is_directory", path


def test_a_session_climbs_out_of_no_descriptor(ground: Ground, probe: Probe) -> None:
    ground.machine.write("/home/anna/readable", "text", 0o666)
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    for fd in (0, 1, 2, 3, probe.ask(wires.file_descriptor, "/readable")):
        assert not {"anna", "readable", "passwd", "home"} & set(probe.ask(inside.climb, fd)), fd


def test_a_session_cannot_write_where_it_was_given_to_read(ground: Ground, probe: Probe) -> None:
    """Also not into a file that everybody may write: the descriptor is the permission."""
    ground.machine.write("/home/anna/common", "text", 0o666)
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    fd = probe.ask(wires.file_descriptor, "/common")

    assert probe.stopped(inside.reopen, fd, os.O_RDWR) in ("EACCES", "EROFS", "EPERM")


def test_a_session_reads_nothing_that_it_was_given_to_write(ground: Ground, probe: Probe) -> None:
    """Nor that it was given at all: a descriptor is opened anew by nobody."""
    if not version():
        pytest.skip("this kernel has no Landlock")
    ground.machine.write("/home/anna/dropped", "text", 0o666)
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    made = probe.ask(wires.request, "Create", {"path": "/dropped", "mode": "append", "offset": 0})

    assert probe.stopped(inside.reopen, made["fds"][0], os.O_RDONLY) == "EACCES"


@pytest.mark.parametrize("number", [fcntl.F_SETLK, fcntl.F_SETLKW, 37, 38])
def test_a_session_locks_no_file(ground: Ground, probe: Probe, number: int) -> None:
    """Who writes to it, a program of another user perhaps, would wait for an anonymous client."""
    ground.machine.write("/srv/ftp/locked", "everybody's")
    assert probe.ask(wires.login, "anonymous", "a@example.org") == "granted"
    fd = probe.ask(wires.file_descriptor, "/locked")

    assert probe.stopped(inside.lock, fd, number) == "EPERM"


def test_the_service_manager_believes_nothing(ground: Ground, probe: Probe, sibling: Probe) -> None:
    unit = ground.unit(probe)
    pid, other = ground.main_pid(unit), ground.main_pid(ground.unit(sibling))
    for text in (f"MAINPID={other}", "MAINPID=1", "FDSTORE=1\nFDNAME=x"):
        probe.stopped(inside.notify, text)
        assert ground.main_pid(unit) == pid, text
    stored = ground.machine.run("systemctl", "show", "-P", "NFileDescriptorStore", unit).stdout

    assert stored.strip() == "0"
    assert sibling.ask(inside.alive)


def test_a_session_that_puts_off_its_end_is_ended_as_the_readme_says(
    ground: Ground, probe: Probe
) -> None:
    """Whoever may tell systemd a status may ask it for more time, however TimeoutStopSec= is."""
    unit = ground.unit(probe)
    probe.ask(inside.stay)
    ground.machine.run("systemctl", "stop", "--no-block", unit)
    time.sleep(7)
    after = ground.main_pid(unit)
    ground.machine.run("systemctl", "kill", "--signal=KILL", unit)

    assert after
    eventually(lambda: not ground.main_pid(unit))


def test_real_sessions_are_sealed(ground: Ground) -> None:
    """The probe seals itself by the session's own code; this is the session itself."""
    with ground.ftp() as ftp:
        assert ftp.greeting.startswith("220 ")
        assert ftp.sock.getpeername()[1] == FTP_PORT
        pid = ground.main_pid(ground.unit(ftp))
        status = ground.machine.run("cat", f"/proc/{pid}/status").stdout
        owner = ground.machine.run("stat", "-c", "%u", f"/proc/{pid}/environ").stdout
    fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)

    assert {fields[f"Cap{one}"] for one in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"], owner) == ("1", "2", "0\n")
