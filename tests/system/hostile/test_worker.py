# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker, asked by a session that has been taken over: never a byte from outside the root."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator

import pytest
from hostile import inside, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe
from hostile.test_helper import BROKEN, SOME_BROKEN
from machine import eventually

from ftpsd import events
from ftpsd.worker.confine import version

OUTSIDE = "/var/tmp/outside"
# What is outside is anna's own, too: only the root, not its mode, keeps her worker from it.
_MAKE = f"""
    rm -rf {OUTSIDE} /home/anna/jail; mkdir {OUTSIDE} /home/anna/jail; cd /home/anna/jail
    mkdir {OUTSIDE}/deep; echo outside >{OUTSIDE}/secret; mkdir real; echo inside >real/secret
    ln -s {OUTSIDE} link; ln -s / top; ln -s {OUTSIDE}/secret file; ln -s /etc/passwd passwd
    ln -s ../../../../..{OUTSIDE} climb; ln -s /proc/self/root proc; ln -s /proc/1/cwd magic
    ln -s loop loop; ln -s /proc/self/fd/3 fd; mkdir -p moving/one/two
"""
_ROUTES = ["link", "climb", f"top{OUTSIDE}", f"proc{OUTSIDE}", f"magic{OUTSIDE}", f"fd{OUTSIDE}",
           f"../../..{OUTSIDE}", f"real/../../../../..{OUTSIDE}", f"/..{OUTSIDE}"]  # fmt: skip
# The first swaps a directory with a link out of the root, the second takes the directory that
# is being walked through ("..") out of the root, and back: each as fast as it can.
_SWAP = f"""
import ctypes, os
os.chdir("/home/anna/jail")
os.symlink("{OUTSIDE}", "other")
os.mkdir("spot"); open("spot/secret", "w").write("inside\\n")
libc = ctypes.CDLL(None)
print("ready", flush=True)
while True:
    libc.renameat2(-100, b"spot", -100, b"other", 2)
    os.rename("moving/one/two", "{OUTSIDE}/deep/two")
    os.rename("{OUTSIDE}/deep/two", "moving/one/two")
"""


@pytest.fixture
def jail(ground: Ground) -> Iterator[Ground]:
    """Give a home full of ways out of it."""
    ground.machine.run("setpriv", "--reuid=anna", "--regid=anna", "--clear-groups",
                       "sh", "-euc", "umask 0; " + _MAKE)  # fmt: skip
    yield ground
    ground.machine.run("rm", "-rf", OUTSIDE, "/home/anna/jail")


@pytest.fixture
def anna(jail: Ground, probe: Probe) -> Probe:
    """Give a hostile session with anna's worker."""
    assert isinstance(jail, Ground)
    assert probe.ask(wires.login, "anna", ACCOUNTS["anna"]) == "granted"
    return probe


def _tree(ground: Ground) -> str:
    """Give all that can be changed outside."""
    return ground.machine.run("find", OUTSIDE, "-printf", "%p %m %s %T@ %C@ %U\\n").stdout


def _requests(path: str) -> list[tuple[str, dict[str, object]]]:
    mode = {"offset": 0, "path": path}
    return [
        ("Open", {"path": path}),
        *(("Create", {**mode, "mode": one}) for one in ("store", "append", "unique")),
        ("Describe", {"path": path, "facts": "type;size;"}),
        ("MakeDirectory", {"path": f"{path}-made"}),
        ("RemoveDirectory", {"path": path}),
        ("SetMode", {"path": path, "mode": 0o777}),
        ("SetModified", {"path": path, "modified": 0}),
        ("Rename", {"path": path, "new_path": "/jail/stolen"}),
        ("Rename", {"path": "/jail/real/secret", "new_path": path}),
        ("Remove", {"path": path}),
    ]


@pytest.mark.parametrize("route", _ROUTES)
def test_no_route_leads_out_for_any_request(jail: Ground, anna: Probe, route: str) -> None:
    before = _tree(jail)
    for path in (f"/jail/{route}/secret", f"/jail/{route}/deep", f"/jail/{route}/new"):
        for method, parameters in _requests(path):
            asked = {"newPath" if one == "new_path" else one: v for one, v in parameters.items()}
            anna.ask(wires.request, method, asked)
    listed = anna.ask(wires.listing, f"/jail/{route}/", "names")

    assert _tree(jail) == before
    assert "deep" not in listed
    assert "outside" not in anna.ask(wires.content, f"/jail/{route}/secret")


@pytest.mark.parametrize("path", ["/jail/passwd", "/etc/passwd", "/../etc/passwd", "/jail/file"])
def test_links_resolve_beneath_the_root(jail: Ground, anna: Probe, path: str) -> None:
    assert anna.ask(wires.content, path) in ("not_found", "not_regular")
    jail.machine.write("/home/anna/etc/passwd", "anna's own", 0o644)
    jail.machine.write(f"/home/anna{OUTSIDE}/secret", "anna's own", 0o644)
    jail.machine.run("chmod", "-R", "a+rX", "/home/anna/etc", "/home/anna/var")
    read = anna.ask(wires.content, path)
    jail.machine.run("rm", "-r", "/home/anna/etc", "/home/anna/var")

    assert read == "anna's own"


def test_no_race_leads_out(jail: Ground, anna: Probe) -> None:
    before = jail.machine.run("cat", f"{OUTSIDE}/secret").stdout
    swapper = jail.machine.popen("python3", "-c", _SWAP, user="anna")
    assert swapper.stdout is not None
    assert swapper.stdout.readline() == "ready\n"
    read = anna.ask(wires.contents, "/jail/spot/secret", 1.5)
    climbed = anna.ask(wires.contents, "/jail/moving/one/two/../../../../secret", 1)
    climbed |= anna.ask(wires.contents, "/jail/moving/one/two/../../secret", 1)
    made = anna.ask(wires.created, "/jail/spot", 1.5)
    # The swapper runs in the machine's own numbering; it ends with what it works on.
    jail.machine.run("pkill", "-KILL", "-u", "anna", "-f", "renameat2", check=False)
    left = jail.machine.run("find", OUTSIDE, "-name", "hostile*").stdout

    assert {"inside\n", "not_found"} <= set(read)  # it did meet both of what is swapped
    assert "outside\n" not in {*read, *climbed}
    assert {"Create: done", "MakeDirectory: done"} <= set(made)
    assert left == ""
    assert jail.machine.run("cat", f"{OUTSIDE}/secret").stdout == before


@pytest.mark.parametrize(
    "make",
    ["mkfifo {}", "mknod {} c 1 3", "mknod {} b 7 0", "mknod {} c 5 0",
     "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{}\")'"],
)  # fmt: skip
def test_what_is_no_file_is_refused_at_once(jail: Ground, anna: Probe, make: str) -> None:
    at = "/home/anna/jail/special"
    jail.machine.run("sh", "-euc", f"{make.format(at)}; chmod 666 {at}; chown anna {at}")
    anna.sock.settimeout(3)

    assert anna.ask(wires.content, "/jail/special") == "not_regular"
    for mode in ("store", "append"):
        create = {"path": "/jail/special", "mode": mode, "offset": 0}
        assert anna.ask(wires.request, "Create", create) == "not_regular"


def test_no_bit_lends_a_program_its_owner(jail: Ground, anna: Probe) -> None:
    for path, mode in (("real/secret", 0o6755), ("real/secret", 0o7777), ("real", 0o7777)):
        anna.ask(wires.request, "SetMode", {"path": f"/jail/{path}", "mode": mode})
        found = jail.machine.run("stat", "-c", "%a", f"/home/anna/jail/{path}").stdout

        assert int(found, 8) & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX) == 0


@pytest.mark.parametrize("what", SOME_BROKEN)
def test_a_broken_message_ends_that_worker_only(
    ground: Ground, probe: Probe, sibling: Probe, what: str
) -> None:
    assert sibling.ask(wires.login, "bob", ACCOUNTS["bob"]) == "granted"
    others = ground.workers()
    assert probe.ask(wires.login, "anna", ACCOUNTS["anna"]) == "granted"
    (worker,) = ground.workers() - others
    text = BROKEN[what].replace("org.ftpsd.Helper.Ping", "org.ftpsd.Files.Remove")

    assert probe.ask(wires.say, "files", text) == {"closed": True}
    eventually(lambda: worker not in ground.workers())
    assert isinstance(sibling.ask(wires.request, "Enter", {"path": "/"}), dict)


def test_a_broken_contract_with_a_worker_is_in_the_journal(ground: Ground, probe: Probe) -> None:
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    before = ground.cursor()
    probe.ask(wires.say, "files", "hello\0")
    broken = [
        one for one in ground.journal(before) if one.get("MESSAGE_ID") == events.CONTRACT_BROKEN.id
    ]

    # A worker is not root, and cannot write in the name of another unit: it names the process.
    assert [one["FTPSD_USER"] for one in broken] == ["anna"]
    assert [one["FTPSD_PID"].isdecimal() for one in broken] == [True]


def test_a_worker_is_the_user_and_no_more(ground: Ground, probe: Probe) -> None:
    others = ground.workers()
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    (worker,) = ground.workers() - others
    run = ground.machine.run
    status = run("cat", f"/proc/{worker}/status").stdout
    fields = {one: text.split() for one, _, text in (x.partition(":") for x in status.split("\n"))}
    uid, gid = (run("id", flag, "anna").stdout.strip() for flag in ("-u", "-g"))
    held = run("sh", "-c", f"readlink /proc/{worker}/fd/*").stdout.split()

    assert (fields["Uid"], fields["Gid"]) == ([uid] * 4, [gid] * 4)
    assert sorted(fields["Groups"]) == sorted(run("id", "-G", "anna").stdout.split())
    assert {fields[f"Cap{one}"][0] for one in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == (["1"], ["2"])
    assert run("stat", "-c", "%u", f"/proc/{worker}/environ").stdout == "0\n"  # not dumpable
    assert {one for one in held if one[0] == "/"} <= {"/home/anna", "/dev/null"}


def test_a_worker_has_a_filter_beyond_that_of_the_unit(ground: Ground, probe: Probe) -> None:
    """Without it, a socket of the host's would be the way to who runs programs for the user."""
    others = ground.workers()
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    (worker,) = ground.workers() - others
    run = ground.machine.run
    spawner = run("pgrep", "--oldest", "--full", "__main__.py spawner").stdout.strip()
    unit, own = (
        int(run("awk", "/^Seccomp_filters/ {print $2}", f"/proc/{one}/status").stdout)
        for one in (spawner, worker)
    )

    assert own == unit + 1


def test_a_worker_is_confined_by_landlock(ground: Ground, probe: Probe) -> None:
    if not version():
        pytest.skip("this kernel has no Landlock")
    # The spawner, and the process that waits to be the next worker.
    two = ground.machine.run("pgrep", "--uid", "root", "--full", "__main__.py spawner").stdout
    tracer = ground.machine.popen(
        "strace", "-f", "-p", two, "-e", "trace=landlock_restrict_self,execve"
    )
    assert tracer.stdout is not None
    lines = [tracer.stdout.readline() for _ in two.split()]  # strace says when it has attached
    assert all("attached" in one for one in lines)
    line = lines[-1]
    probe.ask(wires.login, "anna", ACCOUNTS["anna"])
    while "landlock_restrict_self" not in line and line:
        line = tracer.stdout.readline()
    ground.machine.run("pkill", "strace")

    assert line.rstrip().endswith("= 0")


def test_confinement_leaves_the_root_alone(ground: Ground) -> None:
    if not version():
        pytest.skip("this kernel has no Landlock")
    source = """
import json, os, sys
sys.path[:0] = ["/usr/lib/ftpsd"]
from ftpsd.worker.confine import version
from ftpsd.worker.confine import confine
confined = confine(os.open("/home/anna", os.O_PATH))
said = []
for path in ("/etc/passwd", "/proc/self/status", "/tmp/x", "/home/anna/own"):
    try:
        open(path, "w" if path[-1] in "xn" else "r").close()
        said.append("through")
    except OSError as error:
        said.append(error.strerror)
print(json.dumps([confined, said]))
"""
    run = ("setpriv", "--reuid=anna", "--regid=anna", "--clear-groups", "--no-new-privs")
    said = ground.machine.run(*run, "python3", "-c", source).stdout

    assert (
        said
        == '[true, ["Permission denied", "Permission denied", "Permission denied", "through"]]\n'
    )


def test_a_worker_ends_with_its_session(ground: Ground) -> None:
    others = ground.workers()
    with ground.probe() as probe:
        probe.ask(wires.login, "anna", ACCOUNTS["anna"])
        (worker,) = ground.workers() - others
        ground.machine.run("kill", "-KILL", str(ground.main_pid(ground.unit(probe))))

        eventually(lambda: worker not in ground.workers())


def test_a_worker_ends_with_a_session_that_has_left_it_its_ends(ground: Ground) -> None:
    """What is on its way to the worker is closed by nobody else, and counts as a session."""
    many = "mkdir -p /srv/ftp/many; cd /srv/ftp/many; seq 3000 | xargs touch"
    ground.machine.run("sh", "-c", many)
    others = ground.workers()
    with ground.probe() as probe:
        assert probe.ask(wires.login, "anonymous", "x@y") == "granted"
        (worker,) = ground.workers() - others
        probe.ask(wires.leave_to_worker, "/many")

    eventually(lambda: worker not in ground.workers())


def test_a_worker_ends_with_a_session_that_has_left_before_it_began(ground: Ground) -> None:
    """Also where somebody stays for the end of it, to close its PAM session."""
    setting = "/etc/ftpsd/ftpsd.conf.d/pam-session.conf"
    ground.machine.write(setting, "[Login]\nPAMSession=yes\n")
    others = ground.workers()
    with ground.probe() as probe:
        probe.tell(wires.login_and_leave, "anna", ACCOUNTS["anna"])
        time.sleep(3)
    ground.machine.run("rm", setting)

    eventually(lambda: ground.workers() <= others)


def test_an_anonymous_worker_changes_nothing(ground: Ground, probe: Probe) -> None:
    ground.machine.run("sh", "-c", "mkdir -p /srv/ftp/open; chmod 777 /srv/ftp/open;"
                       "echo text >/srv/ftp/open/file; chmod 666 /srv/ftp/open/file")  # fmt: skip
    assert probe.ask(wires.login, "anonymous", "x@y") == "granted"
    for method, parameters in _requests("/open/file"):
        if method not in ("Open", "Describe"):
            asked = {"newPath" if one == "new_path" else one: v for one, v in parameters.items()}
            assert probe.ask(wires.request, method, asked) == "read_only", method
    fd = probe.ask(wires.file_descriptor, "/open/file")
    stopped = probe.stopped(inside.reopen, fd, os.O_RDWR)
    ground.machine.run("rm", "-r", "/srv/ftp/open")

    assert stopped != "through"
