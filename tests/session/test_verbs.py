# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of commands, and the line that chooses from it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from served import Client, Served

from ftpsd.protocol.reply import BadArgument
from ftpsd.session.verbs import NEED_CERTIFICATE, OLDER, REFUSED_ALWAYS, SITE, VERBS

if TYPE_CHECKING:
    from ftpsd.session.verbs import Verb

RFC_959 = (
    *("USER", "PASS", "CWD", "CDUP", "REIN", "QUIT", "PORT", "PASV", "TYPE", "STRU", "MODE"),
    *("RETR", "STOR", "STOU", "APPE", "ALLO", "REST", "RNFR", "RNTO", "ABOR", "DELE", "RMD"),
    *("MKD", "PWD", "LIST", "NLST", "SITE", "SYST", "STAT", "HELP", "NOOP"),
)
ODD = (
    "9" * 5000,
    "7" * 4301,
    "-1",
    "+1",
    "1_0",
    "\u0663",
    "\u00b2",
    "0x10",
    "",
    "\udcff",
    "|",
    "()",
)
OPEN = {"USER", "PASS", "QUIT", "REIN", "NOOP", "SYST", "HELP", "FEAT", "OPTS", "STAT"}


@pytest.mark.parametrize("name", [*RFC_959, *OLDER])
def test_the_commands_of_rfc_959_and_775_are_there(name: str) -> None:
    assert name in VERBS


@pytest.mark.parametrize("row", [*VERBS.values(), *SITE.values()], ids=lambda row: row.name)
def test_every_command_says_what_it_does(row: Verb) -> None:
    assert (row.handle.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("row", [*VERBS.values(), *SITE.values()], ids=lambda row: row.name)
def test_no_argument_is_more_than_refused(row: Verb) -> None:
    """int() raises for digits by the thousand, and takes digits that are none of ASCII's."""
    for text in (*ODD, *(f"{one} {one}" for one in ODD), ",".join(ODD[:2] * 3)):
        with contextlib.suppress(BadArgument):
            row.parse(text)


@pytest.mark.parametrize("name", sorted(set(RFC_959) - OPEN))
def test_most_commands_need_a_login(name: str) -> None:
    assert not VERBS[name].before_login


def test_what_needs_a_login_is_530_without_one(served: Served) -> None:
    for name in (name for name, row in VERBS.items() if not row.before_login):
        with Client(served) as client:
            assert client.codes(name, f"{name} 1", f"{name} /") == ["530"] * 3, name


def test_help_knows_every_command(client: Client) -> None:
    listed = client.says("HELP").split()
    for name in VERBS:
        assert (name in listed) == (name not in (*REFUSED_ALWAYS, *NEED_CERTIFICATE))
        assert client.says(f"HELP {name.lower()}").startswith("214 ")


@pytest.mark.parametrize("word", ["GET / HTTP/1.1", "POST /x HTTP/1.1", "CONNECT x:1 HTTP/1.1"])
def test_nothing_more_of_an_http_request_is_read(served: Served, word: str) -> None:
    with Client(served) as client:
        client.send(word, "Host: x", "USER anna", "PASS se cret", "MKD x")

        assert client.reply()[:3] == "500"
        assert client.ended()


def test_letters_that_only_look_like_a_command_are_none(client: Client) -> None:
    assert client.codes("PA\u017f\u017f x", "\uff30\uff37\uff24") == ["500", "500"]
