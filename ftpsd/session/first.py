# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session does first: greets, then seals itself. The rest is loaded later.

While the client reads the greeting and thinks there is time for the rest; so what is loaded before,
even `os`, is time that every client waits for. Nothing of what it sends is read before the sealing.
"""

from __future__ import annotations

import _socket
from posix import environ

from ftpsd.session.credentials import GREETINGS, Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.seal import Unsealed

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
        if sock.getsockname()[1] == IMPLICIT_PORT or credentials.has_greetings:
            return False
        sock.send(GREETING)
    finally:
        sock.detach()
    return True


def main() -> int:
    """Serve one client in the sandbox of ftpsd@.service, or refuse to."""
    directory = environ.get(b"CREDENTIALS_DIRECTORY", b"").decode()
    credentials = Credentials(directory, GREETINGS)
    try:
        greeted = greet(credentials)
    except OSError:
        return 0
    from ftpsd.session.seal import Unsealed, seal

    try:
        seal()
    except Unsealed as gap:
        return _refuse(gap)
    from systemd._daemon import notify

    from ftpsd.events import Log, to_journal
    from ftpsd.session.serve import start

    start(Log(to_journal()), notify, credentials, greeted=greeted, sealed=True)
    return 0


def _refuse(gap: Unsealed) -> int:
    from ftpsd.events import Log, to_journal
    from ftpsd.session import events

    Log(to_journal())(events.SEALED_BADLY, reason=gap)
    sock = _socket.socket(fileno=CLIENT_FD)
    sock.send(b"421 The server is not set up safely.\r\n")
    return 1
