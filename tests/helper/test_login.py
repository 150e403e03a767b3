# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of a session, up to where PAM would be asked; the rest is in tests/system."""

from __future__ import annotations

import array
import os
import socket
import threading
from collections.abc import Iterator

import pytest
from answering import Answering, failures, refused
from served import eventually

from ftpsd import limits
from ftpsd.helper import account, settings
from ftpsd.helper.login import asked, attach
from ftpsd.options import Settings
from ftpsd.wire import helper
from ftpsd.wire.binding import BINDING, Attach
from ftpsd.wire.channel import Channel, Closed, Peer, close_all, receive_call
from ftpsd.wire.codec import encode_call, encode_reply
from ftpsd.wire.helper import HELPER
from ftpsd.wire.introspection import (
    SERVICE,
    GetInfo,
    GetInterfaceDescription,
    InterfaceNotFound,
)
from ftpsd.wire.message import Call, Done, Malformed, Refusal, Reply
from ftpsd.wire.spawn import SPAWNER, Spawn

SOMEONE = account.Account(
    user="a", group="a", uid=1, gid=1, groups=(1,), home="/", root="/", anonymous=True
)


def test_a_ping_is_answered(answering: Answering) -> None:
    peer = Peer(answering.channel, HELPER)
    peer.send(helper.Ping())
    answering.conversation.answer()

    assert isinstance(peer.answer(helper.Ping), Done)


def test_a_ping_that_wants_no_answer_gets_none(answering: Answering) -> None:
    Peer(answering.channel, HELPER).send(helper.Ping(), oneway=True)
    answering.conversation.answer()
    with pytest.raises(Closed):
        answering.channel.receive(0.0)


def test_the_helper_says_who_it_is(answering: Answering) -> None:
    peer = Peer(answering.channel, SERVICE)
    peer.send(GetInfo())
    answering.conversation.answer()

    assert peer.answer(GetInfo).product == "ftpsd"


def test_the_helper_describes_its_interface(answering: Answering) -> None:
    peer = Peer(answering.channel, SERVICE)
    peer.send(GetInterfaceDescription(interface="org.ftpsd.Helper"))
    answering.conversation.answer()

    assert "method Login(" in peer.answer(GetInterfaceDescription).description


def test_an_unknown_interface_is_refused(answering: Answering) -> None:
    peer = Peer(answering.channel, SERVICE)
    peer.send(GetInterfaceDescription(interface="org.ftpsd.Files"))
    answering.conversation.answer()
    with pytest.raises(InterfaceNotFound):
        peer.answer(GetInterfaceDescription)


@pytest.mark.parametrize("data", [b"{}\0", b'{"method":"org.ftpsd.Files.Enter"}\0', b"\xff\0"])
def test_anything_else_is_malformed_and_not_answered(answering: Answering, data: bytes) -> None:
    answering.channel.send(data, [0])
    with pytest.raises(Malformed):
        answering.conversation.answer()
    with pytest.raises(Closed):
        answering.channel.receive(0.0)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("user", "chosen", "password"),
    [
        ("Anonymous", Settings(anonymous_password="none"), False),
        ("ftp", Settings(anonymous_password="none"), False),
        ("ftp", Settings(), True),
        ("ftp", Settings(anonymous_password="none", anonymous=False, require_tls="no"), True),
        ("anna", Settings(anonymous_password="none", require_tls="no"), True),
    ],
)
def test_a_password_is_asked_of_all_but_anonymous_clients_who_need_none(
    answering: Answering, user: str, chosen: Settings, password: bool, tls: bool
) -> None:
    call = helper.MaySendPassword(
        user=user, tls=tls, host=None, control_fd=answering.control.fileno()
    )

    assert asked(call, chosen).password == password


def test_a_login_without_a_control_connection_is_malformed(answering: Answering) -> None:
    call = answering.login()
    call.control_fd = answering.spawner.fileno()
    Peer(answering.channel, HELPER).send(call)
    with pytest.raises(Malformed):
        answering.conversation.answer()


@pytest.mark.parametrize("declared", [True, False])
def test_what_is_no_connection_is_not_closed_before_the_end_of_the_attempt_is_told(
    answering: Answering, monkeypatch: pytest.MonkeyPatch, *, declared: bool
) -> None:
    """A file of a user's own file system (FUSE) may take for ever, and no signal ends that."""
    closed: list[int] = []
    call = answering.login()
    call.control_fd = os.open("/dev/null", os.O_RDONLY)
    data = encode_call(HELPER, call)[0] if declared else b"{}\0"
    answering.channel.send(data, [call.control_fd])
    with monkeypatch.context() as watched:
        for module in ("os", "posix"):
            watched.setattr(f"{module}.close", closed.append)
        with pytest.raises(Malformed):
            answering.conversation.answer()
    os.close(call.control_fd)

    assert closed == []


def test_without_the_process_that_counts_nobody_logs_in(answering: Answering) -> None:
    answering.book.sock.shutdown(socket.SHUT_RDWR)
    peer = Peer(answering.channel, HELPER)
    peer.send(answering.login())
    answering.conversation.answer()
    with pytest.raises(helper.Unavailable):
        peer.answer(helper.Login)


def test_who_has_tried_often_enough_is_told_and_it_is_logged(answering: Answering) -> None:
    with answering.control.dup() as control:
        cookie = int.from_bytes(control.getsockopt(socket.SOL_SOCKET, 57, 8), "little")
    for _ in range(limits.LOGIN_ATTEMPTS):
        answering.book._ledger.admit(cookie, (b"",), 0)

    assert refused(answering, answering.login()) is helper.Exhausted
    (lines,) = answering.said
    assert "MESSAGE=anna from 127.0.0.1 refused: too many attempts on this connection." in lines
    assert f"OBJECT_PID={os.getpid()}" in lines


@pytest.mark.parametrize("kind", [helper.MaySendPassword, helper.GetGreeting, helper.GetEncryption])
def test_the_journal_names_the_file_that_keeps_everyone_out(
    answering: Answering, monkeypatch: pytest.MonkeyPatch, kind: type[Call[Reply]]
) -> None:
    """It is heard before there is a login: the client is told so, and leaves."""
    mistake = settings.Mistake(settings.DIRECTORIES[0] / "x.conf", 0, "Is a directory")
    monkeypatch.setattr(settings, "load", lambda _: (Settings(), [mistake]))
    given = {"user": "anna", "tls": True, "host": None, "control_fd": answering.control.fileno()}
    peer = Peer(answering.channel, HELPER)
    peer.send(kind(**{one.name: given[one.name] for one in kind.FIELDS}))
    answering.conversation.answer()

    with pytest.raises(helper.Unavailable):
        peer.answer(kind)
    user = "anna" if kind is helper.MaySendPassword else "-"
    assert [lines[0] for lines in answering.said] == [
        "MESSAGE=/etc/ftpsd/x.conf:0: Is a directory.",
        f"MESSAGE={user} from 127.0.0.1 could not log in: there are settings that cannot be read.",
    ]


def test_who_comes_where_too_many_wait_is_told_that_and_not_that_it_has_failed(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "load", lambda _: (Settings(address_failures=1), []))
    here = socket.inet_aton("127.0.0.1")
    for _ in range(5):
        answering.book._ledger.failed(here, 0)
    for _ in range(limits.ADDRESS_WAITING):
        answering.book._ledger.wait(here, 1)

    assert refused(answering, answering.login()) is helper.Unavailable
    (lines,) = answering.said
    assert lines[0] == (
        "MESSAGE=anna from 127.0.0.1 refused: too many attempts wait from this address."
    )


def test_who_may_not_be_anonymous_is_denied_with_the_reason_in_the_journal_only(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake = settings.Mistake(settings.DIRECTORIES[0] / "ftpsd.conf", 3, "x")
    chosen = Settings(anonymous_user="no-such-account")
    monkeypatch.setattr(settings, "load", lambda _: (chosen, [mistake]))
    # The shortest time there is: what is waited for is no matter of this test.
    monkeypatch.setattr(limits, "FAILURE_SECONDS", 0.001)

    assert refused(answering, answering.login("Anonymous")) is helper.Denied
    assert [lines[0] for lines in answering.said] == [
        "MESSAGE=/etc/ftpsd/ftpsd.conf:3: x.",
        "MESSAGE=Anonymous from 127.0.0.1 refused: there is no account no-such-account.",
    ]
    assert failures(answering) == 1


def test_without_the_other_services_nobody_logs_in(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "load", lambda _: (Settings(), []))
    monkeypatch.setattr(account, "anonymous", lambda *_: SOMEONE)
    monkeypatch.setattr("ftpsd.helper.login.PORTS_SOCKET", "/nowhere/at/all")

    assert refused(answering, answering.login("ftp")) is helper.Unavailable
    assert "the service is not complete" in answering.said[0][0]
    assert failures(answering) == 0


def test_who_is_refused_for_want_of_tls_has_not_failed(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "load", lambda _: (Settings(), []))
    call = answering.login()
    call.tls = False

    assert refused(answering, call) is helper.EncryptionRequired
    assert failures(answering) == 0


@pytest.fixture
def broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[socket.socket]:
    """Give where the port broker listens; whoever logs in is somebody, and needs no password."""
    path = str(tmp_path_factory.mktemp("broker") / "s")
    monkeypatch.setattr(settings, "load", lambda _: (Settings(), []))
    monkeypatch.setattr(account, "anonymous", lambda *_: SOMEONE)
    monkeypatch.setattr("ftpsd.helper.login.PORTS_SOCKET", path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        yield listener


def serve_one(broker: socket.socket) -> None:
    """Bind one channel, as the broker does."""
    channel = Channel(broker.accept()[0])
    close_all(receive_call(channel, BINDING.calls)[0].descriptors())
    channel.send(*encode_reply(Done()))
    channel.close()


def test_where_no_worker_can_be_had_a_login_is_told_to_come_later(
    answering: Answering, broker: socket.socket
) -> None:
    def attend() -> None:
        serve_one(broker)
        # As a spawner that cannot fork does.
        answering.spawner.recv(1)

    attending = threading.Thread(target=attend)
    attending.start()
    assert refused(answering, answering.login("ftp")) is helper.Unavailable
    attending.join()
    assert answering.book.lasting is not None
    os.close(answering.book.lasting[0])
    assert "/: the worker did not start." in answering.said[0][0]
    assert failures(answering) == 0


def test_a_worker_that_waits_counts_and_keeps_nobody_else_from_a_login(
    answering: Answering, broker: socket.socket
) -> None:
    """It is to begin in a file system that does not answer."""
    found: list[type[Refusal]] = []
    attempt = threading.Thread(
        target=lambda: found.append(refused(answering, answering.login("ftp")))
    )
    attempt.start()
    serve_one(broker)
    spawn, _ = receive_call(Channel(answering.spawner), SPAWNER.calls)
    assert isinstance(spawn, Spawn)
    waited = eventually(lambda: not answering.book.working)
    os.write(spawn.ready_fd, b"failed")
    attempt.join()
    close_all(spawn.descriptors())

    assert waited
    assert found == [helper.NoDirectory]
    assert answering.book.lasting is not None
    over, counted = answering.book.lasting
    os.close(over)
    assert len(counted) == 3


@pytest.mark.parametrize("reply", ["granted", "broken", "gone"])
def test_a_broker_is_bound_before_its_channel_is_handed_on(
    answering: Answering, tmp_path_factory: pytest.TempPathFactory, reply: str
) -> None:
    path = str(tmp_path_factory.mktemp("broker") / "s")
    call = Attach(
        control_fd=answering.control.fileno(),
        first_port=0,
        last_port=0,
        source_port=0,
        seconds=1,
        ways=["passive", "active"],
    )
    answers = {
        "granted": encode_reply(Done())[0],
        "broken": b"{",
        "gone": b"",
    }
    asked: list[object] = []

    def broker(listener: socket.socket) -> None:
        channel = Channel(listener.accept()[0])
        request, _ = receive_call(channel, BINDING.calls)
        asked.append(type(request))
        for fd in request.descriptors():
            os.close(fd)
        channel.send(answers[reply] + b"\0" * (reply == "broken"), [])
        channel.close()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        serving = threading.Thread(target=broker, args=(listener,))
        serving.start()
        try:
            attach(path, call).close()
            got = "granted"
        except Malformed:
            got = "broken"
        except Closed:
            got = "gone"
        serving.join()

    assert (got, asked) == (reply, [Attach])


def test_descriptors_too_many_are_closed(answering: Answering) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 0]))]
    data = b'{"method":"org.ftpsd.Helper.Ping"}\0'
    answering.channel.sock.sendmsg([data], rights)
    with pytest.raises(Malformed):
        answering.conversation.answer()


def test_a_greeting_is_chosen_by_what_is_known_of_a_connection(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[settings.Who] = []

    def load(who: settings.Who) -> tuple[Settings, list[settings.Mistake]]:
        asked_for.append(who)
        return Settings(greeting="mirror"), []

    monkeypatch.setattr(settings, "load", load)
    peer = Peer(answering.channel, HELPER)
    peer.send(helper.GetGreeting(tls=True, control_fd=answering.control.fileno()))
    answering.conversation.answer()

    assert peer.answer(helper.GetGreeting).name == "mirror"
    port = answering.control.getsockname()[1]
    (who,) = asked_for
    assert who.known() == ("", ())
    assert (who.anonymous, who.address, who.port) == (False, "127.0.0.1", port)
    assert (who.tls, who.host) == (True, "")
