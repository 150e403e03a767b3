# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ftpsd.conf and its drop-ins, in systemd's search order (systemd-system.conf(5))."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ftpsd.options import OPTIONS, Settings

if TYPE_CHECKING:
    from dataclasses import Field

DIRECTORIES: Final = tuple(
    Path(place, "ftpsd") for place in ("/etc", "/run", "/usr/local/lib", "/usr/lib")
)


class Mistake:
    """A line that was left out, and what would be right there."""

    __slots__ = ("file", "line", "reason")

    def __init__(self, file: Path, line: int, reason: str) -> None:
        """Point to one line of a file, counted from 1."""
        self.file = file
        self.line = line
        self.reason = reason


def files(directories: tuple[Path, ...] = DIRECTORIES) -> list[Path]:
    """List the files that are read: the first main file, then the drop-ins by name.

    A drop-in hides those of the same name in later directories; as a link to /dev/null it hides
    them and is itself nothing. Raise `OSError` if a directory cannot be looked into.
    """
    main = [place / "ftpsd.conf" for place in directories]
    drop_ins: dict[str, Path] = {}
    for place in directories:
        for name in _names(place / "ftpsd.conf.d"):
            drop_ins.setdefault(name, place / "ftpsd.conf.d" / name)
    chosen = [one for one in main if one.exists()][:1]
    return chosen + [drop_ins[name] for name in sorted(drop_ins)]


def _names(directory: Path) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if name.endswith(".conf")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(file: Path, values: dict[str, object], mistakes: list[Mistake]) -> None:
    section = ""
    for number, whole in enumerate(file.read_text("utf-8", "replace").split("\n"), 1):
        line = whole.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1]
            continue
        key, equals, text = (part.strip() for part in line.partition("="))
        try:
            option = _option(section, key if equals else "")
            if text:
                values[option.name] = option.metadata["parse"](text)
            else:
                values.pop(option.name, None)
        except ValueError as error:
            mistakes.append(Mistake(file, number, f"{line}: {error}"))


def _option(section: str, key: str) -> Field[Any]:
    if not key:
        raise ValueError("expected [Section] or Key=value")
    option = OPTIONS.get(key)
    if option is None:
        raise ValueError(_nearest(key))
    expected: str = option.metadata["section"]
    if expected != section:
        raise ValueError(f"{key}= belongs in section [{expected}]")
    return option


def _nearest(key: str) -> str:
    import difflib  # only for a mistake: it is not small

    near = difflib.get_close_matches(key, OPTIONS, 1)
    return f"there is no {key}=" + (f", but there is {near[0]}=" if near else "")


def load(directories: tuple[Path, ...] = DIRECTORIES) -> tuple[Settings, list[Mistake]]:
    """Read all files; give the settings and the lines that were left out of them."""
    values: dict[str, object] = {}
    mistakes: list[Mistake] = []
    try:
        found = files(directories)
    except OSError as error:
        found = []
        mistakes.append(_unreadable(Path(str(error.filename)), error))
    for file in found:
        try:
            _read(file, values, mistakes)
        except OSError as error:
            mistakes.append(_unreadable(file, error))
    return Settings(**values), mistakes  # type: ignore[arg-type]  # each parsed by its own field


def _unreadable(file: Path, error: OSError) -> Mistake:
    return Mistake(file, 0, error.strerror or "cannot be read")
