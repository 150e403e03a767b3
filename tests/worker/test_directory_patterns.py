# SPDX-License-Identifier: GPL-3.0-or-later
"""What wildcards stand for is listed as `ls` lists what a shell gives it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import NOW, PLAIN, WHO, lines, long_names

from ftpsd.wire import files
from ftpsd.worker.beneath import Root
from ftpsd.worker.directory import Directory


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """Make a root with files of which each is first or last in some order."""
    jail = tmp_path / "jail"
    for number, name in enumerate(("d1/x1", "d1-/x3", "d2/x2", "a", ".dot", "d1/.dot", "d2/in/y")):
        (jail / name).parent.mkdir(parents=True, exist_ok=True)
        (jail / name).write_text("x" * number)
        os.utime(jail / name, (NOW, NOW - number))
    (jail / "d1/back").symlink_to("..")
    (jail / "link").symlink_to("d1")
    return jail


@pytest.fixture
def root(jail: Path) -> Iterator[Root]:
    """Open the root; no descriptor may be left in the end."""
    before = len(os.listdir("/proc/self/fd"))
    made = Root(str(jail))
    yield made
    os.close(made.fd)
    assert len(os.listdir("/proc/self/fd")) == before


def test_patterns_choose_names(root: Root) -> None:
    assert lines(root, "/*", prefix="*") == ["a", "d1", "d1-", "d2", "link"]
    assert lines(root, "/.*", prefix=".*") == [".dot"]
    assert lines(root, "/d1/[bx]*", prefix="x/[bx]*") == ["x/back", "x/x1"]
    assert lines(root, "/nothing*") == []
    assert lines(root, "/[", prefix="[") == []


def test_patterns_choose_directories_on_the_way(root: Root) -> None:
    assert lines(root, "/d*/x?") == ["d1-/x3", "d1/x1", "d2/x2"]
    assert long_names(root, "/d*/[bx]*") == ["d1-/x3", "d1/back -> ..", "d1/x1", "d2/x2"]
    assert lines(root, "/{a,d1/x1,d2/*}") == ["a", "d1/x1", "d2/in", "d2/x2"]


def test_what_is_in_several_directories_is_sorted_together(root: Root) -> None:
    assert lines(root, "/d*/x?", by_time=True) == ["d1/x1", "d1-/x3", "d2/x2"]
    assert lines(root, "/d*/x?", by_size=True) == ["d2/x2", "d1-/x3", "d1/x1"]
    assert lines(root, "/d*/x?", by_size=True, reverse=True) == ["d1/x1", "d1-/x3", "d2/x2"]
    assert lines(root, "/d*/x?", reverse=True) == ["d2/x2", "d1/x1", "d1-/x3"]


def test_hidden_names_take_a_pattern_that_begins_with_a_dot(root: Root) -> None:
    assert lines(root, "/d1/*", hidden=True) == ["back", "x1"]
    assert lines(root, "/d*/.*") == ["d1/.dot"]
    assert lines(root, "/{.,d}*") == [".dot", "d1", "d1-", "d2"]


@pytest.mark.parametrize(
    "written", ["d*/x?", "./d*/x?", "/d*/x?", "../x/d*/x?", "~/d*/x?", "a//d*/x?"]
)
def test_a_pattern_is_shown_as_the_client_wrote_it(root: Root, written: str) -> None:
    before = written.removesuffix("d*/x?")

    assert lines(root, "/d*/x?", prefix=written) == [
        before + "d1-/x3",
        before + "d1/x1",
        before + "d2/x2",
    ]
    assert long_names(root, "/d*/x?", prefix=written) == ["d1-/x3", "d1/x1", "d2/x2"]


@pytest.mark.parametrize("written", ["d*//i*", "d*/./i*", "d*/../d2/i*"])
def test_a_pattern_written_with_detours_is_shown_by_its_whole_path(
    root: Root, written: str
) -> None:
    assert lines(root, "/d*/i*", prefix=written) == ["/d2/in"]


def test_a_slash_at_the_end_is_for_directories(root: Root) -> None:
    assert lines(root, "/*", prefix="*/") == ["d1/", "d1-/", "d2/", "link/"]
    shown = long_names(root, "/*", prefix="/*/", classify=True)
    assert shown == ["d1/", "d1-/", "d2/", "link/ -> d1"]


def test_a_directory_that_matches_is_shown_itself_and_beneath_only_with_r(root: Root) -> None:
    first = ["d1", "d1-", "d2"]
    beneath = ["", "d1:", "back", "x1", "", "d1-:", "x3", "", "d2:", "in", "x2"]

    assert lines(root, "/d*") == first
    assert lines(root, "/d*", recursive=True) == [*first, *beneath, "", "d2/in:", "y"]
    assert lines(root, "/d*", recursive=True, itself=True) == first


def test_r_goes_into_what_matches_and_through_no_link(root: Root) -> None:
    assert lines(root, "/[dl]2*", recursive=True, prefix="/[dl]2*") == [
        "/d2",
        "",
        "/d2:",
        "in",
        "x2",
        "",
        "/d2/in:",
        "y",
    ]
    assert lines(root, "/l*", recursive=True) == ["link"]
    assert long_names(root, "/*/in", recursive=True) == ["d2/in", "", "d2/in:", "y"]


def test_what_matches_and_goes_away_meanwhile_is_left_out(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = files.List(path="/*/*", **(PLAIN | {"form": "long", "recursive": True}))
    directory = Directory(root, request, WHO, NOW)
    assert directory._wild is not None
    gone = [("d1/", "back"), ("gone/", "x"), ("d2/", "gone")]
    monkeypatch.setattr(directory._wild, "matches", lambda _: iter(gone))
    shown = [line for some in directory._lines(lambda: None) for line in some]
    directory.close()

    assert [line.split(None, 8)[8] for line in shown] == ["d1/back -> .."]


def test_a_name_that_is_there_is_no_pattern(root: Root, jail: Path) -> None:
    (jail / "a*").write_text("")
    (jail / "[d1]").mkdir()
    (jail / "[d1]/z").write_text("")

    assert lines(root, "/a*", prefix="a*") == ["a*"]
    assert lines(root, "/[d1]/*", prefix="[d1]/*") == ["[d1]/z"]
