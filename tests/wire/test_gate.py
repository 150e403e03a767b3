# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked when is the table's to say, in whatever order it is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.wire.files import Enter
from ftpsd.wire.gate import Gate, Rule
from ftpsd.wire.helper import Ping
from ftpsd.wire.message import Call, Malformed
from ftpsd.wire.ports import Connect, Listen

PING, LISTEN, CONNECT = Ping(), Listen(), Connect(host="192.0.2.1", port=5000)
ENTER = Enter(path="/")
RULES = (Rule(Ping, at_most=2), Rule(Listen, after=Ping), Rule(Connect, after=Listen, at_most=1))


def admitted(gate: Gate, call: Call[Any]) -> bool:
    try:
        gate.admit(call)
    except Malformed:
        return False
    return True


@given(st.lists(st.sampled_from([PING, LISTEN, CONNECT, ENTER])))
def test_in_any_order_only_what_the_table_allows_is_admitted(calls: list[Call[Any]]) -> None:
    gate = Gate(RULES)
    passed: list[type[Call[Any]]] = []
    for call in calls:
        kind = type(call)
        expected = {
            Ping: passed.count(Ping) < 2,
            Listen: Ping in passed,
            Connect: Listen in passed and Connect not in passed,
        }.get(kind, False)
        assert admitted(gate, call) == expected
        if expected:
            gate.grant(kind)
            passed.append(kind)


def test_what_was_asked_but_not_granted_opens_nothing() -> None:
    gate = Gate(RULES)
    gate.admit(PING)

    assert not admitted(gate, LISTEN)


@pytest.mark.parametrize(
    ("calls", "reason"),
    [([ENTER], "not a request here"), ([LISTEN], "out of turn"), ([PING] * 3, "too often")],
)
def test_the_reason_is_for_the_journal(calls: list[Call[Any]], reason: str) -> None:
    gate = Gate(RULES)
    for call in calls[:-1]:
        gate.admit(call)
    with pytest.raises(Malformed, match=reason):
        gate.admit(calls[-1])


def test_each_connection_is_counted_for_itself() -> None:
    first, second = Gate(RULES), Gate(RULES)
    for _ in range(2):
        first.admit(PING)

    assert admitted(second, PING)
    assert not admitted(first, PING)


def test_what_was_granted_before_a_restart_has_been_asked_then() -> None:
    gate = Gate((Rule(Ping, at_most=1), Rule(Listen, after=Ping)), Ping)

    assert admitted(gate, LISTEN)
    assert not admitted(gate, PING)
