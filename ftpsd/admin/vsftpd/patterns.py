# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns of vsftpd (ls.c, access.c) as ftpsd's, which match one part of a path each."""

from __future__ import annotations

import itertools
import math
import re
from typing import Final

_BRACES: Final = re.compile(r"(\{[^{}]*\})")
_MOST: Final = 2048
"""More than a setting has room for."""
_SPECIAL: Final = re.compile(r"[\s\"'\\%!{}]")


def translate(pattern: str) -> list[str]:
    """Give the patterns that one of vsftpd stands for.

    Text without wildcards matches anywhere in a name there. A part of vsftpd's pattern that spans
    directories is left to its last name, which denies more; `spans` tells.
    """
    wild = re.search(r"[*?]|\{[^{}]*\}", pattern) is not None
    found = []
    for one in _alternatives(pattern):
        name = one.rstrip("/").rpartition("/")[2]
        if name:
            found.append(_escaped(name if wild else f"*{name}*"))
    return list(dict.fromkeys(found))


def spans(pattern: str) -> bool:
    """Say whether a pattern names directories as well."""
    return "/" in pattern


def too_many(pattern: str) -> bool:
    """Say whether a pattern stands for more than `translate` gives."""
    return math.prod(map(len, _parts(pattern))) > _MOST


def _parts(pattern: str) -> list[list[str]]:
    return [
        part[1:-1].split(",") if part.startswith("{") and part.endswith("}") else [part]
        for part in _BRACES.split(pattern)
    ]


def _alternatives(pattern: str) -> list[str]:
    product = itertools.product(*_parts(pattern))
    return ["".join(one) for one in itertools.islice(product, _MOST)]


def _escaped(name: str) -> str:
    """Take away what means something in a setting and nothing in vsftpd: `?` fits all of it."""
    return _SPECIAL.sub("?", name.replace("[", "[[]"))
