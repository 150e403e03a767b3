# SPDX-License-Identifier: GPL-3.0-or-later
"""Which facts there are of a file, and which a client wants (RFC 3659, section 7)."""

from __future__ import annotations

FACTS = (
    "type",
    "size",
    "modify",
    "create",
    "perm",
    "unix.mode",
    "unix.uid",
    "unix.gid",
    "unix.owner",
    "unix.group",
    "unique",
)
"""The facts of MLST and MLSD that there are, in the order in which they are sent."""
USUAL_FACTS = tuple([fact for fact in FACTS if fact != "create"])
"""Those that are sent unless the client says otherwise: to learn the other takes a call more."""


def select_facts(text: str) -> tuple[str, ...]:
    """Return the facts that "type;size;" asks for, in any case; unknown ones are left out.

    In the order of `FACTS`; none at all is a valid wish (RFC 3659, section 7.9).
    """
    wanted = text.lower().split(";")
    return tuple([fact for fact in FACTS if fact in wanted])


def feature_text(chosen: tuple[str, ...]) -> str:
    """Return the line for FEAT, selected facts marked: "MLST type*;size;" (RFC 3659, 7.8)."""
    marked = [f"{fact}*;" if fact in chosen else f"{fact};" for fact in FACTS]
    return "MLST " + "".join(marked)
