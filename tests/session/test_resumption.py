# SPDX-License-Identifier: GPL-3.0-or-later
"""A data connection that resumes is the client's beyond doubt; and it always can resume."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from secured import V12, V13, VERSIONS, client_context, make_certificate
from tls_pairs import Session

from ftpsd.session.openssl import TICKET_SECONDS


def without_tickets() -> ssl.SSLContext:
    """Give a client of TLS 1.2 that resumes by the number of a session, as some devices do."""
    context = client_context(V12)
    context.options |= ssl.OP_NO_TICKET
    return context


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("must_resume", [False, True])
def test_a_data_connection_resumes_the_control_connection(
    credentials: Path, version: ssl.TLSVersion, must_resume: bool
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data(session.client.session, must_resume=must_resume)

        assert server.resumed
        assert client.reused


@pytest.mark.parametrize("version", VERSIONS)
def test_one_that_does_not_resume_is_known_as_such(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    with Session(credentials, version) as session:
        assert not session.data()[0].resumed


@pytest.mark.parametrize("version", VERSIONS)
def test_one_that_does_not_resume_is_refused_where_it_must(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    with Session(credentials, version) as session:
        reason, client = session.refuses(None, session.context)

        assert "does not resume" in reason
        assert client.tickets == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ticket_of_another_session_is_refused(credentials: Path, version: ssl.TLSVersion) -> None:
    with Session(credentials, version) as session, Session(credentials, version) as other:
        reason, _ = session.refuses(other.client.session, other.context)

    assert "does not resume" in reason


@pytest.mark.parametrize("make", [without_tickets, client_context])
def test_who_was_refused_once_cannot_resume_that(
    credentials: Path, make: Callable[[], ssl.SSLContext]
) -> None:
    """OpenSSL remembers a session as soon as its handshake is done, before it is looked at."""
    stranger = make()
    with Session(credentials, V12) as session:
        _, client = session.refuses(None, stranger)
        for _ in range(3):
            reason, client = session.refuses(client.session, stranger)

            assert "does not resume" in reason
            assert not client.reused


@pytest.mark.parametrize("ended", [True, False])
def test_a_client_without_tickets_resumes_however_the_last_transfer_ended(
    credentials: Path, ended: bool
) -> None:
    with Session(credentials) as session:
        session.context = without_tickets()
        session.server, control = session.control()
        for _ in range(5):
            server, _ = session.data(control.session, must_resume=True)
            if ended:
                server.finish()
            server.close()
            del server


def test_tickets_go_out_on_the_control_connection_alone(credentials: Path) -> None:
    with Session(credentials, V13) as session:
        at_first = session.client.tickets
        for resumed in (None, session.client.session):
            server, client = session.data(resumed)
            server.send(b"all")
            server.finish()

            assert client.arrived() == b"all"
            assert client.tickets == 0
        session.server.renew_ticket()
        assert session.client.arrived() == b""
        assert (at_first, session.client.tickets) == (2, 2)
        session.server.send(b"150")
        session.client.arrived()

        assert (at_first, session.client.tickets) == (2, 3)


def test_a_client_that_uses_a_ticket_once_never_runs_out_of_them(credentials: Path) -> None:
    used = set()
    with Session(credentials, V13) as session:
        for _ in range(50):
            session.server.renew_ticket()
            session.server.send(b"150")
            session.client.arrived()
            ticket = session.client.session
            assert ticket is not None
            used.add(ticket.id)
            session.data(ticket, must_resume=True)

    assert len(used) == 50


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_can_be_resumed_for_days(credentials: Path, version: ssl.TLSVersion) -> None:
    with Session(credentials, version) as session:
        ticket = session.client.session

        assert ticket is not None
        assert ticket.ticket_lifetime_hint == TICKET_SECONDS == 7 * 86400


def test_before_tls_13_there_is_no_ticket_to_renew(credentials: Path) -> None:
    with Session(credentials, V12) as session:
        session.server.renew_ticket()
        session.server.send(b"150")

        assert session.client.arrived() == b"150"
        assert session.client.tickets == 1


@pytest.mark.parametrize("make", [without_tickets, lambda: client_context(V12)])
@pytest.mark.parametrize("kernel", [False, True])
def test_once_the_control_connection_is_there_no_other_session_can_be_resumed(
    credentials: Path, make: Callable[[], ssl.SSLContext], kernel: bool
) -> None:
    """Not even one that was let in, where a data connection need not resume."""
    with Session(credentials, V12) as session:
        session.tls.alone()
        own, session.context = session.context, make()
        stranger = session.stranger(session.context, kernel=kernel)
        assert not stranger.reused
        assert not stranger.tickets
        assert not session.data(stranger.session)[0].resumed
        reason, again = session.refuses(stranger.session, session.context)
        assert "does not resume" in reason
        assert not again.reused
        session.context = own
        assert session.data(session.client.session, must_resume=True)[1].reused


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kernel", [False, True])
def test_a_data_connection_has_the_certificate_that_is_asked_for(
    tmp_path: Path, version: ssl.TLSVersion, kernel: bool
) -> None:
    for name in ("ftpsd.pem", "ftpsd.other.example.pem"):
        make_certificate(tmp_path / name, name)
    with Session(tmp_path, version) as session:
        session.tls.alone()
        client = session.stranger(client_context(version), kernel=kernel, name="other.example")
        assert b"ftpsd.other.example.pem" in (client.tls.getpeercert(binary_form=True) or b"")
