# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies cannot be split, and every line of one has its form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol import reply
from ftpsd.protocol.reply import BadArgument, Reply, clean

CONTROLS = [chr(code) for code in (*range(9), *range(10, 32), 127)]
CLIENT_TEXT = st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (Reply(200, "Ok."), b"200 Ok.\r\n"),
        (Reply(200, ""), b"200 \r\n"),
        (Reply(211, "First", "Last"), b"211-First\r\n211 Last\r\n"),
        (Reply(211, "First", "200 x", "", "End"), b"211-First\r\n 200 x\r\n \r\n211 End\r\n"),
        (Reply(257, '"/\u00fc\udcfc\t"'), b'257 "/\xc3\xbc\xfc\t"\r\n'),
    ],
)
def test_a_reply_is_sent_as_rfc_959_has_it(value: Reply, sent: bytes) -> None:
    assert value.render() == sent


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_character_in_a_reply_is_our_bug(control: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        Reply(200, "fine", f"a{control}b")


@pytest.mark.parametrize(("code", "lines"), [(99, ["x"]), (600, ["x"]), (200, [])])
def test_a_reply_has_a_code_and_a_line(code: int, lines: list[str]) -> None:
    with pytest.raises(ValueError, match="not a reply"):
        Reply(code, *lines)


def test_text_that_no_bytes_stand_for_is_our_bug() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        Reply(200, "\ud800")


def test_replies_are_values() -> None:
    assert Reply(200, "a") == Reply(200, "a")
    assert Reply(200, "a") != Reply(200, "b")
    assert Reply(200, "a") != "200 a"
    assert len({Reply(200, "a"), Reply(200, "a")}) == 1
    assert repr(Reply(200, "a", "b")) == "Reply(200, 'a', 'b')"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("a b", "a b"), ("a\r\nb", "a??b"), ("\0\x7f\x1b", "???"), ("a\tb", "a\tb"), ("", "")],
)
def test_clean_replaces_what_could_end_a_line(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.lists(CLIENT_TEXT, min_size=1))
def test_no_text_of_a_client_can_split_a_reply(texts: list[str]) -> None:
    sent = Reply(250, *[clean(text) for text in texts]).render()
    lines = sent.split(b"\r\n")

    assert lines.pop() == b""
    assert [line[:4] == b"250 " for line in lines] == [False] * (len(texts) - 1) + [True]
    assert sent.count(b"\n") == sent.count(b"\r") == len(texts)


def test_every_code_has_exactly_one_name() -> None:
    codes = [value for name, value in vars(reply).items() if name.isupper() and name[0] != "_"]
    numbers = [code for code in codes if isinstance(code, int)]

    # RFC 4217 took two numbers that RFC 1639 and RFC 2428 had.
    assert len(numbers) == len(set(numbers)) + 2
    assert reply.NOT_WITH_THIS_PROT == reply.PROTOCOL_NOT_SUPPORTED_LONG
    assert reply.TLS_REFUSED == reply.PROTOCOL_NOT_SUPPORTED
    assert all(100 <= code <= 599 for code in numbers)


def test_a_bad_argument_is_a_reply() -> None:
    refusal = BadArgument(504, "No.")

    assert Reply(refusal.code, refusal.text).render() == b"504 No.\r\n"
