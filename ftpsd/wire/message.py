# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages as typed values: one class declares the fields, their kinds and bounds.

The codec and the interface description are made from the same declaration. Nothing here
imports `dataclasses`, `enum` or `typing`: a session starts for every connection, and those three
would cost it more than everything else it loads.
"""

from __future__ import annotations

from ftpsd import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

    R = TypeVar("R", bound="Reply")
else:

    def dataclass_transform(**_: object) -> object:
        """Tell type checkers that the class has an `__init__` made from its fields."""
        return lambda decorated: decorated


Bool = bool
Fd = int
"""A descriptor beside the message. Whoever receives the message owns it."""
Int = int
Name = str
Path = str
Text = str
Texts = list[str]


class Malformed(Exception):
    """The peer broke the contract: its channel is closed without an answer."""


class Secret:
    """A text that no formatting prints; `reveal` is the only way to it.

    It wraps a `str` and does not inherit from it, so that searching for `reveal` finds every use.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`."""
        self._text = text

    def reveal(self) -> str:
        """Give the text itself."""
        return self._text


def fits(text: str, limit: int) -> bool:
    """Say whether `text` is at most `limit` bytes long and free of NUL.

    A text may hold U+DC80 to U+DCFF, which stand for bytes that are not UTF-8 (a file name may be
    any bytes); other lone surrogates, which JSON can carry too, do not fit.
    """
    try:
        return "\0" not in text and len(text.encode("utf-8", "surrogateescape")) <= limit
    except UnicodeEncodeError:
        return False


def _text(value: object) -> object:
    if not isinstance(value, str) or not fits(value, limits.TEXT_BYTES):
        raise Malformed("text")
    return value


def _name(value: object) -> object:
    if not isinstance(value, str) or not fits(value, limits.NAME_BYTES) or not value.isprintable():
        raise Malformed("name")
    return value


def _path(value: object) -> object:
    if not isinstance(value, str) or not fits(value, limits.PATH_BYTES) or value[:1] != "/":
        raise Malformed("path")
    return value


def _secret(value: object) -> object:
    if isinstance(value, Secret):
        value = value.reveal()
    if not isinstance(value, str) or not fits(value, limits.PASSWORD_BYTES):
        raise Malformed("secret")
    return Secret(value)


def _integer(value: object) -> object:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise Malformed("integer")
    return value


def _boolean(value: object) -> object:
    if type(value) is not bool:
        raise Malformed("boolean")
    return value


def _texts(value: object) -> object:
    if not isinstance(value, list):
        raise Malformed("list")
    found: list[object] = value  # pyright: ignore[reportUnknownVariableType]
    return [_text(one) for one in found]


class Kind:
    """What a field may hold: its varlink type and the check of a value that has arrived."""

    __slots__ = ("check", "idl")

    def __init__(self, idl: str, check: Callable[[object], object]) -> None:
        """Join the varlink type `idl` with `check`, which gives the value or raises `Malformed`."""
        self.idl = idl
        self.check = check


KINDS: dict[str, Kind] = {
    "Bool": Kind("bool", _boolean),
    "Fd": Kind("int", _integer),
    "Int": Kind("int", _integer),
    "Name": Kind("string", _name),
    "Path": Kind("string", _path),
    "Secret": Kind("string", _secret),
    "Text": Kind("string", _text),
    "Texts": Kind("[]string", _texts),
}


def enumeration(name: str, words: str) -> None:
    """Declare the kind `name`, a text that is one of these words."""
    values = words.split()

    def check(value: object) -> object:
        if value not in values:
            raise Malformed(name)
        return value

    KINDS[name] = Kind(f"({', '.join(values)})", check)


class Field:
    """One field of a message, as its class declares it."""

    __slots__ = ("key", "kind", "kind_name", "name", "nullable")

    def __init__(self, name: str, annotation: str) -> None:
        """Read a declaration such as `offset: Int | None`; an unknown kind is a `KeyError`."""
        self.name = name
        self.kind_name, _, self.nullable = annotation.partition(" | ")
        self.kind = KINDS[self.kind_name]
        # systemd names a descriptor's index so (sd-varlink); varlink has no type for it.
        first, *rest = name.replace("_fd", "_file_descriptor").split("_")
        self.key = first + "".join(map(str.capitalize, rest))


@dataclass_transform(kw_only_default=True)
class Message:
    """A value with the fields its class declares; `FIELDS` lists them in order."""

    FIELDS: ClassVar[tuple[Field, ...]] = ()
    _CHECKS: ClassVar[tuple[tuple[str, str, Callable[[object], object]], ...]] = ()

    def __init_subclass__(cls) -> None:
        """Read the class's own declaration; a name in capitals is not a field."""
        declared = cls.__annotations__.items()
        cls.FIELDS = tuple(Field(name, kind) for name, kind in declared if not name.isupper())
        cls._CHECKS = tuple((one.name, one.nullable, one.kind.check) for one in cls.FIELDS)

    def __init__(self, **values: object) -> None:
        """Take fields by name; a nullable one may be left out. Raise `Malformed`."""
        own = self.__dict__
        for name, nullable, check in self._CHECKS:
            value = values.pop(name, None)
            own[name] = None if nullable and value is None else check(value)
        if values:
            raise Malformed("unknown field")

    def descriptors(self) -> list[int]:
        """List the descriptors this message carries."""
        held = (getattr(self, field.name) for field in self.FIELDS if field.kind_name == "Fd")
        return [fd for fd in held if fd is not None]


class Reply(Message):
    """What a call is answered with."""


class Done(Reply):
    """It is done; there is nothing to add."""


class Refusal(Message, Exception):
    """What a call is answered with when the answer is no: a varlink error."""


if TYPE_CHECKING:

    class Call(Message, Generic[R]):
        """A request, `Call[R]`, that an `R` answers."""

        REPLY: ClassVar[type[Reply]]
        MORE: ClassVar[bool]

else:

    class Call(Message):
        """A request. `REPLY` is what answers it, `MORE` whether several replies may."""

        REPLY = Done
        MORE = False

        def __class_getitem__(cls, reply: type[Reply]) -> type[Call]:
            """Give the base of the calls that `reply` answers."""
            return type("Call", (cls,), {"REPLY": reply})


class Interface:
    """A varlink interface: its calls and errors, each declared by a class."""

    def __init__(
        self,
        name: str,
        about: str,
        calls: tuple[type[Call[Any]], ...],
        errors: tuple[type[Refusal], ...],
    ) -> None:
        """Join the declarations under `name`; `about` heads the description."""
        self.name = name
        self.about = about
        self.calls = {f"{name}.{call.__name__}": call for call in calls}
        self.errors = {f"{name}.{error.__name__}": error for error in errors}
        self.method = {call: method for method, call in self.calls.items()}
        self.error = {error: known for known, error in self.errors.items()}
