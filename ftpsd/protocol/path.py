# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's paths: absolute, "/" separated, unable to name anything above the root."""

from __future__ import annotations


def resolve(directory: str, argument: str, home: str = "/") -> str:
    """Return the absolute path that `argument` names in `directory`.

    The result begins with "/", has no ".", ".." or empty component and never climbs above "/".
    "~" and "~/x" mean `home`; any other "~" is part of a name. An empty argument is `directory`.
    """
    if argument == "~" or argument.startswith("~/"):
        whole = home + argument[1:]
    elif argument.startswith("/"):
        whole = argument
    else:
        whole = f"{directory}/{argument}"
    kept: list[str] = []
    for component in whole.split("/"):
        if component == "..":
            del kept[-1:]
        elif component not in ("", "."):
            kept.append(component)
    return "/" + "/".join(kept)


def parent(path: str) -> str:
    """Return the directory that holds `path`, a result of `resolve`; "/" holds itself."""
    return path.rpartition("/")[0] or "/"


def name(path: str) -> str:
    """Return the last component of `path`, a result of `resolve`; "" for "/"."""
    return path.rpartition("/")[2]


def quoted(path: str) -> str:
    """Return `path` as replies 257 show it: in quotes, its own doubled (RFC 959, appendix II)."""
    return '"' + path.replace('"', '""') + '"'
