# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS for one client (RFC 4217): its control connection, and data connections bound to it.

There is one context in a session's life, with keys of its own for session tickets, and tickets go
out on the control connection alone. So a data connection that resumes a session proves that whoever
made it holds the control connection. And none is sent where a client only writes: it would close
with the ticket unread, and its kernel would reset the connection and take the end of the file away.
"""

from __future__ import annotations

import posix

from ftpsd.protocol.reply import BadArgument
from ftpsd.protocol.timestamp import parse_openssl
from ftpsd.session import ktls, openssl
from ftpsd.session.credentials import AUTHORITIES, KEY, Credentials
from ftpsd.session.secure import PROTOCOL, RAW, RAW_CONTROL, Refused, Secure, reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterable
    from typing import Any

    from ftpsd.session.credentials import Certificate
    from ftpsd.wire.helper import Encryption

_TICKETS = 2
"""Session tickets at the start of the control connection; more follow as they are used up."""


class Tls:
    """The TLS of one session."""

    def __init__(self, credentials: Credentials, wanted: Encryption, sock: _socket.socket) -> None:
        """Load the certificates. Raise `Refused`, for the journal.

        `sock` is the control connection, of which the kernel is asked what it can do.
        """
        found = credentials.certificate()
        if found is None:
            raise Refused("there is no certificate")
        self._asks = wanted.client_certificate
        authorities = credentials.path(AUTHORITIES)
        if self._asks != "no" and authorities is None:
            raise Refused(f"ClientCertificate= needs the credential {AUTHORITIES}")
        self._kernel = ktls.available(sock)
        self._alone = False
        self._context = self._make(found, wanted, authorities)
        self._others = {
            name: self._make(other, wanted, authorities)
            for name, other in credentials.others().items()
        }
        self._context.sni_callback = self._choose
        self.ends = openssl.end_of(found.chain)
        """When the certificate ends, as OpenSSL writes a time; empty if that is not known."""

    def _make(
        self, found: Certificate, wanted: Encryption, authorities: str | None
    ) -> openssl.Context:
        context = openssl.Context(openssl.PROTOCOL_TLS_SERVER)
        context.options |= openssl.OP_NO_RENEGOTIATION | ktls.OPTION
        openssl.set_protocol(context, PROTOCOL)
        least = openssl.PROTO_TLSv1_3 if wanted.tls13_only else openssl.PROTO_TLSv1_2
        # The system's policy may ask for more than we do; its "any" is below all others.
        context.minimum_version = max(context.minimum_version, least)
        openssl.set_ticket_life(context)
        named = found.name
        try:
            _need(found)
            context.load_cert_chain(found.chain, found.key, _no_passphrase)
            if self._asks != "no":
                named = AUTHORITIES
                context.load_verify_locations(authorities)
                context.verify_mode = (
                    openssl.CERT_REQUIRED if self._asks == "required" else openssl.CERT_OPTIONAL
                )
            known, named = openssl.ciphers(context), "TLSCiphers="
            context.set_ciphers(wanted.tls_ciphers or _strong(known))
        except (OSError, ValueError) as error:
            reason = reason_of(error)
            if "pem lib" in reason:
                # All that OpenSSL tells of a file that is something else, or half of it is missing.
                reason = "no certificate, or no key, in PEM is in there"
            raise Refused(f"{named}: {reason}") from error
        suites = wanted.tls_cipher_suites or _suites(known)
        if not openssl.set_cipher_suites(context, suites) and wanted.tls_cipher_suites:
            raise Refused("TLSCipherSuites= names one that cannot be had")
        if wanted.tls_groups and not openssl.set_groups(context, wanted.tls_groups):
            raise Refused("TLSGroups= names one that cannot be had")
        return context

    def _choose(self, connection: Any, name: str | None, _: openssl.Context) -> None:
        """Take the certificate that the client asks for by name (SNI), if there is such a one."""
        ssl = connection.tls if isinstance(connection, ktls.Kernel) else connection
        context = self._others.get((name or "").lower())
        if context is not None:
            ssl.context = context
        if self._alone:
            openssl.give_no_ticket(ssl)

    def alone(self) -> None:
        """Let no session be resumed but that of the control connection, which has begun."""
        self._alone = True
        openssl.keep_no_more_sessions(self._context)

    def control(self, sock: _socket.socket) -> Secure:
        """Protect the control connection."""
        self._context.num_tickets = _TICKETS
        return Secure(sock, self._context, RAW_CONTROL)

    def download(self, sock: _socket.socket, *, must_resume: bool) -> Secure | ktls.Kernel:
        """Protect a data connection for a file to be sent; the kernel may do it."""
        # Before OpenSSL has finished with TLS 1.2 it cannot be held back there, and would give a
        # ticket to a client that is then refused.
        self._context.num_tickets = 0
        if not self._kernel or must_resume:
            return Secure(sock, self._context, RAW, must_resume=must_resume)
        return ktls.Kernel(sock, self._context)

    def data(self, sock: _socket.socket, *, must_resume: bool) -> Secure:
        """Protect a data connection, whichever way its bytes go."""
        self._context.num_tickets = 0
        return Secure(sock, self._context, RAW, must_resume=must_resume, hears=True)


def seconds_left(ends: str, now: float) -> float:
    """Give how long a certificate is still good: below 0, it has ended."""
    try:
        return parse_openssl(ends) - now
    except BadArgument:
        # before 1970
        return -now


def _need(found: Certificate) -> None:
    """Raise `Refused` for a file that is empty, of which OpenSSL would only say "PEM lib"."""
    for name, path in ((found.name, found.chain), (KEY, found.key)):
        if path and not posix.stat(path).st_size:
            raise Refused(f"{name}: it is empty, or cannot be read")


def _no_passphrase() -> str:
    """Give none: without this OpenSSL would ask for one on a terminal."""
    raise ValueError("its key has a passphrase")


def _strong(known: Iterable[str]) -> str:
    """Give the ciphers of TLS 1.2 that have forward secrecy and authenticate what they encrypt."""
    return _joined(
        name
        for name in known
        if name.startswith(("ECDHE-", "DHE-"))
        and "-PSK-" not in name
        and any(mode in name for mode in ("GCM", "CCM", "POLY1305"))
    )


def _suites(known: Iterable[str]) -> str:
    """Give the cipher suites of TLS 1.3."""
    return _joined(name for name in known if name.startswith("TLS_"))


def _joined(known: Iterable[str]) -> str:
    """Give names in the system's order, but AES of 128 bits first: it costs both sides less."""
    return ":".join(sorted(known, key=lambda name: "AES128" not in name.replace("_", "")))
