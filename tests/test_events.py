# SPDX-License-Identifier: GPL-3.0-or-later
"""Every event has its own id, all its fields at every place that writes it, and one line each."""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftpsd import events
from ftpsd.admin.catalog import ABOUT
from ftpsd.admin.documents import EVENTS, catalog
from ftpsd.admin.serve import to_stderr
from ftpsd.events import Event, Log, entry
from ftpsd.session import events as session_events

PACKAGE = Path(events.__file__).parent
SHARED = {
    "session": {"user", "remote"},
    "helper": {"user", "remote"},
    "ports": set[str](),
    "owner": set[str](),
    "admin": {"user", "remote"},
    "__main__.py": set[str](),
}
"""What each process gives to its log once, for every event (`Log.shared`)."""
BYTES = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))


def fields_of(event: Event) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(event.message) if name}


def mentions() -> Iterator[tuple[str, str, ast.AST, ast.Call | None]]:
    """Give each place that names an event: where, which, and the call it is an argument of."""
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text())
        calls = {
            argument: node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            for argument in node.args
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "events"
                and node.attr in EVENTS
            ):
                where = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                yield where, node.attr, node, calls.get(node)


@pytest.mark.parametrize(
    ("where", "name", "call"),
    [(where, name, call) for where, name, _, call in mentions() if call is not None],
)
def test_every_field_of_a_message_is_given(where: str, name: str, call: ast.Call) -> None:
    given_fields = {keyword.arg for keyword in call.keywords if keyword.arg}
    shared = SHARED[re.split("[/:]", where)[0]]

    assert fields_of(EVENTS[name]) - shared <= given_fields


def test_an_event_is_never_chosen_in_a_way_that_cannot_be_checked() -> None:
    assert [where for where, _, _, call in mentions() if call is None] == []


def test_every_event_happens_somewhere() -> None:
    assert {name for _, name, _, _ in mentions()} == set(EVENTS)


def test_what_a_process_shares_is_in_its_code() -> None:
    for process, shared in SHARED.items():
        if shared:
            text = "".join(file.read_text() for file in (PACKAGE / process).rglob("*.py"))
            assert all(re.search(rf"\b{name}=", text) for name in shared)


def test_ids_are_unique_and_valid() -> None:
    ids = [event.id for event in EVENTS.values()]

    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch("[0-9a-f]{32}", one)] == []


def test_ids_are_made_at_random() -> None:
    """As `systemd-id128 new` makes them: version 4 (RFC 9562)."""
    assert [event.id for event in EVENTS.values() if event.id[12] != "4"] == []
    assert [event.id for event in EVENTS.values() if event.id[16] not in "89ab"] == []


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_told_in_a_sentence(name: str) -> None:
    event = EVENTS[name]

    assert ABOUT[name].endswith(".")
    assert events.CRIT <= event.priority <= events.INFO
    assert "password" not in fields_of(event)


@pytest.mark.parametrize("name", EVENTS)
@settings(max_examples=20)
@given(text=BYTES)
def test_whatever_a_client_sends_an_entry_is_lines_of_text(name: str, text: str) -> None:
    event = EVENTS[name]
    lines = entry(event, dict.fromkeys(fields_of(event), text))

    assert all(line.isprintable() for line in lines)
    assert "".join(lines).encode("utf-8")
    assert [line.partition("=")[0] for line in lines[:4]] == [
        "MESSAGE",
        "MESSAGE_ID",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
    ]
    assert {line.partition("=")[0] for line in lines[4:]} == {
        f"FTPSD_{field.upper()}" for field in fields_of(event)
    }


def test_a_field_that_is_missing_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        entry(session_events.DELETED, {"user": "anna"})


def test_braces_of_a_client_are_only_text() -> None:
    (line, *_) = entry(session_events.DELETED, {"user": "{path}", "path": "{0.__class__}"})

    assert line == "MESSAGE={path} deleted {0.__class__}."


def test_a_log_adds_what_is_shared_and_whose_it_is() -> None:
    said: list[tuple[str, ...]] = []
    log = Log(lambda *lines: said.append(lines), user="anna")
    log(session_events.DELETED, path="/a")
    log(session_events.DELETED, 7, user="bob", path="/b")

    assert said[0][0] == "MESSAGE=anna deleted /a."
    assert "FTPSD_USER=anna" in said[0]
    assert not [line for line in said[0] if line.startswith("OBJECT_PID")]
    assert said[1][0] == "MESSAGE=bob deleted /b."
    assert said[1][-1] == "OBJECT_PID=7"


def test_without_a_journal_the_message_alone_is_written() -> None:
    with redirect_stderr(io.StringIO()) as written:
        to_stderr("MESSAGE=anna left.", "PRIORITY=6")

    assert written.getvalue() == "anna left.\n"
    assert sys.stderr is not written


def test_the_catalog_has_every_event_as_systemd_reads_it() -> None:
    entries = catalog().split("-- ")[1:]

    assert len(entries) == len(EVENTS)
    for text, (name, event) in zip(entries, EVENTS.items(), strict=True):
        head, _, body = text.partition("\n\n")
        first, *rest = head.split("\n")
        assert first == event.id
        assert [line.partition(":")[0] for line in rest] == ["Subject", "Defined-By"]
        assert body.strip() == ABOUT[name]
