# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts are chosen by the client, in any order and spelling."""

from __future__ import annotations

import pytest

from ftpsd.protocol.facts import FACTS, USUAL_FACTS, feature_text, select_facts


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("type;size;", ("type", "size")),
        ("Size;TYPE", ("type", "size")),
        ("unique;nonsense;perm;perm;", ("perm", "unique")),
        ("", ()),
        ("nonsense;", ()),
    ],
)
def test_a_client_selects_facts(text: str, selected: tuple[str, ...]) -> None:
    assert select_facts(text) == selected


def test_every_fact_can_be_selected() -> None:
    assert select_facts(";".join(reversed(FACTS))) == FACTS


def test_the_feature_marks_what_is_selected() -> None:
    assert feature_text(("type", "modify")) == (
        "MLST type*;size;modify*;create;perm;unix.mode;unix.uid;unix.gid;unix.owner;unix.group;"
        "unique;"
    )


def test_all_are_usual_but_the_one_that_takes_a_call_more() -> None:
    assert "create" not in USUAL_FACTS
    assert {"create", *USUAL_FACTS} == {*FACTS}
