"""The README says what the tables say. `python3 tests/repo/test_readme.py` brings it up to date."""

from __future__ import annotations

import re
from pathlib import Path

from ftpsd.admin.documents import EVENTS
from ftpsd.admin.texts import FORMS, PURPOSES
from ftpsd.options import OPTIONS
from ftpsd.session.verbs import OLDER, ROWS, SITE

README = Path(__file__).resolve().parents[2] / "README.md"


def _settings() -> str:
    rows = ["| setting | section | form | default | |", "|---|---|---|---|---|"]
    for name, field in OPTIONS.items():
        told = field.metadata
        rows.append(
            f"| `{name}=` | `[{told['section']}]` | {FORMS[told['parse']]} "
            f"| `{told['text']}` | {PURPOSES[name]} |"
        )
    return "\n".join(rows)


def _commands() -> str:
    older = {name: old for old, name in OLDER.items()}
    names = [f"{row.name} ({older[row.name]})" if row.name in older else row.name for row in ROWS]
    return ", ".join(names) + ". SITE: " + ", ".join(SITE) + "."


def _events() -> str:
    rows = ["| message | id |", "|---|---|"]
    rows += [f"| {event.message} | `{event.id}` |" for event in EVENTS.values()]
    return (
        "What stands in braces is a field of its own: `{path}` is `FTPSD_PATH=`.\n\n"
        + "\n".join(rows)
    )


MADE = {"settings": _settings, "commands": _commands, "events": _events}


def _made(text: str) -> str:
    for name, make in MADE.items():
        start, end = f"<!-- {name}: ", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        head, _, _ = rest.partition("\n")
        _, _, after = rest.partition(end)
        text = f"{before}{start}{head}\n{make()}\n{end}{after}"
    return text


def test_every_setting_command_and_event_is_in_the_readme_as_its_table_has_it() -> None:
    text = README.read_text("utf-8")

    assert text == _made(text), "run: python3 tests/repo/test_readme.py"


def test_the_readme_has_a_place_for_each_table() -> None:
    text = README.read_text("utf-8")

    assert [name for name in MADE if f"<!-- end of {name} -->" not in text] == []


def test_what_the_readme_follows_in_the_journal_has_the_fields_it_asks_for() -> None:
    """Of the commands the README has, `journalctl ... MESSAGE_ID=... | jq ... .FTPSD_...`."""
    shared = {"user", "remote"}
    found = re.findall(r"MESSAGE_ID=([0-9a-f]{32}) \| jq (.*)", README.read_text("utf-8"))
    by_id = {event.id: event.message for event in EVENTS.values()}

    assert len(found) == 2
    for number, query in found:
        for field in re.findall(r"\.FTPSD_([A-Z_]+)", query):
            assert field.lower() in shared or f"{{{field.lower()}}}" in by_id[number]


def test_nobody_else_can_write_what_the_readme_follows_in_the_journal() -> None:
    """Any local user can have any id and any field in the journal that does not begin with _."""
    found = re.findall(r"journalctl -f ([^|]*)MESSAGE_ID=", README.read_text("utf-8"))

    assert len(found) == 2
    assert [
        one for one in found if not re.search(r"\b_(UID=0|SYSTEMD_SLICE=system-ftpsd)", one)
    ] == []


if __name__ == "__main__":
    README.write_text(_made(README.read_text("utf-8")), "utf-8")
