# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks PAM whether a password is right and its account may be used.

Loaded and run in the process of one attempt only: PAM's modules block, fork, and change the process
they are in; and the callbacks they are given lie in memory that must not be shared with another
attempt (see `ftpsd.syscall`).
"""

from __future__ import annotations

import ctypes
import importlib
import sys
import types
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ftpsd.wire.message import Secret

_PAM_SUCCESS, _PAM_CONV_ERR = 0, 19
_PAM_TTY, _PAM_RHOST, _PAM_CONV, _PAM_FAIL_DELAY = 3, 4, 5, 10
_DISALLOW_NULL_AUTHTOK: Final = 1
_ESTABLISH_CRED, _DELETE_CRED = 2, 4

_FAIL_DELAY = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
_CONVERSATION = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)


class _Conversation(ctypes.Structure):
    _fields_ = (("function", _CONVERSATION), ("data", ctypes.c_void_p))


# Both are called by PAM long after the calls that hand them over: they must outlive everything.
_NO_DELAY: Final = _FAIL_DELAY(lambda *_: None)
_NO_ANSWER: Final = _Conversation(_CONVERSATION(lambda *_: _PAM_CONV_ERR), None)


def _authenticator() -> Any:
    """Load libpam by its name: python-pam would run ldconfig, twice for each attempt.

    And it would load shutil, tempfile and all that these need, to find out how: 6 ms of a login.
    """
    found = types.SimpleNamespace(find_library="lib{}.so.0".format)
    sys.modules["ctypes.util"] = found  # type: ignore[assignment]  # all that is asked of it
    return importlib.import_module("pam.__internals").PamAuthenticator()


class Attempt:
    """One PAM transaction: a password, and then perhaps a session."""

    def __init__(self, remote: str, service: str) -> None:
        """Prepare to ask about a client at the address `remote`, as /etc/pam.d/`service` says."""
        self._service, self._right = service, False
        self._pam = _authenticator()
        self._remote = ctypes.c_char_p(remote.encode("ascii"))
        self._start, self._authenticate = self._pam.pam_start, self._pam.pam_authenticate
        # python-pam goes from start to account check in one call, and its own functions are
        # attributes: the one place to set what the modules must know before it.
        self._pam.pam_start = self._started
        self._pam.pam_authenticate = self._authenticated

    def _started(self, service: bytes, user: bytes, conversation: Any, handle: Any) -> int:
        code: int = self._start(service, user, conversation, handle)
        if code == _PAM_SUCCESS:
            self._set(_PAM_RHOST, self._remote)
            self._set(_PAM_TTY, ctypes.c_char_p(b"ftp"))
            # The helper waits itself: a delay of PAM's own differs from module to module.
            self._set(_PAM_FAIL_DELAY, ctypes.cast(_NO_DELAY, ctypes.c_void_p))
        return code

    def _authenticated(self, handle: Any, flags: int) -> int:
        # Debian's common-auth has "nullok": without this an account with no password is open.
        code: int = self._authenticate(handle, flags | _DISALLOW_NULL_AUTHTOK)
        self._right = code == _PAM_SUCCESS
        return code

    def _set(self, item: int, value: Any) -> None:
        self._pam.pam_set_item(self._pam.handle, item, value)

    def refusal(self, user: str, password: Secret) -> str | None:
        """Ask; give `None` if the user may come in, else PAM's reason, for the journal."""
        text = password.reveal().encode("utf-8", "surrogateescape")
        allowed = self._pam.authenticate(user, text, service=self._service, call_end=False)
        if allowed and text:
            return None
        # Debian's stacks end in pam_deny, which says the same of all that went before it.
        stage = "the account may not be used: " if self._right else ""
        return f"{stage}{self._pam.reason}" if text else "the password is empty"

    def account_refusal(self, user: str) -> str | None:
        """Ask about the account alone, when something else has proved who it is."""
        # python-pam goes from start to the account check in one call; this skips what lies between.
        self._pam.pam_authenticate = lambda *_: _PAM_SUCCESS  # pyright: ignore[reportUnknownLambdaType]
        self._right = True
        allowed = self._pam.authenticate(user, b"-", service=self._service, call_end=False)
        return None if allowed else f"the account may not be used: {self._pam.reason}"

    def open_session(self) -> str | None:
        """Open a PAM session; give `None`, or the reason why there is none."""
        # python-pam lets its own conversation be collected, and the next prompt would crash.
        self._set(_PAM_CONV, ctypes.byref(_NO_ANSWER))
        self._pam.pam_setcred(self._pam.handle, _ESTABLISH_CRED)
        return None if self._pam.open_session() == _PAM_SUCCESS else str(self._pam.reason)

    def close(self, *, session: bool) -> None:
        """End the transaction, and the session if there is one."""
        if session:
            self._pam.close_session()
            self._pam.pam_setcred(self._pam.handle, _DELETE_CRED)
        self._pam.end()
