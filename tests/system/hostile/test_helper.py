# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper believes nothing: broken messages, wrong descriptors, too many of everything."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hostile import inside, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe

from ftpsd import events, limits

README = Path(__file__).parents[3] / "README.md"
PING = '{"method":"org.ftpsd.Helper.Ping","parameters":{}}\0'
LOGIN = {
    "user": "anna",
    "password": ACCOUNTS["anna"],
    "tls": True,
    "controlFileDescriptor": 0,
}


def login(**changed: object) -> str:
    parameters = {**LOGIN, **changed}
    parameters = {key: value for key, value in parameters.items() if value is not ...}
    return json.dumps({"method": "org.ftpsd.Helper.Login", "parameters": parameters}) + "\0"


def call(**changed: object) -> str:
    return json.dumps({**json.loads(PING[:-1]), **changed}) + "\0"


BROKEN = {
    "not JSON": "hello\0",
    "nothing": "\0",
    "no object": "[]\0",
    "a text": '"org.ftpsd.Helper.Ping"\0',
    "not UTF-8": '{"method":"\xff"}\0',
    "NaN": '{"method":NaN}\0',
    "a number beyond any": '{"method":1' + "0" * 30000 + "}\0",
    "no method": '{"parameters":{}}\0',
    "an unknown method": call(method="org.ftpsd.Helper.Shell"),
    "a method of the worker": call(method="org.ftpsd.Files.Open", parameters={"path": "/"}),
    "a method of the broker": call(method="org.ftpsd.Binding.Attach"),
    "a method of the spawner": call(method="org.ftpsd.Spawner.Spawn"),
    "a method that is no text": call(method=["org.ftpsd.Helper.Ping"]),
    "a key too many": call(extra=1),
    "a parameter too many": call(parameters={"extra": 1}),
    "parameters that are a list": call(parameters=[]),
    "a flag that is a number": call(oneway=1),
    "two flags at once": call(oneway=True, more=True),
    "a key twice": PING[:-2] + ',"method":"org.ftpsd.Helper.Ping"}\0',
    "deep nesting": '{"method":' + "[" * 60000 + "\0",
    "deep nesting of objects": '{"a":' * 12000 + "\0",
    "two at once": PING + PING,
    "one and a half": PING + "{",
    "64 KiB and more": '{"method":"' + "x" * limits.MESSAGE_BYTES + '"}\0',
    "16 MiB": "x" * (16 << 20),
}
SOME_BROKEN = ["not JSON", "an unknown method", "a key too many", "parameters that are a list",
               "a key twice", "deep nesting", "64 KiB and more", "16 MiB"]  # fmt: skip
"""Those that are tried on every channel; what reads them is the same for all."""
BROKEN_LOGINS = {
    "no password": login(password=...),
    "no user": login(user=...),
    "no descriptor": login(controlFileDescriptor=...),
    "a user that is a number": login(user=0),
    "a user with NUL": login(user="anna\0"),
    "a user with a line end": login(user="anna\n"),
    "a user too long": login(user="a" * (limits.NAME_BYTES + 1)),
    "a lone surrogate": login(user="\ud800"),
    "a surrogate that stands for a byte": login(user="\udcff"),
    "a password that is a list": login(password=[ACCOUNTS["anna"]]),
    "a password too long": login(password="x" * (limits.PASSWORD_BYTES + 1)),
    "a password with NUL": login(password="x\0y"),
    "a high surrogate in the password": login(password="\ud800"),
    "descriptor 1 of 1": login(controlFileDescriptor=1),
    "descriptor -1": login(controlFileDescriptor=-1),
    "a descriptor that is true": login(controlFileDescriptor=True),
    "a descriptor that is 0.0": login(controlFileDescriptor=0.0),
    "an address of its own": login(remote="192.0.2.1"),
}
NOT_CONTROL = ["pipe", "file", "root", "memory", "epoll", "proc", "unix", "unconnected",
               "datagram", "helper"]  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_message_closes_the_channel_without_an_answer(probe: Probe, what: str) -> None:
    assert probe.ask(wires.say, "helper", BROKEN[what]) == {"closed": True}


@pytest.mark.parametrize("what", BROKEN_LOGINS)
def test_a_broken_login_closes_the_channel_without_an_answer(probe: Probe, what: str) -> None:
    said = probe.ask(wires.say, "helper", BROKEN_LOGINS[what], ["client"])

    assert said == {"closed": True}


def test_the_message_that_the_broken_ones_are_made_from_is_good(probe: Probe) -> None:
    assert probe.ask(wires.say, "helper", PING)["reply"] == {"parameters": {}}
    assert "error" not in probe.ask(wires.say, "helper", login(), ["client"])["reply"]


@pytest.mark.parametrize("kind", NOT_CONTROL)
def test_only_a_connected_tcp_socket_is_a_control_connection(probe: Probe, kind: str) -> None:
    assert probe.ask(wires.login, "anna", ACCOUNTS["anna"], kind) == "closed"


@pytest.mark.parametrize("kind", ["tcp", "udp", "listening"])
def test_not_even_root_has_another_socket_believed(ground: Ground, kind: str) -> None:
    """A session cannot make these; who could has the same answer."""
    source = (
        "import sys, json, socket; sys.path[:0] = ['/usr/lib/ftpsd']; from hostile import wires;"
        "sock = wires.CHANNELS['helper'] = socket.socket(socket.AF_UNIX);"
        "sock.connect('/run/ftpsd/org.ftpsd.Helper');"
        "print(json.dumps(wires.login(*sys.argv[1:])))"
    )

    # "Unavailable": one whose client has left looks the same, and breaks no contract
    assert ground.python(source, "anna", ACCOUNTS["anna"], kind) in ("closed", "Unavailable")


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (["client"], PING),
        (["client", "client"], login()),
        (["proc"] * (limits.MESSAGE_FDS + 1), login()),
        (["proc"] * 253, PING),
        ([], login()),
    ],
)
def test_descriptors_must_be_those_of_the_message(
    probe: Probe, kinds: list[str], text: str
) -> None:
    assert probe.ask(wires.say, "helper", text, kinds) == {"closed": True}


def test_a_flood_of_requests_closes_the_channel_and_disturbs_nobody(
    probe: Probe, sibling: Probe
) -> None:
    answers = [probe.ask(wires.say, "helper", PING) for _ in range(limits.REQUESTS + 1)]

    assert answers[limits.REQUESTS :] == [{"closed": True}]
    assert all("reply" in one for one in answers[: limits.REQUESTS])
    assert sibling.ask(wires.login, "bob", ACCOUNTS["bob"]) == "granted"


def test_a_flood_without_listening_closes_the_channel_and_disturbs_nobody(
    probe: Probe, sibling: Probe
) -> None:
    assert probe.ask(wires.flood, "helper", PING, 100_000) < 100_000
    assert sibling.ask(wires.login, "bob", ACCOUNTS["bob"]) == "granted"


def test_a_broken_contract_is_in_the_journal_of_that_session(ground: Ground, probe: Probe) -> None:
    unit, before = ground.unit(probe), ground.cursor()
    probe.ask(wires.say, "helper", "hello\0")
    # Not by -u: journalctl 252 finds nothing by it after a cursor once the journal has grown.
    (entry,) = [one for one in ground.journal(before) if "FTPSD_REASON" in one]

    assert entry["OBJECT_SYSTEMD_UNIT"] == unit
    assert entry["FTPSD_REASON"] == "not JSON"
    assert entry["MESSAGE_ID"] == events.CONTRACT_BROKEN.id


@pytest.mark.parametrize("text", ["hello", "x" * limits.LINE_BYTES])
def test_a_refused_login_is_in_the_journal_of_that_session_and_not_its_password(
    ground: Ground, probe: Probe, text: str
) -> None:
    unit, before = ground.unit(probe), ground.cursor()
    secret = "correct horse battery " + text[:900]
    assert probe.ask(wires.login, "anna", secret) == "Denied"
    found = ground.journal(before)
    mine = [one for one in found if one.get("MESSAGE_ID") == events.LOGIN_REFUSED.id]

    assert [one["FTPSD_REMOTE"] for one in mine] == ["127.0.0.1"]
    assert [one["OBJECT_SYSTEMD_UNIT"] for one in mine] == [unit]
    assert not [one for one in found if "correct horse" in json.dumps(one)]


def test_a_session_has_nobody_banned(ground: Ground, probe: Probe) -> None:
    """It may write any entry, but not one that the README's command takes for the helper's."""
    told = re.findall(r"(_\S+) MESSAGE_ID=(\S+)", README.read_text("utf-8"))
    ((match, number),) = [one for one in told if one[1] == events.LOGIN_REFUSED.id]
    before = ground.cursor()
    forged = {"MESSAGE_ID": number, "FTPSD_REMOTE": "192.0.2.9", "OBJECT_PID": "1"}
    forged |= {"MESSAGE": "no", "_UID": "0"}
    probe.ask(inside.write_journal, forged)
    assert probe.ask(wires.login, "anna", "wrong") == "Denied"
    ground.machine.run("journalctl", "--sync")
    # Not by matches: journalctl 252 leaves some out after a cursor.
    found = [one for one in ground.journal(before) if one.get("MESSAGE_ID") == number]
    name, _, wanted = match.partition("=")

    assert [one["FTPSD_REMOTE"] for one in found] == ["192.0.2.9", "127.0.0.1"]
    assert [one["FTPSD_REMOTE"] for one in found if one[name] == wanted] == ["127.0.0.1"]


def test_a_message_to_be_continued_does_not_hold_up_others(ground: Ground) -> None:
    """As many sessions as passwords are checked at once, each with half a message."""
    probes = [ground.probe() for _ in range(limits.ATTEMPTS_AT_ONCE + 1)]
    for probe in probes:
        probe.ask(wires.send, "helper", "{")
    with ground.probe(source="127.0.0.2") as sibling:
        sibling.sock.settimeout(5)
        try:
            came = sibling.ask(wires.login, "bob", ACCOUNTS["bob"])
        except TimeoutError:
            came = "nothing in 5 seconds"
    for probe in probes:
        probe.close()

    assert came == "granted"


def test_answers_that_are_not_read_do_not_hold_up_others(ground: Ground) -> None:
    """As many sessions as passwords are checked at once, each with no room for one more answer."""
    long = {"interface": "\1" * limits.TEXT_BYTES}
    asked = json.dumps(
        {"method": "org.varlink.service.GetInterfaceDescription", "parameters": long}
    )
    probes = [ground.probe() for _ in range(limits.ATTEMPTS_AT_ONCE + 1)]
    for probe in probes:
        probe.tell(wires.leave_answers, "helper", asked + "\0", limits.REQUESTS)
    time.sleep(5)
    with ground.probe(source="127.0.0.2") as sibling:
        sibling.sock.settimeout(5)
        try:
            came = sibling.ask(wires.login, "bob", ACCOUNTS["bob"])
        except TimeoutError:
            came = "nothing in 5 seconds"
    for probe in probes:
        probe.close()

    assert came == "granted"
