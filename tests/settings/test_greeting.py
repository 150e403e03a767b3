# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients are greeted with, of whom nothing but the connection is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from configured import Configured
from served import USER, Client, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = "220 FTP server ready."


@pytest.fixture
def greeter(configured: Configured) -> Iterator[Configured]:
    """Give a server with one greeting for all and one for some."""
    _texts(configured)
    yield configured
    configured.write("main", "")


def _texts(configured: Configured) -> None:
    configured.add("greetings/default", "Hello\n")
    configured.add("greetings/mirror", "This is a mirror\n")


def choose(server: Configured, place: str, *lines: str) -> None:
    """Set options; a policy is for the client's address."""
    if place == "policy":
        match = "Address=127.0.0.0/8\nTLS=no\nPort=!990\n"
        server.write("main", "")
        text = "".join(f"{line}\n" for line in lines)
        server.add("policies.d/x.conf", f"[Match]\n{match}[Session]\n{text}")
    else:
        server.set(place, "Session", *lines)


def greeting(server: Configured) -> str:
    with Client(server.served, greeted=False) as client:
        said = client.reply()
        assert client.says(f"USER {USER}")[:3] == "331"
        return said


def test_clients_are_greeted_with_the_text_that_is_set(configured: Configured, place: str) -> None:
    choose(configured, place, "Greeting=mirror")
    _texts(configured)
    assert greeting(configured) == "220 This is a mirror"
    choose(configured, place, "Greeting=mirror", "Greeting=")
    _texts(configured)
    assert greeting(configured) == "220 Hello"
    configured.write("main", "")


def test_where_nothing_is_set_all_are_greeted_with_the_default(greeter: Configured) -> None:
    assert greeting(greeter) == "220 Hello"
    greeter.add("greetings/default", "Gr\u00fc\u00df Gott\n220 not the last\n\tBye\n")
    assert greeting(greeter) == "220-Gr\u00fc\u00df Gott\n 220 not the last\n220 \tBye"
    greeter.add("greetings/default", "")
    assert greeting(greeter) == USUAL
    (greeter.directory / "greetings/default").unlink()
    assert greeting(greeter) == USUAL


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        ("Address=192.0.2.0/24", False),
        (f"User={USER}", False),
        ("User=!bob", True),
        ("Group=*", False),
        ("Anonymous=yes", False),
        ("Anonymous=no", True),
        ("Host=*.org", False),
        ("TLS=yes", False),
        (f"User={USER}\nAddress=127.0.0.1", False),
    ],
)
def test_a_policy_is_held_against_a_client_that_has_said_nothing(
    greeter: Configured, match: str, *, applies: bool
) -> None:
    greeter.add("policies.d/x.conf", f"[Match]\n{match}\n[Session]\nGreeting=mirror\n")
    assert greeting(greeter) == ("220 This is a mirror" if applies else "220 Hello")


def test_a_later_policy_greets_instead_of_an_earlier_one(greeter: Configured) -> None:
    for name, text in (("1", "default"), ("2", "mirror")):
        match = "[Match]\nAddress=127.0.0.1\n"
        greeter.add(f"policies.d/{name}.conf", f"{match}[Session]\nGreeting={text}\n")
    assert greeting(greeter) == "220 This is a mirror"


def test_a_greeting_that_is_not_there_is_told(greeter: Configured) -> None:
    greeter.set("main", "Session", "Greeting=other")
    _texts(greeter)
    assert greeting(greeter) == USUAL
    said = "The greeting other cannot be read: No such file or directory."
    assert eventually(lambda: said in greeter.served.log())


def test_a_greeting_is_a_name_and_no_path(greeter: Configured) -> None:
    greeter.set("main", "Session", "Greeting=../secret")
    _texts(greeter)
    assert greeting(greeter) == "220 Hello"


@pytest.mark.parametrize("kind", ["a FIFO", "a directory", "1 GiB"])
def test_what_is_no_text_to_greet_with_keeps_no_client_waiting(
    greeter: Configured, kind: str
) -> None:
    file = greeter.directory / "greetings/default"
    file.unlink()
    if kind == "a FIFO":
        os.mkfifo(file)
    elif kind == "a directory":
        file.mkdir()
    else:
        file.touch()
        os.truncate(file, 1 << 30)

    assert greeting(greeter) == USUAL
    assert eventually(lambda: "The greeting default cannot be read" in greeter.served.log())
