# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients do beside copying whole files: resume, rename, remove, choose how data flows."""

from __future__ import annotations

import ftplib
import io
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from clients import IPV4, IPV6, USER
from ftp_session import Session, network
from machine import Machine

HOME = f"/home/{USER}"
CONTENT = os.urandom(300_000)
HALF = 123_457


@pytest.fixture
def anna(machine: Machine) -> Iterator[Session]:
    """Give a session in a home with a directory to work in."""
    machine.run("mkdir", f"{HOME}/desk", user=USER)
    with Session(machine, USER) as session:
        session.cwd("desk")
        yield session
    machine.run("rm", "-rf", f"{HOME}/desk")


def resuming(machine: Machine, client: str, *, upload: bool) -> tuple[list[str], str]:
    """Give how a client is told to go on with `whole`, here or there, and its input."""
    password = machine.passwords[USER]
    url, login = f"ftp://{IPV4}/desk/whole", f"{USER}:{password}"
    if client == "curl":
        ends = ["--upload-file", "whole"] if upload else ["--remote-name"]
        return ["curl", "--silent", "--show-error", "-C", "-", "--user", login, *ends, url], ""
    if client == "lftp":
        script = "set ftp:ssl-allow no;"
        script += f"open -u '{USER},{password}' {IPV4}/desk; {'put' if upload else 'get'} -c whole"
        return ["env", "HOME=/var/tmp/resume", "lftp", "--norc", "-c", script], ""
    if client == "wget":
        login_options = [f"--user={USER}", f"--password={password}"]
        return ["wget", "--continue", "--tries=1", *login_options, url], ""
    word = password.replace(" ", "\\ ")
    command = f"restart {HALF}\nput whole" if upload else "reget whole"
    text = f"user {USER} {word}\nbinary\ncd desk\n{command}\nbye\n"
    return ["ftp", "-n", "-i", "-v", IPV4], text


@pytest.mark.parametrize(
    ("client", "upload"),
    [
        ("curl", False),
        ("curl", True),
        ("lftp", False),
        ("lftp", True),
        ("wget", False),
        ("tnftp", False),
        ("tnftp", True),
    ],
)
def test_clients_go_on_where_they_stopped(
    anna: Session, machine: Machine, client: str, upload: bool
) -> None:
    anna.store("whole", CONTENT)
    prepare = (
        'rm -rf /var/tmp/resume; mkdir /var/tmp/resume; cd /var/tmp/resume; mv "$0" complete;'
        f'cp complete "$1"; head --bytes={HALF} complete >"$2"; shift 2; "$@"; '
        'cmp complete "$0" && cmp complete whole'
    )
    here, there = "whole", f"{HOME}/desk/whole"
    parts = (here, there) if upload else (there, here)
    argv, text = resuming(machine, client, upload=upload)
    done = machine.run(
        "sh", "-uc", prepare, there, *parts, *argv, text=text, user=USER, check=False
    )

    assert done.returncode == 0, done
    # no more than was missing; lftp compresses, which random bytes take a little more for
    told = machine.journal("FTPSD_PATH=/desk/whole")
    moved = [int(entry["FTPSD_BYTES"]) for entry in told if "FTPSD_BYTES" in entry]
    assert moved[-1] <= len(CONTENT) - HALF + 1000


def test_ftplib_goes_on_where_it_stopped(anna: Session) -> None:
    anna.store("whole", CONTENT)

    assert anna.fetch("whole", rest=HALF) == CONTENT[HALF:]
    anna.store("half", CONTENT[:HALF])
    anna.store("half", CONTENT[HALF:], rest=HALF)
    assert anna.fetch("half") == CONTENT


def test_nothing_is_resumed_beyond_the_end(anna: Session) -> None:
    anna.store("whole", CONTENT)

    with pytest.raises(ftplib.error_perm, match="554 "):
        anna.fetch("whole", rest=len(CONTENT) + 1)
    assert anna.fetch("whole", rest=len(CONTENT)) == b""


def test_appending_adds_to_a_file(anna: Session) -> None:
    anna.store("log", b"one\n")
    anna.storbinary("APPE log", io.BytesIO(b"two\n"))

    assert anna.fetch("log") == b"one\ntwo\n"


def test_a_unique_name_is_told(anna: Session) -> None:
    anna.store("report", b"first")
    with network(anna.machine):
        conn = anna.transfercmd("STOU report")
    conn.sendall(b"second")
    conn.close()
    anna.voidresp()

    assert sorted(anna.nlst()) == ["report", "report.1"]
    assert anna.fetch("report.1") == b"second"


def test_a_directory_that_is_shared_stays_so(anna: Session, machine: Machine) -> None:
    machine.run("chmod", "3770", f"{HOME}/desk")

    assert anna.sendcmd("SITE CHMOD o+r /desk") == "200 Mode set to 3774."
    assert machine.run("stat", "--format=%a", f"{HOME}/desk").stdout.strip() == "3774"


def test_things_are_renamed_removed_and_made(anna: Session, machine: Machine) -> None:
    assert anna.mkd('a "directory" ') == '/desk/a "directory" '
    anna.cwd('a "directory" ')
    assert anna.pwd() == '/desk/a "directory" '
    anna.store(" old", b"content")
    anna.rename(" old", "new\N{COMBINING DIAERESIS} ")
    assert anna.fetch("new\N{COMBINING DIAERESIS} ") == b"content"
    assert anna.code("RMD .") == "550"
    anna.cwd("..")
    anna.rename('a "directory" ', "-b")
    assert anna.code("RMD -b") == "550"
    anna.delete("-b/new\N{COMBINING DIAERESIS} ")
    anna.rmd("-b")
    assert machine.run("ls", "-A", f"{HOME}/desk").stdout == ""


def test_names_are_bytes(anna: Session, machine: Machine) -> None:
    anna.encoding = "latin-1"
    assert anna.sock is not None
    anna.file = anna.sock.makefile("r", encoding="latin-1")
    anna.store("K\xe4se", b"not UTF-8")

    assert anna.nlst() == ["K\xe4se"]
    assert machine.run("ls", f"{HOME}/desk").stdout.encode(errors="surrogateescape") == b"K\xe4se\n"


@pytest.mark.parametrize(
    ("command", "host"),
    [
        ("EPSV", IPV4),
        ("EPSV", IPV6),
        ("PASV", IPV4),
        ("PORT", IPV4),
        ("EPRT", IPV4),
        ("EPRT", IPV6),
    ],
)
def test_data_flows_over_each_kind_of_connection(machine: Machine, command: str, host: str) -> None:
    with (
        Session(machine, USER, host=host) as session,
        network(machine),
        socket.socket(session.af, socket.SOCK_STREAM) as here,
    ):
        data = _prepared(session, command, host, here)
        session.putcmd("LIST")
        if data is None:
            here.settimeout(20)
            data, _ = here.accept()
        assert session.getresp().startswith("150")
        with data:
            assert b".profile" not in data.recv(1 << 16)
        assert session.getresp().startswith("226")


def _prepared(
    session: Session, command: str, host: str, here: socket.socket
) -> socket.socket | None:
    if command in ("PORT", "EPRT"):
        here.bind((host, 0))
        here.listen()
        port = here.getsockname()[1]
        if command == "PORT":
            session.sendport(host, port)
        else:
            session.sendeprt(host, port)
        return None
    if command == "EPSV":
        where = ftplib.parse229(session.sendcmd("EPSV"), (host, 0))
    else:
        where = ftplib.parse227(session.sendcmd("PASV"))
        assert where[0] == host
    return socket.create_connection(where, timeout=20)


def test_text_is_converted_both_ways(anna: Session, machine: Machine) -> None:
    anna.storlines("STOR text", io.BytesIO(b"one\r\ntwo\r\n"))
    assert machine.run("cat", f"{HOME}/desk/text").stdout == "one\ntwo\n"
    received: list[str] = []
    anna.retrlines("RETR text", received.append)
    assert received == ["one", "two"]
    anna.voidcmd("TYPE A")
    with anna.transfercmd("RETR text") as data:
        assert data.makefile("rb").read() == b"one\r\ntwo\r\n"
    anna.voidresp()


@pytest.mark.parametrize("kind", ["A", "I"])
@pytest.mark.parametrize("command", ["LIST", "NLST", "MLSD", "LIST -la", "NLST -la", "LIST -dash"])
def test_listings_end_lines_as_network_text(anna: Session, command: str, kind: str) -> None:
    for name in ("-la", "-dash", " x"):
        anna.store(name, b"")
    anna.voidcmd(f"TYPE {kind}")
    with anna.transfercmd(command) as data:
        listing = data.makefile("rb").read()
    anna.voidresp()
    lines = listing.split(b"\r\n")

    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines)
    # a file that has the name of an option is what is meant
    assert len([line for line in lines if b"dir;" not in line]) == (3 if command in WHOLE else 1)


WHOLE = ("LIST", "NLST", "MLSD")


@pytest.mark.parametrize("name", ["anonymous", "ftp", "Anonymous"])
def test_anonymous_clients_only_read(machine: Machine, name: str) -> None:
    machine.run("mkdir", "/srv/ftp/pub")
    machine.write("/srv/ftp/pub/news", "for all\n")
    try:
        with Session(machine, name) as session:
            assert session.fetch("pub/news") == b"for all\n"
            assert session.pwd() == "/"
            assert "pub" in session.nlst()
            refused = ["STOR x", "APPE pub/news", "STOU", "DELE pub/news", "MKD d", "RMD pub"]
            refused += ["MFMT 20200101000000 pub/news", "SITE CHMOD 777 pub/news"]
            for command in refused:
                session.sendcmd("EPSV")
                assert session.code(command) in ("550", "553"), command
            assert session.code("RNFR pub/news") == "550"
            assert session.code("RNTO pub/olds") == "550"
            assert session.fetch("pub/news") == b"for all\n"
    finally:
        machine.run("rm", "-rf", "/srv/ftp/pub")


@pytest.mark.parametrize("name", ["anonymous", "ftp", "Anonymous"])
def test_anonymous_clients_may_name_themselves_again(machine: Machine, name: str) -> None:
    with Session(machine, name) as session:
        assert session.code(f"USER {name}") == "230"
        assert session.code("USER anna") == "530"


def test_what_a_worker_looks_for_is_found_from_within_its_jail(
    anna: Session, machine: Machine
) -> None:
    for name in ("a1", "a2"):
        anna.mkd(name)
        anna.store(f"{name}/x.txt", b"x")
    made = int(machine.run("stat", "--format=%W", f"{HOME}/desk/a1/x.txt").stdout)

    assert anna.nlst("a?/*.txt") == ["a1/x.txt", "a2/x.txt"]
    assert anna.nlst("/*/a[2-9]/*") == ["/desk/a2/x.txt"]
    assert anna.sendcmd("OPTS MLST create;") == "200 MLST OPTS create;"
    assert time.strftime(" create=%Y%m%d%H%M%S; /", time.gmtime(made)) in anna.sendcmd(
        "MLST a1/x.txt"
    )


def test_a_full_disk_is_told(machine: Machine) -> None:
    """Only what fits is stored, and nobody hears 226."""
    script = "mkdir $1; mount -t tmpfs -o size=64k tmpfs $1; chown anna: $1"
    machine.run("sh", "-euc", script, "sh", "/home/anna/full")
    try:
        with Session(machine, "anna") as session:
            session.voidcmd("TYPE I")
            data = session.transfercmd("STOR full/x")
            with suppress(OSError):
                data.sendall(bytes(1 << 20))
            data.close()

            assert session.getmultiline()[:3] == "452"
            assert session.code("NOOP") == "200"
    finally:
        machine.run("umount", "--lazy", "/home/anna/full")
        machine.run("rmdir", "/home/anna/full")
