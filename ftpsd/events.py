# SPDX-License-Identifier: GPL-3.0-or-later
"""Journal entries: id, priority, message and fields, each once.

Here are those of the processes behind a session; `ftpsd.session.events` has those of the session,
which root never writes. A field `path` of an event is `FTPSD_PATH=` in the journal. No event has a
field for a password. What is to be said about an event, for journalctl -x, is in
`ftpsd.admin.catalog`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CRIT, ERR, WARNING, NOTICE, INFO = 2, 3, 4, 5, 6
"""Priorities as syslog(3) numbers them."""


class Event:
    """One kind of journal entry."""

    __slots__ = ("id", "message", "priority")

    def __init__(self, id: str, priority: int, message: str) -> None:
        """Join the 128-bit `id`, in hex, with what is written whenever it happens."""
        self.id = id
        self.priority = priority
        self.message = message


LOGGED_IN = Event("33751754e7234352a1aa11c73aae5c59", NOTICE, "{user} logged in from {remote}.")
LOGIN_REFUSED = Event(
    "ec7fa184cf5a43eba3ecca3197ca47d9", WARNING, "{user} from {remote} refused: {reason}."
)
LOGIN_FAILED = Event(
    "b0345782709b4ad28de175585a3325b2", ERR, "{user} from {remote} could not log in: {reason}."
)
CONTRACT_BROKEN = Event(
    "d4bc3feda398422d947f49cce94cd743", ERR, "Closed a channel from process {pid}: {reason}."
)
FOREIGN_DATA = Event(
    "24fe9e7841a3410c9b5a08a8b57bbd55",
    WARNING,
    "Refused a data connection from {foreign} meant for {remote}.",
)
SETTING_WRONG = Event("d48360d1bfaf4d5ca30974de383c1013", ERR, "{file}:{line}: {reason}.")
NO_LANDLOCK = Event(
    "56a96ec109e447918ad7b424c3fc5045",
    WARNING,
    "This kernel has no Landlock: workers are jailed by openat2(2) alone.",
)
READY = Event("7527fc2643f5442fa697afc7bf088ac5", INFO, "{process} is ready.")
CROWDED = Event("90c37ec28b6146a082b23c6c7441f7c9", ERR, "{process} refused a session: {reason}.")
NO_PROCESS = Event("938863eb9b8244a2b8bf8323f32e667a", ERR, "{process} cannot fork: {reason}.")
BUG = Event("c4649d9315e84f68b9baa03357955b80", CRIT, "{process} failed: {reason}")

EVENTS = {name: value for name, value in list(globals().items()) if isinstance(value, Event)}
"""Every event of this table by its name."""


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

    return sendv


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
