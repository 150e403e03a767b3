# SPDX-License-Identifier: GPL-3.0-or-later
"""A message holds what its class declares and nothing else; a secret shows itself to nobody."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.wire import files, helper, ports
from ftpsd.wire.message import (
    KINDS,
    Call,
    Done,
    Fd,
    Field,
    Int,
    Malformed,
    Message,
    Secret,
    Text,
    Texts,
    fits,
)

ANY_TEXT = st.text(st.characters())  # lone surrogates included, as JSON allows
PASSWORD = "hunter two, not to be seen"


class Everything(Message):
    """One field of some kinds."""

    LIMIT = 5

    some_text: Text
    maybe: Int | None
    names: Texts
    control_fd: Fd
    other_fd: Fd | None


def everything(**changed: object) -> Everything:
    fields: dict[str, object] = {"some_text": "a", "names": ["b"], "control_fd": 3}
    return Everything(**(fields | changed))  # type: ignore[arg-type]


def test_a_class_declares_fields_in_order_and_their_keys_on_the_wire() -> None:
    keys = [field.key for field in Everything.FIELDS]

    assert keys == [
        "someText",
        "maybe",
        "names",
        "controlFileDescriptor",
        "otherFileDescriptor",
    ]


def test_what_may_be_null_may_be_left_out() -> None:
    message = everything()

    assert (message.maybe, message.other_fd) == (None, None)


def test_the_descriptors_are_those_that_are_there() -> None:
    assert everything().descriptors() == [3]
    assert everything(other_fd=4).descriptors() == [3, 4]
    assert Done().descriptors() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"some_text": None},
        {"some_text": 1},
        {"some_text": "a\0b"},
        {"some_text": "x" * (limits.TEXT_BYTES + 1)},
        {"some_text": "\ud800"},
        {"maybe": True},
        {"maybe": 1.0},
        {"maybe": 2**63},
        {"maybe": -(2**63) - 1},
        {"maybe": "1"},
        {"names": "b"},
        {"names": [1]},
        {"names": ["\0"]},
        {"names": None},
        {"control_fd": None},
        {"control_fd": "3"},
        {"unknown": 1},
        {"LIMIT": 5},
    ],
)
def test_a_value_of_another_kind_is_malformed(wrong: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        everything(**wrong)


def login(**changed: object) -> helper.Login:
    """Ask for a login, with some of it changed."""
    usual: dict[str, Any] = {"user": "anna", "password": Secret("x"), "control_fd": 3}
    usual |= {"tls": True, "certificate": None, "host": None}
    return helper.Login(**(usual | changed))


@pytest.mark.parametrize("user", ["a\nb", "a\tb", "\u202egnp", "\udcff", "a" * 257, 5, None])
def test_a_user_name_is_short_and_printable(user: object) -> None:
    with pytest.raises(Malformed):
        login(user=user)


@pytest.mark.parametrize("path", ["", "a", "a/b", "./a", "/a\0", "/" + "a" * 4096, 1, None])
def test_a_path_is_absolute_and_bounded(path: object) -> None:
    with pytest.raises(Malformed):
        files.Enter(path=path)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "Long", "long ", 1, None, [], {}, ["long"]])
def test_a_word_of_a_closed_list_is_one_of_it(value: object) -> None:
    with pytest.raises(Malformed):
        KINDS["ListForm"].check(value)


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_a_boolean_is_not_a_number(value: object) -> None:
    with pytest.raises(Malformed):
        KINDS["Bool"].check(value)


def test_an_unknown_kind_is_a_mistake_of_the_declaration() -> None:
    with pytest.raises(KeyError):
        Field("name", "Password")


def test_a_call_is_answered_by_what_it_declares() -> None:
    assert helper.Login.REPLY is helper.Granted
    assert files.Enter.REPLY is files.Entered
    assert files.Remove.REPLY is Done
    assert (ports.Listen.MORE, ports.Connect.MORE) == (True, False)
    assert issubclass(ports.Listen, Call)


@given(ANY_TEXT, st.integers(0, 40))
def test_what_fits_is_that_many_bytes_without_nul(text: str, limit: int) -> None:
    try:
        size = len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        size = limit + 1

    assert fits(text, limit) == (size <= limit and "\0" not in text)


@given(st.binary(max_size=64))
def test_any_bytes_but_nul_are_a_text(data: bytes) -> None:
    assert fits(data.decode("utf-8", "surrogateescape"), 64) == (b"\0" not in data)


@given(user=ANY_TEXT, password=ANY_TEXT, fd=st.integers())
def test_a_login_is_valid_or_malformed_and_nothing_else(user: str, password: str, fd: int) -> None:
    try:
        request = login(user=user, password=Secret(password), control_fd=fd)
    except Malformed:
        return

    assert request.user.isprintable()
    assert request.password.reveal() == password


@pytest.mark.parametrize("password", [1, None, b"x", "a\0b", "x" * 1025, "\ud800", Secret("a\0")])
def test_a_password_is_a_bounded_text(password: object) -> None:
    with pytest.raises(Malformed):
        login(password=password)


def test_a_secret_is_never_formatted() -> None:
    secret = Secret(PASSWORD)
    request = login(password=secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret]  # noqa: UP031
    shown += [repr(request), str(request), repr([secret]), repr({"password": secret})]

    assert not [text for text in shown if PASSWORD in text]


def test_a_secret_is_not_a_text() -> None:
    with pytest.raises(TypeError):
        format(Secret(PASSWORD), ">40")
    assert not isinstance(Secret(PASSWORD), str)


def test_a_secret_is_not_in_a_traceback() -> None:
    def fail(secret: Secret) -> None:
        request = login(password=secret)
        raise ValueError(secret, request)

    with pytest.raises(ValueError, match="Secret object") as caught:
        fail(Secret(PASSWORD))
    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)

    assert PASSWORD not in "".join(found.format())
