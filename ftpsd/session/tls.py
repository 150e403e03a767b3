# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS for one client (RFC 4217): its control connection, and data connections bound to it.

There is one context in a session's life, with keys of its own for session tickets, and tickets go
out on the control connection alone. So a data connection that resumes a session proves that whoever
made it holds the control connection. And none is sent where a client only writes: it would close
with the ticket unread, and its kernel would reset the connection and take the end of the file away.
"""

from __future__ import annotations

import select
import socket
import ssl

from ftpsd.session import hello, openssl
from ftpsd.session.credentials import AUTHORITIES, Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ftpsd.session.credentials import Certificate
    from ftpsd.wire.helper import Encryption

PROTOCOL = b"ftp"
"""FTP's name among the protocols of ALPN."""
_NO_APPLICATION_PROTOCOL = bytes((21, 3, 3, 0, 2, 2, 120))
"""A fatal alert (RFC 7301, section 3.2), as a record."""
_TICKETS = 2
"""Session tickets at the start of the control connection; more follow as they are used up."""

_RAW, _RAW_CONTROL = 1 << 17, 1 << 14
"""Bytes read from the socket at once."""
_RECORD = 16384 + 512
"""One record at its longest: so much may be left of the last read."""
PIECE = _RAW + _RECORD
"""The least that a buffer to receive into must hold: all that one read may bring."""
_MOST = 1 << 17
"""Bytes encrypted at once, in full records."""
_SMALL, _SMALL_BYTES = 1300, 1300 * 12
"""Records that fit one packet, while the connection is young: a client need not wait for more."""


class Refused(Exception):
    """There will be no TLS on a connection; the text is the reason."""


class NotResumed(Refused):
    """The handshake was right, but nothing proves that the client of this session made it."""


class Tls:
    """The TLS of one session."""

    def __init__(self, credentials: Credentials, wanted: Encryption) -> None:
        """Load the certificates. Raise `Refused`, for the journal."""
        found = credentials.certificate()
        if found is None:
            raise Refused("there is no certificate")
        self._asks = wanted.client_certificate
        authorities = credentials.path(AUTHORITIES)
        if self._asks != "no" and authorities is None:
            raise Refused(f"ClientCertificate= needs the credential {AUTHORITIES}")
        self._context = self._make(found, wanted, authorities)
        self._others = {
            name: self._make(other, wanted, authorities)
            for name, other in credentials.others().items()
        }
        self._context.sni_callback = self._choose
        self.ends = _ends(found.chain)
        """When the certificate ends, as OpenSSL writes a time; empty if that is not known."""

    def _make(
        self, found: Certificate, wanted: Encryption, authorities: str | None
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols([PROTOCOL.decode()])
        least = ssl.TLSVersion.TLSv1_3 if wanted.tls13_only else ssl.TLSVersion.TLSv1_2
        # MINIMUM_SUPPORTED is below all others: the system's policy may ask for more than we do.
        context.minimum_version = max(context.minimum_version, least)
        openssl.set_ticket_life(context)
        try:
            context.load_cert_chain(found.chain, found.key, _no_passphrase)
            if self._asks != "no":
                context.load_verify_locations(authorities)
                context.verify_mode = (
                    ssl.CERT_REQUIRED if self._asks == "required" else ssl.CERT_OPTIONAL
                )
            context.set_ciphers(wanted.ciphers or _strong(context))
        except (OSError, ValueError) as error:
            raise Refused(f"{found.chain.rpartition('/')[2]}: {_reason(error)}") from error
        if wanted.cipher_suites and not openssl.set_cipher_suites(context, wanted.cipher_suites):
            raise Refused("TLSCipherSuites= names one that cannot be had")
        if wanted.groups and not openssl.set_groups(context, wanted.groups):
            raise Refused("TLSGroups= names one that cannot be had")
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """Take the certificate that the client asks for by name (SNI), if there is such a one."""
        context = self._others.get((name or "").lower())
        if context is not None:
            connection.context = context

    def control(self, sock: socket.socket) -> Secure:
        """Protect the control connection."""
        self._context.num_tickets = _TICKETS
        return Secure(sock, self._context, _RAW_CONTROL, must_resume=False)

    def data(self, sock: socket.socket, *, must_resume: bool) -> Secure:
        """Protect a data connection."""
        self._context.num_tickets = 0
        return Secure(sock, self._context, _RAW, must_resume=must_resume)


def _ends(chain: str) -> str:
    # CPython has this for its tests alone; nothing else there reads a certificate of one's own.
    decode: Any = getattr(ssl._ssl, "_test_decode_cert", None)  # type: ignore[attr-defined]  # noqa: SLF001
    return str(decode(chain)["notAfter"]) if decode else ""


def seconds_left(ends: str, now: float) -> float:
    """Give how long a certificate is still good: below 0, it has ended."""
    return ssl.cert_time_to_seconds(ends) - now


def _no_passphrase() -> str:
    """Give none: without this OpenSSL would ask for one on a terminal."""
    raise ValueError("its key has a passphrase")


def _strong(context: ssl.SSLContext) -> str:
    """Give what the system allows for TLS 1.2, less what has no forward secrecy or is not AEAD."""
    return ":".join(
        one["name"]
        for one in context.get_ciphers()
        if one["aead"] and one["kea"] in ("kx-ecdhe", "kx-dhe")
    )


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).replace("_", " ").lower()


class Secure:
    """One connection under TLS, as `ftpsd.session.stream` has it without.

    OpenSSL works in memory: one system call moves what many records carry.
    """

    secure = True

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, raw: int, *, must_resume: bool
    ) -> None:
        """Take over a connected `sock`, to read `raw` bytes at once; the handshake is `advance`."""
        sock.setblocking(False)
        self.sock = sock
        self._raw = raw
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: Any = context.wrap_bio(self._in, self._out, server_side=True)
        self._must_resume = must_resume
        self._hello: bytes | None = b""
        self._left = b""
        self._shaken = self._finished = False
        self._young = _SMALL_BYTES
        self.clean = self._ended = False

    @property
    def ready(self) -> bool:
        """Say whether there is something to read, or the end, without waiting for the socket."""
        return self._ended or bool(self._in.pending)

    @property
    def unsent(self) -> bool:
        """Say whether something that `send` has taken is still to be sent."""
        return bool(self._left)

    def fileno(self) -> int:
        """Give the descriptor, for poll(2)."""
        return self.sock.fileno()

    def advance(self) -> int:
        """Go on with the handshake; give the event to wait for, 0 at its end. Raise `Refused`."""
        try:
            while True:
                self._flush()
                if self._shaken:
                    return 0
                self._shake()
        except _Wait as wait:
            return wait.event
        except ssl.SSLError as error:
            self._tell()
            raise Refused(_reason(error)) from error
        except OSError as error:
            raise Refused(error.strerror or "connection lost") from error

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            if not self._out.pending:
                self._read()
            return
        if self._must_resume and not self._tls.session_reused:
            # Not a byte more: what is left to send would complete the handshake of TLS 1.2.
            raise NotResumed("it does not resume the TLS session of the control connection")
        self._shaken = True

    def _read(self) -> None:
        try:
            data = self.sock.recv(self._raw)
        except (BlockingIOError, InterruptedError):
            raise _Wait(select.POLLIN) from None
        if not data:
            raise Refused("it was closed during the handshake")
        if self._hello is None:
            self._in.write(data)
            return
        self._hello += data
        if hello.whole(self._hello):
            data, self._hello = self._hello, None
            offered = hello.protocols(data)
            if offered is not None and PROTOCOL not in offered:
                self._left += _NO_APPLICATION_PROTOCOL
                self._tell()
                raise Refused(f"the client means to speak {b', '.join(offered)[:80]!r}")
            self._in.write(data)

    def _tell(self) -> None:
        """Send an alert, if that can be done at once."""
        try:
            self._flush()
        except OSError:
            pass

    def _flush(self) -> None:
        """Send what is encrypted. Raise `_Wait` if not all of it is taken."""
        if self._out.pending:
            self._left += self._out.read()
        while self._left:
            try:
                sent = self.sock.send(self._left)
            except (BlockingIOError, InterruptedError):
                raise _Wait(select.POLLOUT) from None
            self._left = self._left[sent:]

    def send(self, data: bytes) -> int:
        """Encrypt some of `data` once all that was before it is sent."""
        self._flush()
        taken = 0
        if self._young > 0:
            while taken < min(len(data), self._young):
                taken += self._tls.write(data[taken : taken + _SMALL])
            self._young -= taken
        elif data:
            taken = self._tls.write(memoryview(data)[:_MOST])
        try:
            self._flush()
        except _Wait:
            pass
        return taken

    def recv(self, size: int) -> bytes:
        """Give what has arrived: `size` bytes or, where one read brings more, as much as that."""
        buffer = bytearray(max(size, PIECE))
        return bytes(memoryview(buffer)[: self.recv_into(buffer)])

    def recv_into(self, buffer: bytearray) -> int:
        """Decrypt all that one read brings into `buffer`, which holds at least `PIECE`."""
        if self._ended:
            return 0
        if not self._in.pending:
            data = self.sock.recv(self._raw)
            if data:
                self._in.write(data)
            else:
                self._in.write_eof()
        return self._decrypt(memoryview(buffer))

    def _decrypt(self, view: memoryview) -> int:
        got = 0
        try:
            while taken := self._tls.read(len(view) - got, view[got:]):
                got += taken
            self._ended = self.clean = True
        except ssl.SSLWantReadError:
            if not got:
                raise BlockingIOError from None
        except ssl.SSLEOFError:
            self._ended = True
        except ssl.SSLZeroReturnError:
            self._ended = self.clean = True
        except ssl.SSLError as error:
            self._tell()
            raise ConnectionAbortedError(f"TLS: {_reason(error)}") from error
        return got

    def finish(self) -> bool:
        """Send close_notify; `False` if it has to be called again."""
        if not self._finished:
            self._finished = True
            try:
                self._tls.unwrap()
            except (ssl.SSLError, OSError):
                # It wants the peer's own close_notify, which nobody needs to wait for.
                pass
        try:
            self._flush()
        except _Wait:
            return False
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            # A client that knows the end of its file (MODE Z, SIZE) may be gone before it hears of
            # it, and answer the announcement with a reset. Had it left earlier, this was not taken.
            pass
        return True

    def close(self) -> None:
        """Close the socket, reading what is left: unread bytes would make the kernel reset it."""
        try:
            while self.sock.recv(_RAW):
                pass
        except OSError:
            pass
        self.sock.close()

    def renew_ticket(self) -> None:
        """Let the client resume once more: a ticket of TLS 1.3 may be used once."""
        openssl.new_ticket(self._tls)

    @property
    def resumed(self) -> bool:
        """Say whether the handshake resumed a session."""
        return bool(self._tls.session_reused)

    @property
    def about(self) -> tuple[str, str]:
        """Give version and cipher."""
        cipher = self._tls.cipher()
        return (cipher[1], cipher[0]) if cipher else ("", "")

    @property
    def certificate(self) -> str | None:
        """Give the common name in the client's certificate, if it has shown a valid one."""
        found = self._tls.getpeercert() or {}
        subject: Any = found.get("subject", ())
        names = [str(pair[1]) for group in subject for pair in group if pair[0] == "commonName"]
        return names[0] if len(names) == 1 else None


class _Wait(BlockingIOError):
    """Nothing more can be done before an event of poll(2)."""

    def __init__(self, event: int) -> None:
        super().__init__()
        self.event = event
