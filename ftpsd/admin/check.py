# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl check`: mistakes in the settings, and what they count on that is not there."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ftpsd import options
from ftpsd.helper import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ftpsd.options import Settings

GREETINGS: Final = Path("/etc/ftpsd/greetings")
BANNER: Final = Path("/etc/credstore/ftpsd.banner")
"""Where the greeting was before there were several."""
PAM: Final = tuple(Path(place, "pam.d") for place in ("/etc", "/usr/lib"))
_ACCOUNTS: Final = ("AnonymousUser", "VirtualUser", "UploadOwner")
_FILE: Final = "file:"


def mistakes() -> list[str]:
    """Say what is wrong, one line each."""
    # Whose login it is does not matter: every policy is read, to see whether it is for them.
    who = settings.Who(known=lambda: ("", ()), anonymous=False, address="::1")
    said = [
        f"{one.file}:{one.line}: {one.reason}" if one.line else f"{one.file}: {one.reason}"
        for one in settings.load(who)[1]
    ]
    return said + list(missing(settings.load()[0]))


def files() -> list[Path]:
    """List what is read, in its order. Raise `OSError`."""
    return settings.files() + settings.drop_ins(settings.DIRECTORIES, "policies.d")


def missing(chosen: Settings) -> Iterator[str]:
    """Say what is counted on and not there: by the settings for all, or by an admin's file."""
    text = GREETINGS / chosen.greeting
    if chosen.greeting != "default" and not text.is_file():
        yield f"Greeting={chosen.greeting}: there is no {text}"
    # Whoever is not root does not see it, and is told the rest.
    if os.path.exists(BANNER):
        yield f"{BANNER}: it is not read any more; {GREETINGS}/default is"
    for key in _ACCOUNTS if chosen.anonymous else _ACCOUNTS[1:]:
        name: str = getattr(chosen, options.OPTIONS[key].name)
        if name and not _is_account(name):
            yield f"{key}={name}: there is no account of this name"
    if not any((place / chosen.pam_service).exists() for place in PAM):
        yield f"PAMService={chosen.pam_service}: there is no {PAM[0] / chosen.pam_service}"
    yield from _lists(chosen)


def _lists(chosen: Settings) -> Iterator[str]:
    """Look at all that names or texts may be written in a file for."""
    for key, option in options.OPTIONS.items():
        if option.metadata["parse"] in (options.names, options.line):
            value = getattr(chosen, option.name)
            if isinstance(value, str):
                yield from _unreadable(key, value)
                continue
            for one in value:
                yield from _unreadable(key, one)
                if not one.startswith(_FILE) and any(mark in one for mark in ",;"):
                    yield f"{key}={one}: this is one name; spaces separate several"


def _is_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True


def _unreadable(key: str, text: str) -> Iterator[str]:
    if not text.startswith(_FILE):
        return
    try:
        with open(text.removeprefix(_FILE), "rb"):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield f"{key}={text}: it cannot be read: {reason}"
