# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of files with awkward names; `trees.py TREE [NAME LEFT OUT ...]` makes one."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

NAMES = (
    " leading space",
    "trailing space ",
    "  two  of each  ",
    "-dash",
    "-la",
    "--help",
    "-",
    "a name of words",
    "K\u00e4se, composed",
    "Ka\u0308se, decomposed",
    "\u65e5\u672c\u8a9e",
    "\U0001f9c0 emoji",
    'quo"te',
    '"both ends"',
    "apos'trophe",
    "star*",
    "*",
    "quest?ion",
    "[brackets]",
    "[a-z]",
    "{a,b}",
    "hash#tag",
    "per%cent",
    "%41%2F",
    "back\\slash",
    "semi;colon",
    "amper&sand",
    "$HOME",
    "`tick`",
    "|pipe",
    "<less",
    ">greater",
    "~tilde",
    ".hidden",
    "colon:",
    "at@sign",
    "plus+equal=",
    "excla!m",
    "(paren)^",
    "long " + 190 * "x",
)
"""What somebody, somewhere, has called a file; in one directory of a tree there is one of each."""

DIRECTORIES = NAMES[:25]


def names(left_out: Iterable[str] = ()) -> list[str]:
    """Give the names without those a client cannot say, and as many plain ones in their place."""
    left = set(left_out)
    assert left <= set(NAMES)
    return [f"plain {NAMES.index(name)}" if name in left else name for name in NAMES]


def paths(left_out: Iterable[str] = ()) -> Iterator[str]:
    """Give the paths of the 1,000 files of a tree."""
    files = names(left_out)
    for directory in files[: len(DIRECTORIES)]:
        for name in files:
            yield f"{directory}/{name}"


def content(path: str) -> bytes:
    """Give what is in a file: nothing, one byte, or up to 10 KiB with every kind of byte in it."""
    seed = hashlib.sha256(path.encode()).digest()
    if seed[0] < 20:
        return seed[: seed[0] % 2]
    return (seed + b"\r\n\0\xff\n\r")[: seed[1]] * (seed[2] + 1)


def make(tree: Path, left_out: Iterable[str] = ()) -> None:
    for path in paths(left_out):
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content(path))


def main() -> None:
    tree, *left_out = sys.argv[1:]
    make(Path(tree), left_out)


if __name__ == "__main__":
    main()
