# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be set can be sent: no setting that is taken keeps everybody out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from config_places import Places

from ftpsd.helper.account import Account
from ftpsd.helper.login import _worker, told
from ftpsd.options import OPTIONS, Settings
from ftpsd.wire.codec import encode_call, encode_reply
from ftpsd.wire.helper import Granted, Greeting
from ftpsd.wire.spawn import SPAWNER
from ftpsd.worker.rights import Rights

LETTERS = ("x", "\N{CYRILLIC SMALL LETTER YA}", "\N{GRINNING FACE}", "\\\\", "\x7f")
TEXTS = tuple(name for name, one in OPTIONS.items() if isinstance(one.default, str | tuple))
MANY = 1 << 13
ANNA = Account(
    user="anna",
    group="anna",
    uid=1000,
    gid=1000,
    groups=tuple(range(1000, 1032)),
    home="/home/anna",
    root="/home/anna",
    anonymous=False,
)


def forms(letter: str) -> Iterator[Callable[[int], str]]:
    """Give in which ways a text becomes longer: one name, many short ones, a path."""
    yield lambda count: letter * count
    yield lambda count: f"{letter} " * count
    yield lambda count: f"{letter * 4} " * count
    yield lambda count: "/" + letter * count
    yield lambda count: "".join(f"{letter.upper()}{number} " for number in range(count))


def longest(parse: Callable[[str], Any], form: Callable[[int], str]) -> Any:
    """Give the longest value of this form that is taken; `None` if none is."""
    low, high = 0, MANY
    while low < high - 1:
        middle = (low + high) // 2
        try:
            parse(form(middle).strip())
            low = middle
        except ValueError:
            high = middle
    return parse(form(low).strip()) if low else None


def send(chosen: Settings) -> None:
    """Do what a login does with them; raise what would keep everybody out."""
    Rights(chosen)
    root = chosen.root.replace("%h", ANNA.home)
    account = Account(**{**{n: getattr(ANNA, n) for n in ANNA.__slots__}, "root": root})
    encode_call(SPAWNER, _worker(account, chosen, files_fd=0, ready_fd=1, owner_fd=None))
    encode_reply(Greeting(name=chosen.greeting))
    granted = Granted(
        user="anna",
        anonymous=False,
        idle_seconds=1,
        data_seconds=1,
        files_fd=0,
        ports_fd=1,
        **told(account, chosen),
    )
    encode_reply(granted)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("form", range(len(list(forms("x")))))
def test_the_longest_of_all_settings_together_can_be_sent(letter: str, form: int) -> None:
    chosen: dict[str, Any] = {}
    for name in TEXTS:
        # Not sent, but held against names and files where the helper is.
        if OPTIONS[name].metadata["section"] in ("Files", "Session"):
            value = longest(OPTIONS[name].metadata["parse"], list(forms(letter))[form])
            if value is not None:
                chosen[OPTIONS[name].name] = value

    send(Settings(**chosen))


def test_names_that_are_too_many_are_a_mistake_with_its_line(places: Places) -> None:
    many = " ".join(["\N{CYRILLIC SMALL LETTER YA}" * 4] * 300)
    (places.etc / "ftpsd.conf").write_text(f"[Files]\nHideNames=*.bak\nHideNames={many}\n")
    chosen, (wrong,) = places.load()

    assert wrong.line == 3
    assert wrong.reason.endswith("expected fewer names, or shorter ones")
    assert chosen.hide_names == ("*.bak",)
    send(chosen)


def test_as_many_names_as_ever_are_taken(places: Places) -> None:
    many = tuple(f"*.e{number}" for number in range(500))
    (places.etc / "ftpsd.conf").write_text(f"[Files]\nDenyNames={' '.join(many)}\n")
    chosen, wrong = places.load()

    assert wrong == []
    assert chosen.deny_names == many
    send(chosen)
