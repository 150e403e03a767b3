# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed beside the code, made from its tables."""

from __future__ import annotations

from ftpsd import events
from ftpsd.admin.catalog import ABOUT
from ftpsd.admin.texts import PURPOSES
from ftpsd.options import OPTIONS
from ftpsd.session import events as session_events

EVENTS = {**session_events.EVENTS, **events.EVENTS}
"""Every event of every process, by its name."""


def catalog() -> str:
    """Give the message catalog, for journalctl -x."""
    return "\n".join(
        f"-- {event.id}\nSubject: {name.replace('_', ' ').capitalize()}\n"
        f"Defined-By: ftpsd\n\n{ABOUT[name]}\n"
        for name, event in EVENTS.items()
    )


def sample() -> str:
    """Give ftpsd.conf as it is installed: every setting, commented out, with its default."""
    sections: dict[str, list[str]] = {}
    for name, field in OPTIONS.items():
        told = field.metadata
        lines = sections.setdefault(told["section"], [])
        lines.append(f"# {PURPOSES[name]}\n#{name}={told['text']}\n")
    head = "# Settings of ftpsd. A drop-in in ftpsd.conf.d/*.conf wins over this file.\n"
    return head + "".join(f"\n[{name}]\n" + "".join(lines) for name, lines in sections.items())
