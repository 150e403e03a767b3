# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session does first: seals itself and greets. The rest is loaded later."""

from __future__ import annotations

import _socket
import os

from ftpsd.session.credentials import Credentials
from ftpsd.session.seal import Unsealed, seal

HELPER_FD, CLIENT_FD = 0, 3
"""Where systemd puts them: standard input, and the first that socket activation passes."""
IMPLICIT_PORT = 990
"""Where TLS begins with the first byte; a second ListenStream= of ftpsd.socket."""
GREETING = b"220 FTP server ready.\r\n"


def greet(credentials: Credentials) -> bool:
    """Send the usual greeting; `False` where another is due, or TLS comes first.

    Raise `OSError` if the client has left.
    """
    sock = _socket.socket(fileno=CLIENT_FD)
    try:
        if sock.getsockname()[1] == IMPLICIT_PORT or credentials.has_banner:
            return False
        sock.send(GREETING)
    finally:
        sock.detach()
    return True


def main() -> int:
    """Serve one client in the sandbox of ftpsd@.service, or refuse to."""
    try:
        seal()
    except Unsealed as gap:
        return _refuse(gap)
    credentials = Credentials(os.environ.get("CREDENTIALS_DIRECTORY"))
    try:
        greeted = greet(credentials)
    except OSError:
        return 0
    from systemd._daemon import notify

    from ftpsd.events import Log, to_journal
    from ftpsd.session.serve import start

    start(Log(to_journal()), notify, credentials, greeted=greeted, sealed=True)
    return 0


def _refuse(gap: Unsealed) -> int:
    from ftpsd.events import Log, to_journal
    from ftpsd.session import events

    Log(to_journal())(events.SEALED_BADLY, reason=gap)
    os.write(CLIENT_FD, b"421 The server is not set up safely.\r\n")
    return 1
