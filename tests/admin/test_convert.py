# SPDX-License-Identifier: GPL-3.0-or-later
"""Other servers' virtual users become user records, and what does not is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hashes import ARGON2, KEPT, NOT_KEPT
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin.convert import FORMATS, Conversion, Outcome
from ftpsd.admin.records import NO_SHELL, Store
from ftpsd.admin.users import Refused
from ftpsd.options import Settings

HASH = KEPT["bcrypt"]
NOWHERE = Store(Path("/nonexistent"))


def convert(
    text: str,
    kind: str = "pure-ftpd",
    *,
    settings: Settings | None = None,
    shared_with: str | None = None,
    unrestricted: bool = False,
) -> list[Outcome]:
    chosen = settings or Settings()
    conversion = Conversion(NOWHERE, chosen, shared_with, unrestricted=unrestricted)
    return list(conversion.outcomes(text, kind))


def one(text: str, kind: str = "pure-ftpd", *, unrestricted: bool = False) -> Outcome:
    (outcome,) = convert(text, kind, unrestricted=unrestricted)
    return outcome


def test_a_user_of_pure_ftpd_keeps_all_that_a_record_holds(tmp_path: Path) -> None:
    line = f"joe:{HASH}:45001:45002:Joe:{tmp_path}/./::::::::::::"
    outcome = one(line)

    record = outcome.record
    assert record is not None
    assert (record.name, record.uid, record.gid) == ("joe", 45001, 45002)
    assert (record.home, record.real_name, record.shell) == (str(tmp_path), "Joe", NO_SHELL)
    assert outcome.password == HASH
    assert outcome.notes == ("its password is kept (bcrypt)",)


def test_a_user_of_proftpd_keeps_all_that_a_record_holds(tmp_path: Path) -> None:
    outcome = one(f"joe:{HASH}:45001:45002:Joe,Room 1:{tmp_path}:/bin/bash", "proftpd")

    record = outcome.record
    assert record is not None
    assert (record.name, record.uid, record.gid) == ("joe", 45001, 45002)
    assert (record.home, record.real_name, record.shell) == (str(tmp_path), "Joe", NO_SHELL)
    assert outcome.password == HASH


def test_users_of_a_system_account_are_made_once_the_settings_let_them_in() -> None:
    line = f"joe:{HASH}:33:33::/var/www/joe/./"
    outcome = one(line)
    assert outcome.record is None
    assert any("MinimumUID=33" in note for note in outcome.notes)

    (outcome,) = convert(line, settings=Settings(minimum_uid=33))
    assert outcome.record is not None
    assert (outcome.record.uid, outcome.record.gid) == (33, 33)
    (root,) = convert(line.replace(":33:33:", ":0:0:"), settings=Settings(minimum_uid=33))
    assert root.record is None
    assert not any("MinimumUID=0" in note for note in root.notes)


@pytest.mark.parametrize("name", KEPT)
def test_a_hash_that_pam_checks_is_kept(name: str) -> None:
    outcome = one(f"joe:{KEPT[name]}:45001:45001::/home/joe/./")

    assert outcome.password == KEPT[name]
    assert any("its password is kept" in note for note in outcome.notes)


@pytest.mark.parametrize("hash_", [one for one in NOT_KEPT if not {":", "\n"} & set(one)])
def test_a_hash_that_pam_cannot_check_is_not_kept_and_that_is_said(hash_: str) -> None:
    outcome = one(f"joe:{hash_}:45001:45001::/home/joe/./")

    assert outcome.record is not None
    assert outcome.password is None
    assert any("cannot be kept" in note for note in outcome.notes)


def test_a_method_that_cannot_be_kept_is_named() -> None:
    outcome = one(f"joe:{ARGON2}:45001:45001::/home/joe/./")

    assert any("argon2id" in note for note in outcome.notes)


@pytest.mark.parametrize("lock", ["!", "*", f"!{HASH}"])
def test_a_locked_password_stays_locked(lock: str) -> None:
    outcome = one(f"joe:{lock}:45001:45001::/home/joe:/bin/false", "proftpd")

    assert outcome.password is None
    assert any("locked" in note for note in outcome.notes)


def test_a_weak_hash_is_kept_with_a_warning() -> None:
    outcome = one(f"joe:{KEPT['DES']}:45001:45001::/home/joe:/bin/false", "proftpd")

    assert outcome.password == KEPT["DES"]
    assert any("weak" in note for note in outcome.notes)


LIMITS = {
    6: "uploads limited to 7 bytes",
    7: "downloads limited to 7 bytes",
    8: "upload ratio 7",
    9: "download ratio 7",
    10: "at most 7 sessions",
    11: "at most 7 files",
    12: "at most 7 bytes",
}
RESTRICTIONS = {
    13: "server's",
    14: "server's",
    15: "only from 7",
    16: "not from 7",
    17: "only at 7",
}


def pure(at: int, value: str = "7") -> str:
    fields = ["joe", HASH, "45001", "45001", "", "/home/joe/./", *[""] * 12]
    fields[at] = value
    return ":".join(fields)


@pytest.mark.parametrize("at", LIMITS)
def test_a_limit_that_a_record_cannot_hold_is_said(at: int) -> None:
    outcome = one(pure(at))

    assert outcome.record is not None
    assert any(LIMITS[at] in note and "not kept" in note for note in outcome.notes)


@pytest.mark.parametrize("at", RESTRICTIONS)
def test_a_user_let_in_from_some_places_only_is_not_let_in_from_everywhere(at: int) -> None:
    outcome = one(pure(at))

    assert outcome.record is None
    assert RESTRICTIONS[at] in outcome.notes[0]


@pytest.mark.parametrize("at", RESTRICTIONS)
def test_unless_the_admin_gives_that_up(at: int) -> None:
    outcome = one(pure(at), unrestricted=True)

    assert outcome.record is not None
    assert any(RESTRICTIONS[at] in note and "not kept" in note for note in outcome.notes)


@pytest.mark.parametrize(
    ("home", "becomes", "said"),
    [
        ("/srv/x/./", "/srv/x", ""),
        ("/srv/x/.", "/srv/x", ""),
        ("/srv/./x", "/srv/x", "jailed in /srv"),
        ("/./srv/x/./", "/srv/x", "jailed in /;"),
        ("/srv/x", "/srv/x", "did not jail it"),
        ("/srv/x/", "/srv/x", "did not jail it"),
    ],
)
def test_where_the_jail_was_and_is_now(home: str, becomes: str, said: str) -> None:
    outcome = one(f"joe:{HASH}:45001:45001::{home}")

    assert outcome.record is not None
    assert outcome.record.home == becomes
    assert bool(said) == any("nothing but its home" in note for note in outcome.notes)
    assert any(said in note for note in outcome.notes)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"a b:{HASH}:45001:45001::/x/./", "no user name"),
        (f"root:{HASH}:45001:45001::/x/./", "already an account"),
        (f"joe:{HASH}:0:45001::/x/./", "system account"),
        (f"joe:{HASH}:33:45001::/x/./", "with --as USER"),
        (f"joe:{HASH}:45001:0::/x/./", "group id 0"),
        (f"joe:{HASH}:x:45001::/x/./", "no pair"),
        (f"joe:{HASH}:45001:45001::x", "no home directory"),
        (f"joe:{HASH}:45001:45001", "4 fields"),
        ("joe", "1 fields"),
    ],
)
def test_a_line_that_cannot_become_a_user_is_left_out_with_the_reason(
    line: str, reason: str
) -> None:
    outcome = one(line)

    assert outcome.record is None
    assert reason in outcome.notes[0]


def test_users_that_share_an_id_go_on_sharing_it() -> None:
    line = "{}:" + HASH + ":45001:45001::/x/./"
    first, second = convert("\n".join(line.format(name) for name in ("a", "b")))

    assert first.record is not None
    assert second.record is not None
    assert (first.record.owner, first.record.group) == (True, "a")
    assert (second.record.owner, second.record.group) == (False, None)
    assert any("works as a" in note for note in second.notes)


def test_the_id_of_an_account_is_shared_with_it() -> None:
    (outcome,) = convert(f"joe:{HASH}:1:1::/x/./", settings=Settings(minimum_uid=1))

    assert outcome.record is not None
    assert not outcome.record.owner
    assert outcome.record.group is None
    assert any("works as daemon" in note for note in outcome.notes)


def test_all_can_be_made_to_work_as_one_account() -> None:
    settings = Settings(minimum_uid=1)
    text = f"joe:{HASH}:0:0::/x/./\njane:{HASH}:45001:45001::/x/./\n"
    for outcome in convert(text, settings=settings, shared_with="daemon"):
        assert outcome.record is not None
        assert (outcome.record.uid, outcome.record.gid) == (1, 1)
        assert (outcome.record.owner, outcome.record.group) == (False, None)
    with pytest.raises(Refused, match="system account"):
        convert(text, shared_with="daemon")


def test_a_name_is_taken_once() -> None:
    line = f"joe:{HASH}:45001:45001::/x/./"
    first, second = convert(f"{line}\n{line}\n")

    assert first.record is not None
    assert second.record is None


def test_comments_and_empty_lines_are_no_users_and_lines_are_counted_with_them() -> None:
    (outcome,) = convert(f"# joe\n\n  \r\njoe:{HASH}:45001:45001::/x/./\r\n")

    assert outcome.line == 4
    assert outcome.record is not None


@given(text=st.text(st.characters(codec=None)), kind=st.sampled_from(sorted(FORMATS)))
def test_of_any_text_each_line_becomes_a_user_or_is_left_out_with_a_reason(
    text: str, kind: str
) -> None:
    lines = [line for line in text.split("\n") if line.strip() and line[0] != "#"]
    outcomes = convert(text, kind)

    assert len(outcomes) == len(lines)
    assert all(outcome.record or outcome.notes for outcome in outcomes)


FIELD = st.text(st.characters(codec=None, exclude_characters=":\n"), max_size=20)


@given(
    name=st.one_of(FIELD, st.just("joe")),
    ids=st.lists(st.one_of(FIELD, st.integers(0, 2**33).map(str)), min_size=2, max_size=2),
    rest=st.lists(FIELD, min_size=1, max_size=15),
)
def test_whatever_the_fields_are_a_record_can_be_written(
    name: str, ids: list[str], rest: list[str]
) -> None:
    line = ":".join([name, HASH, *ids, "", "/" + rest[0], *rest[1:]])
    for outcome in convert(line, unrestricted=True):
        if outcome.record is not None:
            assert "/" not in outcome.record.name
            assert outcome.record.uid >= 1000
            assert outcome.record.gid > 0
            outcome.record.home.encode("utf-8")
            outcome.record.real_name.encode("utf-8")
