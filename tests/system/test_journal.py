# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal tells an admin what happened, in fields, and never a password."""

from __future__ import annotations

import ftplib

import pytest
from ftp_session import Session
from machine import Machine, eventually

from ftpsd import events
from ftpsd.session import events as session_events

CLIENT = "198.51.100.1"
EVENTS = {**events.EVENTS, **session_events.EVENTS}
SECRETS = ("Wr0ng-Secret-7319", "Annas Passwort 1", "guest-Secret-4711@example.org")


def entries(machine: Machine, unit: str) -> list[dict[str, str]]:
    """Give what of ftpsd's own events `journalctl -u` finds for one session."""
    ours = {event.id: name for name, event in EVENTS.items()}
    found = machine.journal(f"--unit={unit}")
    return [
        one | {"name": ours[one["MESSAGE_ID"]]} for one in found if one.get("MESSAGE_ID") in ours
    ]


def fields(entry: dict[str, str]) -> dict[str, str]:
    """Give an entry's own fields, without their FTPSD_."""
    own = {name: value for name, value in entry.items() if name.startswith("FTPSD_")}
    return {name.removeprefix("FTPSD_").lower(): value for name, value in own.items()}


def test_a_session_is_told_from_connect_to_end(machine: Machine) -> None:
    with Session(machine, source=CLIENT) as session:
        unit = session.unit
        session.sendcmd("USER anna")
        assert session.code("PASS wrong") == "530"
        session.login("anna", machine.passwords["anna"])
        session.mkd("d\u00fcr")
        session.store("d\u00fcr/one", b"x" * 1234)
        session.fetch("d\u00fcr/one", rest=234)
        session.rename("d\u00fcr/one", "two")
        session.sendcmd("SITE CHMOD 600 two")
        session.delete("two")
        session.rmd("d\u00fcr")
        session.quit()
    told = eventually(lambda: [one for one in entries(machine, unit) if one["name"] == "ENDED"])
    assert len(told) == 1
    told = entries(machine, unit)
    who = {"user": "anna", "remote": CLIENT}
    moved = {**who, "path": "/d\u00fcr/one", "type": "I", "anonymous": "no"}
    first = [(one["name"], fields(one)) for one in told if one["name"] != "ENDED"]
    assert all(one.pop("seconds", "0").isdigit() for _, one in first)

    assert first == [
        ("CONNECTED", {"user": "-", "remote": CLIENT}),
        ("LOGIN_REFUSED", {**who, "reason": "Authentication failure"}),
        ("LOGGED_IN", {**who, "anonymous": "no"}),
        ("DIRECTORY_MADE", {**who, "path": "/d\u00fcr"}),
        ("UPLOADED", {**moved, "bytes": "1234", "offset": "0"}),
        ("DOWNLOADED", {**moved, "bytes": "1000", "offset": "234"}),
        ("RENAMED", {**who, "path": "/d\u00fcr/one", "new_path": "/two"}),
        ("ATTRIBUTES_SET", {**who, "path": "/two", "what": "the mode 0600"}),
        ("DELETED", {**who, "path": "/two"}),
        ("DELETED", {**who, "path": "/d\u00fcr"}),
    ]
    last = fields(told[-1])
    assert last.pop("seconds").isdigit()
    assert last == {**who, "reason": "quit", "received": "1234", "sent": "1000"}


def test_statistics_read_transfers_as_ever(machine: Machine) -> None:
    with Session(machine, "anna", source=CLIENT) as session:
        session.store("a file", b"x" * 1234)
        session.fetch("a file")
        session.delete("a file")
        session.quit()
    machine.run("journalctl", "--sync")
    said = machine.run("ftpsdctl", "xferlog", "--since=-1min").stdout
    ours = [line.split() for line in said.splitlines() if "/a_file" in line]

    assert [line[6:9] for line in ours] == [[CLIENT, "1234", "/a_file"]] * 2
    assert [" ".join(line[9:]) for line in ours] == [
        "b _ i r anna ftp 0 * c",
        "b _ o r anna ftp 0 * c",
    ]


def test_every_entry_is_of_the_service_and_says_something(machine: Machine) -> None:
    with Session(machine, "anna") as session:
        unit = session.unit
        assert session.works()
    eventually(lambda: [one for one in entries(machine, unit) if one["name"] == "ENDED"])
    for entry in entries(machine, unit):
        event = EVENTS[entry["name"]]

        assert entry["PRIORITY"] == str(event.priority)
        assert entry["SYSLOG_IDENTIFIER"] == "ftpsd"
        assert "{" not in entry["MESSAGE"]
        assert len(entry["MESSAGE"]) > 10


def test_what_is_refused_is_told_with_its_reason(machine: Machine) -> None:
    with Session(machine, "anna") as session:
        unit = session.unit
        session.sendcmd("EPSV")
        assert session.code("RETR nothing") == "550"
        assert session.code("DELE nothing") == "550"
        for _ in range(2):
            assert session.code("PORT 192,0,2,77,200,0") == "501"
        told = [fields(one) for one in entries(machine, unit) if one["name"] == "REFUSED"]

    assert [(one["verb"], one["path"], one["reason"]) for one in told] == [
        ("RETR", "/nothing", "not_found"),
        ("DELE", "/nothing", "not_found"),
        ("PORT", "192.0.2.77:51200", "foreign"),
    ]


def test_a_transfer_cut_short_is_told(machine: Machine) -> None:
    machine.run("truncate", "--size=64M", "/home/anna/zeros", user="anna")
    try:
        with Session(machine, "anna") as session:
            unit = session.unit
            data = session.transfercmd("RETR zeros")
            data.recv(1000)
            data.close()
            with pytest.raises(ftplib.error_temp, match="426 "):
                session.voidresp()
            (told,) = (fields(one) for one in entries(machine, unit) if "TRANSFER" in one["name"])
    finally:
        machine.run("rm", "/home/anna/zeros")

    assert (told["verb"], told["path"]) == ("RETR", "/zeros")
    assert 1000 <= int(told["bytes"]) < 64 << 20
    assert told["reason"]


def test_a_client_that_vanishes_is_told(machine: Machine) -> None:
    session = Session(machine, "anna")
    unit = session.unit
    session.close()

    def ended() -> list[dict[str, str]]:
        return [fields(one) for one in entries(machine, unit) if one["name"] == "ENDED"]

    (last,) = eventually(ended)
    assert (last["user"], last["reason"]) == ("anna", "hung up")


def test_names_cannot_forge_entries(machine: Machine) -> None:
    name = "x\tFTPSD_USER=root \u2028 \u202e\x9b"
    with Session(machine, "anna") as session:
        unit = session.unit
        session.store(name, b"")
        session.delete(name)
        told = entries(machine, unit)

    assert {one["FTPSD_USER"] for one in told if one["name"] == "UPLOADED"} == {"anna"}
    for entry in told:
        assert entry["MESSAGE"].isprintable()


def test_all_of_it_is_found_under_the_template(machine: Machine) -> None:
    with Session(machine, "anna", source=CLIENT) as session:
        unit = session.unit
        session.works()
    eventually(lambda: [one for one in entries(machine, unit) if one["name"] == "ENDED"])
    mine = [one["__CURSOR"] for one in entries(machine, unit)]
    every = {one["__CURSOR"] for one in machine.journal("--unit=ftpsd@*")}

    assert mine
    assert set(mine) <= every


def test_catalog_explains_entries(machine: Machine) -> None:
    said = machine.run("journalctl", "--list-catalog", events.LOGIN_REFUSED.id).stdout

    assert "Login refused" in said


def test_no_password_is_ever_told(machine: Machine) -> None:
    wrong, right, guest = SECRETS
    with Session(machine, source="127.9.0.1") as session:
        session.sendcmd("USER anna")
        assert session.code(f"PASS {wrong}") == "530"
        session.sendcmd("USER anna")
        assert session.code(f"pass {right}") == "230"
        # as it goes wrong: in the wrong place, in one word, with a control character
        for command in (f"PASS {wrong}", f"PASS{wrong}", f"PASS {wrong}\x01", f"ACCT {wrong}"):
            session.putcmd(command)
            session.getmultiline()
        session.quit()
    with Session(machine, source="127.9.0.1") as session:
        session.sendcmd("USER anonymous")
        session.reply(f"PASS {guest}")
    machine.run("journalctl", "--sync")
    journal = machine.run("journalctl", "--output=export", "--all", "--no-pager").stdout

    for secret in SECRETS:
        assert secret not in journal


def test_a_long_path_leaves_the_status_true(machine: Machine) -> None:
    place = "/".join(["\U0001f4c4" * 60] * 16)
    machine.run("mkdir", "-p", f"/home/anna/{place}")
    machine.run("chown", "-R", "anna:", "/home/anna")
    with Session(machine, source=CLIENT) as session:
        session.login("anna", machine.passwords["anna"])
        with session.transfercmd(f"STOR {place}/{'x' * 230}") as data:
            data.sendall(b"x" * 11)
            told = ("systemctl", "show", "--property=StatusText", session.unit)
            assert eventually(lambda: "xxx: 11 bytes" in machine.run(*told).stdout)
        session.voidresp()
    machine.run("rm", "-r", f"/home/anna/{place.partition('/')[0]}")
