# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenSSL can do and Python's `ssl` does not offer.

The functions are called by `_ctypes` (see `ftpsd.syscall` for why not by `ctypes`), with the
pointers that CPython keeps behind its own objects' headers. Where those lie is known of the
releases in `KNOWN`; with any other these functions do nothing and say so.
"""

from __future__ import annotations

import _ctypes
import sys

from ftpsd.syscall import Call, Long

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any

    Pointer: Any
else:

    class Pointer(_ctypes._SimpleCData):  # noqa: SLF001 - there is no other name for it
        """C's void pointer."""

        _type_ = "P"


KNOWN = ((3, 11), (3, 12), (3, 13))
"""The releases of CPython in whose Modules/_ssl.c the pointers lie where they are read here."""

TICKET_SECONDS = 7 * 86400
"""The longest life of a session ticket (RFC 8446, section 4.6.1)."""

_HEAD = object.__basicsize__
_WORD = 8
_SET_GROUPS_LIST = 92
"""SSL_CTRL_SET_GROUPS_LIST, in ssl.h."""


def known() -> bool:
    """Say whether the functions here work with this Python."""
    return sys.version_info[:2] in KNOWN and sys.implementation.name == "cpython"


_functions: dict[str, Any] = {}


def _function(name: str) -> Any:
    if name not in _functions:
        _functions[name] = Call(_ctypes.dlsym(_ctypes.dlopen("libssl.so.3", 0), name))
    return _functions[name]


def _at(address: int) -> Any:
    return Pointer(Pointer.from_address(address).value)


def _context(context: ssl.SSLContext) -> Any:
    # PySSLContext: the object's header, SSL_CTX *ctx.
    return _at(id(context) + _HEAD)


def set_ticket_life(context: ssl.SSLContext) -> bool:
    """Let tickets live as long as they may (SSL_CTX_set_timeout(3)), instead of two hours."""
    if not known():
        return False
    _function("SSL_CTX_set_timeout")(_context(context), Long(TICKET_SECONDS))
    return True


def set_cipher_suites(context: ssl.SSLContext, names: str) -> bool:
    """Choose among the suites of TLS 1.3 (SSL_CTX_set_ciphersuites(3)); `False` if it cannot."""
    call = "SSL_CTX_set_ciphersuites"
    return known() and _function(call)(_context(context), names.encode()) == 1


def set_groups(context: ssl.SSLContext, names: str) -> bool:
    """Choose the groups of the key exchange (SSL_CTX_set1_groups_list(3)); `False` if it cannot."""
    arguments = (_context(context), Long(_SET_GROUPS_LIST), Long(0), names.encode())
    return known() and _function("SSL_CTX_ctrl")(*arguments) == 1


def forget_errors() -> None:
    """Drop what this thread has noted of errors (ERR_clear_error(3)).

    OpenSSL 3.5 notes the error of a system call and Python's `ssl` leaves it there when it has
    raised it. What the next connection meets would be taken for the same.
    """
    try:
        _function("ERR_clear_error")()
    except OSError:
        # This Python has an OpenSSL of its own.
        pass


def new_ticket(connection: ssl.SSLObject) -> bool:
    """Send one more session ticket with what is written next (SSL_new_session_ticket(3)).

    `False` if there will be none: before TLS 1.3 there is no such thing.
    """
    if not known():
        return False
    # PySSLSocket: the object's header, PyObject *Socket, SSL *ssl.
    inner = connection._sslobj  # type: ignore[attr-defined] # noqa: SLF001
    return bool(_function("SSL_new_session_ticket")(_at(id(inner) + _HEAD + _WORD)))
