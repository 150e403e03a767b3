# SPDX-License-Identifier: GPL-3.0-or-later
"""Telnet inside the control connection (RFC 854; RFC 1123, sections 4.1.2.10 and 4.1.2.12)."""

from __future__ import annotations

_LF = 10
_FIRST_COMMAND = 236
_END_OF_PARAMETERS = 240
_PARAMETERS_FOLLOW = 250
_WILL, _WONT, _DO, _DONT = 251, 252, 253, 254
_IAC = 255

_IN_TEXT, _AFTER_IAC, _AT_OPTION, _IN_PARAMETERS = range(4)

_REFUSAL = {_WILL: _DONT, _DO: _WONT}
_MOST_REFUSALS = 32


class Telnet:
    """Takes Telnet commands out of a byte stream, however it is cut.

    Nothing is negotiated, so a command never holds a line feed: one that meets a line feed ends
    there, and no command can swallow the next line.
    """

    __slots__ = ("_refusals", "_state", "_verb")

    def __init__(self) -> None:
        self._state = _IN_TEXT
        self._verb = 0
        self._refusals = bytearray()

    def strip(self, data: bytes) -> bytes:
        """Return `data` without Telnet commands and with IAC IAC as one 0xFF.

        A 0xFF before a byte that is no command stays as it is: a client with Latin-1 names sends
        it so.
        """
        if self._state == _IN_TEXT and _IAC not in data:
            return data
        text = bytearray()
        for byte in data:
            self._state = self._next(byte, text)
        return bytes(text)

    def refusals(self) -> bytes:
        """Return, once, the DONT and WONT answers to send; at most 32 options' worth."""
        answer = bytes(self._refusals)
        self._refusals.clear()
        return answer

    def _next(self, byte: int, text: bytearray) -> int:
        """Take one byte, append what is text to `text`, return the next state."""
        if self._state == _AFTER_IAC:
            return self._command(byte, text)
        if byte == _LF or (self._state == _IN_TEXT and byte != _IAC):
            text.append(byte)
            return _IN_TEXT
        if self._state == _IN_TEXT:
            return _AFTER_IAC
        if self._state == _AT_OPTION:
            self._refuse(byte)
            return _IN_TEXT
        return _IN_TEXT if byte == _END_OF_PARAMETERS else _IN_PARAMETERS

    def _command(self, byte: int, text: bytearray) -> int:
        if byte == _IAC:
            text.append(byte)
        elif byte < _FIRST_COMMAND:
            text += bytes((_IAC, byte))
        elif byte >= _WILL:
            self._verb = byte
            return _AT_OPTION
        elif byte == _PARAMETERS_FOLLOW:
            return _IN_PARAMETERS
        return _IN_TEXT

    def _refuse(self, option: int) -> None:
        """Answer an offer or a request; WONT and DONT get no answer, or two peers would loop."""
        answer = _REFUSAL.get(self._verb)
        if answer is not None and len(self._refusals) < 3 * _MOST_REFUSALS:
            self._refusals += bytes((_IAC, answer, option))
