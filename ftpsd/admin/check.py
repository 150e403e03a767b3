# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl check`: mistakes in the settings, and what they count on that is not there."""

from __future__ import annotations

import os
import pwd
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ftpsd import options
from ftpsd.helper import settings
from ftpsd.helper.login import STORES
from ftpsd.session import openssl
from ftpsd.session.credentials import CERTIFICATE, KEY
from ftpsd.session.verbs import OLDER, SITE, VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ftpsd.options import Settings

GREETINGS: Final = Path("/etc/ftpsd/greetings")
BANNER: Final = Path("/etc/credstore/ftpsd.banner")
"""Where the greeting was before there were several."""
PAM: Final = tuple(Path(place, "pam.d") for place in ("/etc", "/usr/lib"))
_ACCOUNTS: Final = ("AnonymousUser", "VirtualUser", "UploadOwner")
_COMMANDS: Final = frozenset((*VERBS, *(f"SITE_{name}" for name in SITE)))
_FILE: Final = "file:"


def mistakes() -> list[str]:
    """Say what is wrong, one line each."""
    # Whose login it is does not matter: every policy is read, to see whether it is for them.
    who = settings.Who(known=lambda: ("", ()), anonymous=False, address="::1")
    said = [
        f"{one.file}:{one.line}: {one.reason}" if one.line else f"{one.file}: {one.reason}"
        for one in settings.load(who)[1] + unknown_commands()
    ]
    return said + list(missing(settings.load()[0]))


def files(directories: tuple[Path, ...] = settings.DIRECTORIES) -> list[Path]:
    """List what is read, in its order. Raise `OSError`."""
    return settings.files(directories) + settings.drop_ins(directories, "policies.d")


def unknown_commands(
    directories: tuple[Path, ...] = settings.DIRECTORIES,
) -> list[settings.Mistake]:
    """List where AllowCommands= and DenyCommands= name what is no command.

    Such a line is not left out by a login: what else it denies is denied.
    """
    found: list[settings.Mistake] = []

    def take(_: str, key: str, text: str) -> None:
        for one in text.upper().split() if key in ("AllowCommands", "DenyCommands") else ():
            if one in OLDER:
                raise ValueError(f"{OLDER[one]} stands for {one} as well")
            if one not in _COMMANDS:
                raise ValueError(f"there is no command {one}")

    try:
        for file in files(directories):
            settings.read(file, take, found)
    except OSError:
        # Who reads the settings themselves says that, and which file cannot be read.
        pass
    return [one for one in found if one.line]


def missing(chosen: Settings) -> Iterator[str]:
    """Say what is counted on and not there: by the settings for all, or by an admin's file."""
    text = GREETINGS / chosen.greeting
    if chosen.greeting != "default" and not text.is_file():
        yield f"Greeting={chosen.greeting}: there is no {text}"
    # Whoever is not root does not see it, and is told the rest.
    if os.path.exists(BANNER):
        yield f"{BANNER}: it is not read any more; {GREETINGS}/default is"
    for key in _ACCOUNTS:
        name: str = getattr(chosen, options.OPTIONS[key].name)
        # Where there is no account "ftp", nobody is anonymous who has not set anything.
        if name != options.OPTIONS[key].default and not _is_account(name):
            yield f"{key}={name}: there is no account of this name"
    if not any((place / chosen.pam_service).exists() for place in PAM):
        yield f"PAMService={chosen.pam_service}: there is no {PAM[0] / chosen.pam_service}"
    yield from _lists(chosen)
    yield from _tls(chosen)
    yield from _certificate()
    if chosen.passive_address != "auto":
        try:
            socket.gethostbyname(chosen.passive_address)
        except (OSError, ValueError):
            yield f"PassiveAddress={chosen.passive_address}: it has no IPv4 address here"


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


def _tls(chosen: Settings) -> Iterator[str]:
    """Say what this OpenSSL does not know: no session could begin TLS."""
    context = openssl.Context(openssl.PROTOCOL_TLS_SERVER)
    if not openssl.known():
        yield (
            f"Python {sys.version_info.major}.{sys.version_info.minor} is not known here: tickets "
            "for data connections are too few, and uploads of Java clients over TLS fail"
        )
    if chosen.tls_ciphers:
        try:
            context.set_ciphers(chosen.tls_ciphers)
        except OSError:
            yield f"TLSCiphers={chosen.tls_ciphers}: OpenSSL knows none of them"
    suites, groups = chosen.tls_cipher_suites, chosen.tls_groups
    if suites and openssl.known() and not openssl.set_cipher_suites(context, suites):
        yield f"TLSCipherSuites={suites}: OpenSSL does not know all of them"
    if groups and openssl.known() and not openssl.set_groups(context, groups):
        yield f"TLSGroups={groups}: OpenSSL does not know all of them"


def _certificate() -> Iterator[str]:
    # By os.path: whoever is not root does not see them, and is told the rest.
    there = [[os.path.isfile(place / name) for place in STORES] for name in (CERTIFICATE, KEY)]
    if any(there[0]) != any(there[1]):
        half = CERTIFICATE if any(there[0]) else KEY
        yield f"{half} alone is not used: {CERTIFICATE} and {KEY} belong together"
