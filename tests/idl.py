# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface descriptions in varlink's language, made from the message classes.

What is described is beside them, in ftpsd/wire; after a change that is meant:
PYTHONPATH=. python3 tests/idl.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ftpsd
from ftpsd.wire.binding import BINDING
from ftpsd.wire.files import FILES
from ftpsd.wire.helper import HELPER
from ftpsd.wire.introspection import SERVICE
from ftpsd.wire.message import Call, Field, Interface, Message
from ftpsd.wire.owner import OWNER
from ftpsd.wire.ports import PORTS
from ftpsd.wire.spawn import SPAWNER

WIRE = Path(ftpsd.__file__).parent / "wire"


def _comment(text: str | None, indent: str = "") -> str:
    lines = (text or "").strip().split("\n")
    return "".join(f"{indent}# {line.strip()}".rstrip() + "\n" for line in lines)


def _field(field: Field) -> str:
    note = "Index of a descriptor sent beside this message" if field.kind_name == "Fd" else ""
    note = note or field.kind_name
    if field.nullable:
        note += ", may be null"
    return f"  # {note}\n  {field.key}: {'?' if field.nullable else ''}{field.kind.idl}"


def _fields(message: type[Message]) -> str:
    found = [_field(field) for field in message.FIELDS]
    return "(\n" + ",\n".join(found) + "\n)" if found else "()"


def _method(call: type[Call[Any]]) -> str:
    more = "# [Requires 'more' flag]\n" if call.MORE else ""
    signature = f"{_fields(call)} -> {_fields(call.REPLY)}"
    return f"{_comment(call.__doc__)}{more}method {call.__name__}{signature}\n"


def describe(interface: Interface) -> str:
    """Give the description of `interface`; `varlinkctl validate-idl` accepts it."""
    parts = [f"{_comment(interface.about)}interface {interface.name}\n"]
    parts += [_method(call) for call in interface.calls.values()]
    parts += [
        f"{_comment(error.__doc__)}error {error.__name__}{_fields(error)}\n"
        for error in interface.errors.values()
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    for one in (SERVICE, HELPER, FILES, PORTS, OWNER, BINDING, SPAWNER):
        (WIRE / f"{one.name}.varlink").write_text(describe(one))
