# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ftpsd.conf, its drop-ins and the policies, in systemd's search order.

See systemd-system.conf(5) for the order, systemd.link(5) for the manner of [Match].
"""

from __future__ import annotations

import dataclasses
import os
from fnmatch import fnmatchcase
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ftpsd.options import OPTIONS, Settings, amount, boolean

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTORIES: Final = tuple(
    Path(place, "ftpsd") for place in ("/etc", "/run", "/usr/local/lib", "/usr/lib")
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who is about to log in: what [Match] sections are held against.

    `known` gives name and groups, as the account databases have them. To ask these takes
    milliseconds, more or fewer as there is such a user or not: only conditions about them do.
    """

    known: Callable[[], tuple[str, tuple[str, ...]]]
    anonymous: bool
    address: str
    port: int = 21
    tls: bool = False
    host: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Mistake:
    """A line that was left out, from 1 on, and what would be right; line 0 is the whole file."""

    file: Path
    line: int
    reason: str


def _any(read: Callable[[str], Any], fits: Callable[[Who, Any], bool]) -> Any:
    """Give what reads a condition: several values of which one must fit, or after "!" none may."""

    def parse(text: str) -> Callable[[Who], bool]:
        wanted = [read(word) for word in text.removeprefix("!").split()]
        if not wanted:
            raise ValueError('expected values, or "!" and values')
        return lambda who: any(fits(who, one) for one in wanted) != text.startswith("!")

    return parse


def _network(text: str) -> Any:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError("expected addresses or networks, such as 192.0.2.0/24") from None


MATCHES: Final[dict[str, Callable[[str], Callable[[Who], bool]]]] = {
    "User": _any(str, lambda who, one: fnmatchcase(who.known()[0], one)),
    "Group": _any(str, lambda who, one: any(fnmatchcase(group, one) for group in who.known()[1])),
    "Address": _any(_network, lambda who, one: ip_address(who.address) in one),
    "TLS": _any(boolean, lambda who, one: who.tls == one),
    "Anonymous": _any(boolean, lambda who, one: who.anonymous == one),
    "Host": _any(str.lower, lambda who, one: fnmatchcase(who.host.lower(), one)),
    "Port": _any(amount({"": 1}, 1, 65535, "ports"), lambda who, one: who.port == one),
}


def _condition(section: str, key: str, text: str) -> Callable[[Who], bool]:
    if section != "Match":
        raise ValueError("expected [Match] and a condition before this")
    if key not in MATCHES:
        raise ValueError(_nearest(key, MATCHES))
    return MATCHES[key](text)


class _Policy:
    """One file of policies.d."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.conditions: dict[str, list[Callable[[Who], bool]]] = {}
        self._void = False

    def take(self, section: str, key: str, text: str) -> None:
        """Take one line. Raise `ValueError`; what is wrong in [Match] makes all of it void."""
        if section != "Match" and (self.conditions or self._void):
            _set(self.values, section, key, text)
            return
        try:
            self.conditions.setdefault(key, []).append(_condition(section, key, text))
        except ValueError as error:
            self._void = True
            raise ValueError(f"{error}; this policy never applies") from None

    def applies(self, who: Who) -> bool:
        """Say whether every condition holds; of several lines with one key any may."""
        every = self.conditions.values()
        return not self._void and all(any(one(who) for one in each) for each in every)


def drop_ins(directories: tuple[Path, ...], kind: str) -> list[Path]:
    """List files by name; one hides those of the same name in later directories.

    As a link to /dev/null it hides them and is itself nothing. Raise `OSError` if a directory
    cannot be looked into.
    """
    places = [place / kind for place in reversed(directories)]
    found = {name: place / name for place in places for name in _names(place)}
    return [found[name] for name in sorted(found) if os.path.realpath(found[name]) != os.devnull]


def files(directories: tuple[Path, ...] = DIRECTORIES) -> list[Path]:
    """List the files that are read: the first main file, then the drop-ins. Raise `OSError`."""
    main = [place / "ftpsd.conf" for place in directories]
    chosen = [one for one in main if os.path.lexists(one)][:1]
    return chosen + drop_ins(directories, "ftpsd.conf.d")


def _names(directory: Path) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if name.endswith(".conf")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def read(file: Path, take: Callable[[str, str, str], None], mistakes: list[Mistake]) -> None:
    """Hand section, key and value of each line to `take`, which raises `ValueError`."""
    try:
        text = file.read_text("utf-8-sig", "replace")
    except OSError as error:
        # One that was removed since it was found is no mistake.
        if os.path.lexists(file):
            mistakes.append(_unreadable(file, error))
        return
    section = ""
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1]
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        try:
            take(section, key if equals else "", value)
        except ValueError as error:
            mistakes.append(Mistake(file, number, f"{line}: {error}"))


def _set(values: dict[str, object], section: str, key: str, text: str) -> None:
    option = OPTIONS.get(key)
    if option is None:
        raise ValueError(_nearest(key, OPTIONS))
    expected: str = option.metadata["section"]
    if expected != section:
        raise ValueError(f"{key}= belongs in section [{expected}]")
    values[option.name] = option.metadata["parse"](text) if text else option.default


def _nearest(key: str, known: dict[str, Any]) -> str:
    import difflib  # only for a mistake: it is not small

    if not key:
        return "expected [Section] or Key=value"
    near = difflib.get_close_matches(key, known, 1)
    return f"there is no {key}=" + (f", but there is {near[0]}=" if near else "")


def load(
    who: Who | None = None, directories: tuple[Path, ...] = DIRECTORIES
) -> tuple[Settings, list[Mistake]]:
    """Read all files, and the policies for `who`; give the settings and what was left out."""
    values: dict[str, object] = {}
    mistakes: list[Mistake] = []
    try:
        for file in files(directories):
            read(file, partial(_set, values), mistakes)
        if who and who.anonymous:
            values["write"] = False
        for file in drop_ins(directories, "policies.d") if who else ():
            policy = _Policy()
            read(file, policy.take, mistakes)
            if who and policy.applies(who):
                if who.anonymous and "Anonymous" not in policy.conditions:
                    # To let everyone write takes a policy that says so.
                    policy.values.pop("write", None)
                values |= policy.values
    except OSError as error:
        mistakes.append(_unreadable(Path(str(error.filename)), error))
    return Settings(**values), mistakes  # type: ignore[arg-type]  # each parsed by its own field


def _unreadable(file: Path, error: OSError) -> Mistake:
    return Mistake(file, 0, error.strerror or "cannot be read")
