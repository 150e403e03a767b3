# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to and from the bytes and descriptors of varlink (varlink.org, "Wire format").

Strict both ways: a key too many, too few or twice, a value of another kind, a descriptor that no
field names or that two name, is `Malformed`. Fields left at null are not sent.
"""

from __future__ import annotations

import _json

from ftpsd import limits
from ftpsd.wire.message import Call, Interface, Malformed, Message, Refusal, Reply, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeVar

    M = TypeVar("M", bound=Message)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key twice")
    return found


def _not_json(constant: str) -> NoReturn:
    raise Malformed(constant)


class _Reading:
    """How JSON is read, as `_json` asks for it."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_unique)
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_not_json)


# What `json` is made of, without the regular expressions that it loads in every session.
_READING: Any = _Reading()
_SCAN = _json.make_scanner(_READING)
_ESCAPE: Any = _json.encode_basestring_ascii


def _load(data: bytes) -> dict[str, object]:
    try:
        text = data.decode("utf-8").strip(" \t\n\r")
        value, end = _SCAN(text, 0)
    # RecursionError: nesting is the one bound that the size of a message does not set. OSError: for
    # its own exception `_json` loads `json`, which a session under TLS may not open any more.
    except (ValueError, StopIteration, RecursionError, ImportError, OSError) as error:
        raise Malformed("not JSON") from error
    if end != len(text):
        raise Malformed("not JSON")
    return _object(value)


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Malformed("not an object")
    # Keys of JSON are texts: a tie that isinstance cannot state.
    return value  # pyright: ignore[reportUnknownVariableType]


def _parameters(message: Message, fds: list[int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for field in message.FIELDS:
        if (value := getattr(message, field.name)) is None:
            continue
        if field.kind_name == "Fd":
            fds.append(value)
            value = len(fds) - 1
        found[field.key] = value.reveal() if isinstance(value, Secret) else value
    return found


_CHUNKS: Any = _json.make_encoder(None, _object, _ESCAPE, None, ":", ",", False, False, False)


def _dump(value: dict[str, object]) -> bytes:
    data = "".join(_CHUNKS(value, 0)).encode("ascii") + b"\0"
    if len(data) > limits.MESSAGE_BYTES:
        raise Malformed("too long")
    return data


def encode_call(
    interface: Interface, call: Call[Any], *, oneway: bool = False
) -> tuple[bytes, list[int]]:
    """Give the bytes of `call` and the descriptors to send with the first of them."""
    fds: list[int] = []
    value: dict[str, object] = {"method": interface.method[type(call)]}
    value["parameters"] = _parameters(call, fds)
    if oneway:
        value["oneway"] = True
    elif call.MORE:
        value["more"] = True
    return _dump(value), fds


def encode_reply(reply: Reply, *, continues: bool = False) -> tuple[bytes, list[int]]:
    """Give the bytes of `reply` and its descriptors; `continues` says that another follows."""
    fds: list[int] = []
    value: dict[str, object] = {"parameters": _parameters(reply, fds)}
    if continues:
        value["continues"] = True
    return _dump(value), fds


def encode_refusal(interface: Interface, refusal: Refusal) -> bytes:
    """Give the bytes of `refusal`; errors never carry descriptors (sd-varlink drops them)."""
    parameters = _parameters(refusal, [])
    return _dump({"error": interface.error[type(refusal)], "parameters": parameters})


def _build(kind: type[M], parameters: object, fds: list[int]) -> M:
    given = _object({} if parameters is None else parameters)
    values: dict[str, object] = {}
    left = list(range(len(fds))) if fds else []
    for field in kind.FIELDS:
        if (value := given.pop(field.key, None)) is None:
            continue
        if field.kind_name == "Fd":
            if type(value) is not int or value not in left:
                raise Malformed("descriptor")
            left.remove(value)
            value = fds[value]
        values[field.name] = value
    if given or left:
        raise Malformed("more than declared")
    return kind(**values)


def decode_call(
    data: bytes, fds: list[int], known: dict[str, type[Call[Any]]]
) -> tuple[Call[Any], bool]:
    """Read a call; give it and whether it is `oneway`. `known` is by full method name.

    Raise `Malformed` if it is anything but one of `known` in its declared form. The descriptors
    stay the caller's to close then.
    """
    value = _load(data)
    method, parameters = value.pop("method", None), value.pop("parameters", None)
    more, oneway = value.pop("more", False), value.pop("oneway", False)
    kind = known.get(method) if isinstance(method, str) else None
    if kind is None or value or type(more) is not bool or type(oneway) is not bool:
        raise Malformed("not a call")
    if (more and oneway) or (kind.MORE and not more):
        raise Malformed("more")
    return _build(kind, parameters, fds), oneway


def decode_reply(
    data: bytes, fds: list[int], call: type[Call[Any]], interface: Interface
) -> tuple[Reply | Refusal, bool]:
    """Read what answers a `call`; give it and whether another reply follows. Raise `Malformed`."""
    value = _load(data)
    parameters, error = value.pop("parameters", None), value.pop("error", None)
    continues = value.pop("continues", False)
    if value or type(continues) is not bool or (continues and (error is not None or not call.MORE)):
        raise Malformed("not a reply")
    if error is None:
        return _build(call.REPLY, parameters, fds), continues
    kind = interface.errors.get(error) if isinstance(error, str) else None
    if kind is None:
        raise Malformed("error")
    return _build(kind, parameters, fds), False
