# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSL, as CPython's `_ssl` has it, and what it can do that is not offered there.

Not by `ssl`: that would take each session 20 ms and 1.6 MiB, for names and for sockets of its own.

The functions are called by `_ctypes` (see `ftpsd.syscall` for why not by `ctypes`), with the
pointers that CPython keeps behind its own objects' headers. Where those lie is known of the
releases in `KNOWN`; with any other these functions do nothing and say so.
"""

from __future__ import annotations

import _ctypes
import _ssl
import sys
from _ssl import (
    CERT_OPTIONAL,
    CERT_REQUIRED,
    OP_NO_RENEGOTIATION,
    PROTOCOL_TLS_SERVER,
    MemoryBIO,
    PROTO_TLSv1_2,
    PROTO_TLSv1_3,
    SSLError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
    _SSLContext,
)

from ftpsd.syscall import Call, Long

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Any

    Pointer: Any
    NameOf: Any
else:

    class Pointer(_ctypes._SimpleCData):  # noqa: SLF001 - there is no other name for it
        """C's void pointer."""

        _type_ = "P"

    class Text(_ctypes._SimpleCData):  # noqa: SLF001
        """C's string, which becomes `bytes`."""

        _type_ = "z"

    class NameOf(_ctypes.CFuncPtr):
        """A function that returns a string."""

        _flags_ = _ctypes.FUNCFLAG_CDECL
        _restype_ = Text


__all__ = [
    "CERT_OPTIONAL",
    "CERT_REQUIRED",
    "OP_NO_RENEGOTIATION",
    "PROTOCOL_TLS_SERVER",
    "Context",
    "MemoryBIO",
    "PROTO_TLSv1_2",
    "PROTO_TLSv1_3",
    "SSLError",
    "SSLWantReadError",
    "SSLWantWriteError",
    "SSLZeroReturnError",
]
Context = _SSLContext

KNOWN = ((3, 11), (3, 12), (3, 13), (3, 14))
"""The releases of CPython in whose Modules/_ssl.c the pointers lie where they are read here."""

TICKET_SECONDS = 7 * 86400
"""The longest life of a session ticket (RFC 8446, section 4.6.1)."""

_HEAD = object.__basicsize__
_WORD = 8
_SET_GROUPS_LIST, _SET_CACHE_MODE = 92, 44
"""SSL_CTRL_SET_GROUPS_LIST and SSL_CTRL_SET_SESS_CACHE_MODE, in ssl.h."""
_ONLY_LOOK_UP = 0x202
"""SSL_SESS_CACHE_SERVER and SSL_SESS_CACHE_NO_INTERNAL_STORE."""
_RECEIVED_SHUTDOWN = 2
_NO_TICKET = 1 << 14
"""SSL_OP_NO_TICKET."""


def known() -> bool:
    """Say whether the functions here work with this Python."""
    return sys.version_info[:2] in KNOWN and sys.implementation.name == "cpython"


_functions: dict[str, Any] = {}


def _function(name: str, kind: Any = Call) -> Any:
    if name not in _functions:
        _functions[name] = kind(_ctypes.dlsym(_ctypes.dlopen("libssl.so.3", 0), name))
    return _functions[name]


def _at(address: int) -> Any:
    return Pointer(Pointer.from_address(address).value)


def _context(context: Context) -> Any:
    # PySSLContext: the object's header, SSL_CTX *ctx.
    return _at(id(context) + _HEAD)


def in_memory(context: Context, incoming: MemoryBIO, outgoing: MemoryBIO) -> Any:
    """Give the server's end of a connection whose bytes are brought and fetched."""
    wrap: Any = context._wrap_bio  # type: ignore[attr-defined] # noqa: SLF001
    return wrap(incoming, outgoing, True)


def on_socket(context: Context, sock: _socket.socket, owner: object) -> Any:
    """Give the server's end of a connection; `sock` can be weakly referenced and outlives it.

    So does `owner`, which is what `sni_callback` is given instead of it.
    """
    wrap: Any = context._wrap_socket  # type: ignore[attr-defined] # noqa: SLF001
    return wrap(sock, True, owner=owner)


def set_protocol(context: Context, name: bytes) -> None:
    """Take a client's offer of one protocol (ALPN)."""
    choose: Any = context._set_alpn_protocols  # type: ignore[attr-defined] # noqa: SLF001
    choose(bytes((len(name),)) + name)


def end_of(certificate: str) -> str:
    """Give when the certificate in a file ends, as OpenSSL writes it; empty if it cannot be had."""
    # CPython has this for its tests alone; nothing else there reads a certificate of one's own.
    decode: Any = getattr(_ssl, "_test_decode_cert", None)
    return str(decode(certificate)["notAfter"]) if decode else ""


def set_ticket_life(context: Context) -> bool:
    """Let tickets live as long as they may (SSL_CTX_set_timeout(3)), instead of two hours."""
    if not known():
        return False
    _function("SSL_CTX_set_timeout")(_context(context), Long(TICKET_SECONDS))
    return True


def ciphers(context: Context) -> list[str]:
    """Name what may be used, in its order: the system's choice, as long as there is no other."""
    if not known():
        return [str(one["name"]) for one in context.get_ciphers()]
    # What Python tells of each beside its name would stay with the session as 90 KiB.
    name, item = _function("SSL_CIPHER_get_name", NameOf), _function("OPENSSL_sk_value")
    stack = Long(_function("SSL_CTX_get_ciphers")(_context(context)))
    count = _function("OPENSSL_sk_num")(stack) & 0xFFFF
    return [name(Long(item(stack, Long(at)))).decode() for at in range(count)]


def set_cipher_suites(context: Context, names: str) -> bool:
    """Choose among the suites of TLS 1.3 (SSL_CTX_set_ciphersuites(3)); `False` if it cannot."""
    call = "SSL_CTX_set_ciphersuites"
    return known() and _function(call)(_context(context), names.encode()) == 1


def set_groups(context: Context, names: str) -> bool:
    """Choose the groups of the key exchange (SSL_CTX_set1_groups_list(3)); `False` if it cannot."""
    arguments = (_context(context), Long(_SET_GROUPS_LIST), Long(0), names.encode())
    return known() and _function("SSL_CTX_ctrl")(*arguments) == 1


def keep_no_more_sessions(context: Context) -> bool:
    """Let those be resumed that are, and no further ones (SSL_CTX_set_session_cache_mode(3))."""
    arguments = (_context(context), Long(_SET_CACHE_MODE), Long(_ONLY_LOOK_UP), Long(0))
    return known() and bool(_function("SSL_CTX_ctrl")(*arguments))


def give_no_ticket(connection: object) -> bool:
    """Give no ticket of TLS 1.2, in `sni_callback`: one that was shown has been looked at by then.

    What tickets of TLS 1.3 there are says the context, and a second ClientHello shows one again.
    """
    if not known():
        return False
    ssl = _connection(connection)
    if _function("SSL_version")(ssl) & 0xFFFF == PROTO_TLSv1_2:
        _function("SSL_set_options")(ssl, Long(_NO_TICKET))
    return True


def forget_errors() -> None:
    """Drop what this thread has noted of errors (ERR_clear_error(3)).

    OpenSSL 3.5 notes the error of a system call and Python leaves it there when it has
    raised it. What the next connection meets would be taken for the same.
    """
    try:
        _function("ERR_clear_error")()
    except OSError:
        # This Python has an OpenSSL of its own.
        pass


def _connection(connection: object) -> Any:
    # PySSLSocket: the object's header, PyObject *Socket, SSL *ssl.
    return _at(id(connection) + _HEAD + _WORD)


def closed(connection: object) -> bool:
    """Say whether the peer has sent close_notify (SSL_get_shutdown(3)); `False` if unknown.

    Since OpenSSL 3.2 reading fails, as if the connection was lost, where user_canceled comes before
    it (openssl issue 25254). Java ends every connection of TLS 1.3 with the two.
    """
    get = "SSL_get_shutdown"
    return known() and bool(_function(get)(_connection(connection)) & _RECEIVED_SHUTDOWN)


def new_ticket(connection: object) -> bool:
    """Send one more session ticket with what is written next (SSL_new_session_ticket(3)).

    `False` if there will be none: before TLS 1.3 there is no such thing.
    """
    if not known():
        return False
    return bool(_function("SSL_new_session_ticket")(_connection(connection)))
