# SPDX-License-Identifier: GPL-3.0-or-later
"""Every journal entry, once: id, priority, message, fields and the text of its catalog entry.

A field `path` of an event is `FTPSD_PATH=` in the journal. No event has a field for a password.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CRIT, ERR, WARNING, NOTICE, INFO = 2, 3, 4, 5, 6
"""Priorities as syslog(3) numbers them."""


class Event:
    """One kind of journal entry."""

    __slots__ = ("about", "id", "message", "priority")

    def __init__(self, id: str, priority: int, message: str, about: str) -> None:
        """Join the 128-bit `id`, in hex, with what is written whenever it happens."""
        self.id = id
        self.priority = priority
        self.message = message
        self.about = about


CONNECTED = Event(
    "e89f4d122e75463ab3e97028e98723ef",
    INFO,
    "{remote} connected.",
    "A client connected. ftpsd@.service now serves it.",
)
SEALED_BADLY = Event(
    "3472d0eb98d142deb64ae1ee819cc2d1",
    CRIT,
    "Not serving: {reason}",
    "The session found that its sandbox is not as its unit says, and refused to serve.\n"
    "Look for drop-ins that widen ftpsd@.service: systemctl cat 'ftpsd@.service'.",
)
LOGGED_IN = Event(
    "33751754e7234352a1aa11c73aae5c59",
    NOTICE,
    "{user} logged in from {remote}.",
    "A user logged in.",
)
LOGIN_REFUSED = Event(
    "ec7fa184cf5a43eba3ecca3197ca47d9",
    WARNING,
    "{user} from {remote} refused: {reason}.",
    "A login was refused. The client was told only that the login is incorrect,\n"
    "whatever the reason.",
)
LOGIN_FAILED = Event(
    "b0345782709b4ad28de175585a3325b2",
    ERR,
    "{user} from {remote} could not log in: {reason}.",
    "The password was right, or was not needed, but the login failed all the same.",
)
DOWNLOADED = Event(
    "e7a350a9bf9c4eefb82c43ae127c8ae9",
    INFO,
    "{user} downloaded {path}, {bytes} bytes.",
    "A file was sent whole.",
)
UPLOADED = Event(
    "be19a7646fe14483932c9d0347ce4766",
    INFO,
    "{user} uploaded {path}, {bytes} bytes.",
    "A file was received whole.",
)
TRANSFER_FAILED = Event(
    "d1d499f8dce34f30b21f4a5b63ca1b39",
    WARNING,
    "{user}: {verb} {path} ended after {bytes} bytes: {reason}.",
    "A transfer did not complete.",
)
COPIED = Event(
    "d54d753bc7e74d76953ce5dfeb6218df",
    INFO,
    "{user} copied to {path}, {bytes} bytes.",
    "A file was copied on the server, or files were joined to one.",
)
DELETED = Event(
    "64406cefbe7742889c96f7132ee61f19",
    INFO,
    "{user} deleted {path}.",
    "A file or directory was removed.",
)
LINKED = Event(
    "d49560a8223b4a4887de1f04efd901e1",
    INFO,
    "{user} made {path} a link to {target}.",
    "A symbolic link was made. The server follows it no further than the user's root.",
)
RENAMED = Event(
    "303a978e92a84067aa3c8f41bdf9a5f8",
    INFO,
    "{user} renamed {path} to {new_path}.",
    "A file or directory was renamed.",
)
DIRECTORY_MADE = Event(
    "2007f95fd4c247ffaa0b1a75ced2a345",
    INFO,
    "{user} made directory {path}.",
    "A directory was made.",
)
ATTRIBUTES_SET = Event(
    "d281b6bfd9274f7a8834a7f602d06ca1",
    INFO,
    "{user} set {what} of {path}.",
    "The permission bits or the time of a file were set.",
)
REFUSED = Event(
    "25b25d8bc0b2438095f294172cc3584e",
    NOTICE,
    "{user}: {verb} {path} refused: {reason}.",
    "A command on a file was refused.",
)
DATA_REFUSED = Event(
    "80d7a1263ddc4f1e996ca18f601ba217",
    WARNING,
    "{user}: no data connection: {reason}.",
    "No data connection could be made.",
)
ENDED = Event(
    "a6e4cc14decf46a4aa41702c89dbc52f",
    INFO,
    "{user} from {remote} left after {seconds} s: {reason}; "
    "{received} bytes received, {sent} bytes sent.",
    "A session ended.",
)
CONTRACT_BROKEN = Event(
    "d4bc3feda398422d947f49cce94cd743",
    ERR,
    "Closed a channel from process {pid}: {reason}.",
    "A process sent what its contract does not allow. An honest one never does: the\n"
    "session may have been taken over. Its channel was closed without an answer.",
)
FOREIGN_DATA = Event(
    "24fe9e7841a3410c9b5a08a8b57bbd55",
    WARNING,
    "Refused a data connection from {foreign} meant for {remote}.",
    "Someone other than the client of a session connected to its data port.",
)
SETTING_WRONG = Event(
    "d48360d1bfaf4d5ca30974de383c1013",
    ERR,
    "{file}:{line}: {reason}.",
    "A line of the configuration was not understood, and was left out.",
)
NO_LANDLOCK = Event(
    "56a96ec109e447918ad7b424c3fc5045",
    WARNING,
    "This kernel has no Landlock: workers are jailed by openat2(2) alone.",
    "Every path a session asks for stays beneath its user's root all the same. What is missing\n"
    "is the second wall, for a worker that was taken over itself. It takes Linux 5.19, and\n"
    "landlock among the security modules (lsm= on the kernel command line).",
)
READY = Event(
    "7527fc2643f5442fa697afc7bf088ac5",
    INFO,
    "{process} is ready.",
    "A service of ftpsd started.",
)
BUG = Event(
    "c4649d9315e84f68b9baa03357955b80",
    CRIT,
    "{process} failed: {reason}",
    "A mistake in ftpsd itself ended a process. The traceback is in the journal; please report it.",
)

EVENTS = {name: value for name, value in list(globals().items()) if isinstance(value, Event)}
"""Every event by its name."""


def _printable(value: object) -> str:
    """Give a value as one line of text, whatever bytes a client put into it."""
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def entry(event: Event, fields: Mapping[str, object]) -> list[str]:
    """Give the journal fields of `event`; one that its message names must be there."""
    shown = {name: _printable(value) for name, value in fields.items()}
    lines = [
        "MESSAGE=" + event.message.format_map(shown),
        "MESSAGE_ID=" + event.id,
        f"PRIORITY={event.priority}",
        "SYSLOG_IDENTIFIER=ftpsd",
    ]
    return lines + [f"FTPSD_{name.upper()}={value}" for name, value in shown.items()]


def to_journal() -> Callable[..., object]:
    """Give python-systemd's own writer of journal fields.

    `systemd.journal` would bring it too, but loads `logging` and `traceback`, which takes a session
    longer than everything else it does before it greets its client.
    """
    from systemd._journal import sendv

    writer: Callable[..., object] = sendv
    return writer


class Log:
    """Where a process writes its events, and the fields that all of them share."""

    def __init__(self, write: Callable[..., object], **shared: object) -> None:
        """Write with `write`, adding `shared` to the fields of each event."""
        self._write = write
        self.shared = shared

    def __call__(self, event: Event, of_pid: int | None = None, /, **fields: object) -> None:
        """Write one event; `of_pid` attributes it to another process's unit (root only)."""
        lines = entry(event, {**self.shared, **fields})
        if of_pid is not None:
            lines.append(f"OBJECT_PID={of_pid}")
        self._write(*lines)
