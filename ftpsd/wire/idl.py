# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface descriptions in varlink's language, made from the message classes."""

from __future__ import annotations

from ftpsd.wire.message import Call, Field, Interface, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
