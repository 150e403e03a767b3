# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards in every name of a path find what a shell would, and never what is outside."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.worker.beneath import Root
from ftpsd.worker.expansion import Expansion


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a root with some directories, and one beside it that links lead to."""
    (tmp_path / "outside/b1").mkdir(parents=True)
    (tmp_path / "outside/b1/secret.txt").touch()
    tree = tmp_path / "tree"
    for name in ("a1/b1", "a1/b2", "a2/b1", "a2/.b", "c/b1", ".a/b1", "x[y]/b1", "a1/b1/d"):
        (tree / name).mkdir(parents=True)
    for name in ("a1/b1/1.txt", "a1/b1/2.dat", "a2/b1/3.txt", "c/b1/4.txt", "a1/b1/.5.txt"):
        (tree / name).touch()
    (tree / "a3").touch()
    (tree / "inner").symlink_to("a1")
    (tree / "out").symlink_to("../outside")
    (tree / "whole").symlink_to(tmp_path / "outside")
    (tree / "loop").symlink_to(".")
    (tree / "dangling").symlink_to("gone")
    return tree


@pytest.fixture
def root(tree: Path) -> Iterator[Root]:
    """Open the root; no descriptor may be left in the end."""
    before = len(os.listdir("/proc/self/fd"))
    made = Root(str(tree))
    yield made
    os.close(made.fd)
    assert len(os.listdir("/proc/self/fd")) == before


def found(root: Root, path: str, *, only_directories: bool = False) -> list[str]:
    expansion = Expansion(root, path, only_directories=only_directories)
    try:
        return sorted(place + name for place, name in expansion.matches(lambda: None))
    finally:
        expansion.close()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a*/b?/*.txt", ["a1/b1/1.txt", "a2/b1/3.txt"]),
        ("/[ac]*/b1/*.txt", ["a1/b1/1.txt", "a2/b1/3.txt", "c/b1/4.txt"]),
        ("/a1/*/*.txt", ["b1/1.txt"]),
        ("/a1/b1/*.txt", ["1.txt"]),
        ("/a?/b1", ["a1/b1", "a2/b1"]),
        ("/a*/b1/3.txt", ["a2/b1/3.txt"]),
        ("/{a1/b1,c/b1}/[14].*", ["a1/b1/1.txt", "c/b1/4.txt"]),
        ("/{a*,*1}/b1", ["a1/b1", "a2/b1"]),
        ("/{a1,a1/b1}/{b1,1.txt}", ["a1/b1", "a1/b1/1.txt"]),
        ("/{a1,gone}/b2", ["a1/b2"]),
        ("/a2/*", ["b1"]),
        ("/a2/.*", [".b"]),
        ("/*/.b", ["a2/.b"]),
        ("/.*/*", [".a/b1"]),
        ("/inn*/b1/1*", ["inner/b1/1.txt"]),
        ("/lo*/lo*/c", ["loop/loop/c"]),
        ("/x[y]/b*", ["b1"]),
        ("/d*", ["dangling"]),
        ("/dangling/*", None),
        ("/a3*/*", []),
        ("/*/gone", []),
        ("/*/..", []),
        ("/{.,..}", []),
        ("/*/../../outside/*", []),
    ],
)
def test_wildcards_find_what_a_shell_would(
    root: Root, path: str, expected: list[str] | None
) -> None:
    if expected is None:
        with pytest.raises(FileNotFoundError):
            found(root, path)
    else:
        assert found(root, path) == expected


@pytest.mark.parametrize("path", ["/o*/b1/*", "/o*/*/*", "/who*/b1/*", "/*/b1/s*", "/*/*/secret*"])
def test_no_link_leads_out_of_the_root(root: Root, path: str) -> None:
    assert not [one for one in found(root, path) if "secret" in one]


def test_only_directories_are_found_if_nothing_else_is_wanted(root: Root) -> None:
    assert found(root, "/a*", only_directories=True) == ["a1", "a2"]
    assert found(root, "/{inner,out,dangling,a3}", only_directories=True) == ["inner"]
    assert found(root, "/[io]*", only_directories=True) == ["inner"]


NAMES = st.sampled_from(["a", "b", "ab", ".a", "a.b", "[a]"])
PARTS = st.sampled_from(["*", "?", "a*", "[ab]*", "a", ".*", "*b", "[!a]*", "a?b", "**", "[[]*"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    paths=st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=6),
    parts=st.lists(PARTS, min_size=1, max_size=3),
)
def test_wildcards_find_what_the_glob_of_python_finds(
    tmp_path_factory: pytest.TempPathFactory, paths: list[list[str]], parts: list[str]
) -> None:
    place = tmp_path_factory.mktemp("any")
    for path in paths:
        place.joinpath(*path).mkdir(parents=True, exist_ok=True)
    pattern = "/".join([*parts, "*"])
    expected = sorted(glob.glob(pattern.replace("**", "*"), root_dir=place))
    root = Root(str(place))
    try:
        expansion = Expansion(root, f"/{pattern}", only_directories=False)
    except (FileNotFoundError, NotADirectoryError):
        assert expected == []
    else:
        base = expansion.base.strip("/") + "/"
        assert sorted((base + one).lstrip("/") for one in found(root, f"/{pattern}")) == expected
        expansion.close()
    finally:
        os.close(root.fd)


def test_a_directory_that_cannot_be_read_hides_only_what_is_in_it(root: Root, tree: Path) -> None:
    (tree / "a1").chmod(0o311)
    before = os.geteuid()
    if before == 0:
        # Root reads everything.
        os.seteuid(65534)
    try:
        assert found(root, "/a*/b*") == ["a2/b1"]
        assert found(root, "/a1/{b1,gone}") == ["b1"]
        with pytest.raises(PermissionError):
            found(root, "/a1/b*")
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("path", ["/gone", "/gone/b", "/a1/gone", "/", "/gone/b*"])
def test_what_is_not_there_is_not_found(root: Root, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        found(root, path)


@pytest.mark.parametrize(
    "path",
    [
        "/" + "{a,b}" * 7,
        "/{" + "," * 64 + "}",
        "/*" + "/x" * limits.LISTING_DEPTH,
        "/{a,b,c}*/" + "/".join(["x" * 250] * 15),
    ],
    ids=["braces", "commas", "deep", "long"],
)
def test_a_pattern_that_stands_for_too_much_is_refused(root: Root, path: str) -> None:
    with pytest.raises(OSError, match="too long"):
        Expansion(root, path, only_directories=False)


@pytest.mark.parametrize(
    ("bound", "value"),
    [("EXPANDED_DIRECTORIES", 5), ("EXPANDED_LETTERS", 20), ("EXPANDED_STEPS", 60)],
)
def test_wildcards_that_lead_too_far_are_refused(
    root: Root, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(limits, bound, value)

    assert found(root, "/c/*") == ["b1"]
    with pytest.raises(OSError, match="too long"):
        found(root, "/*/*/*")


def test_only_what_may_hold_something_counts_as_a_directory(
    root: Root, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        (tree / f"c/{number}").touch()
    monkeypatch.setattr(limits, "EXPANDED_DIRECTORIES", 5)

    assert found(root, "/c/*/*") == ["b1/4.txt"]


def test_links_to_themselves_end(root: Root, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXPANDED_DIRECTORIES", 2000)
    for number in range(12):
        (tree / f"self{number}").symlink_to(".")

    with pytest.raises(OSError, match="too long"):
        found(root, "/self*" * 20)
    assert len(found(root, "/self*" * 3)) == 12**3


def test_a_search_that_finds_nothing_can_be_ended(root: Root, tree: Path) -> None:
    for number in range(1000):
        (tree / f"c/{number:0200}").touch()
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise BrokenPipeError

    expansion = Expansion(root, "/c/none*", only_directories=False)
    with pytest.raises(BrokenPipeError):
        list(expansion.matches(check))
    expansion.close()


def test_a_directory_stays_open_until_the_next(root: Root) -> None:
    expansion = Expansion(root, "/a*/b1", only_directories=False)
    first = expansion.directory("a1/")
    assert expansion.directory("a1/") == first
    assert os.listdir(f"/proc/self/fd/{first}")[0] in ("b1", "b2")
    second = expansion.directory("a2/")
    assert ".b" in os.listdir(f"/proc/self/fd/{second}")
    with pytest.raises(FileNotFoundError):
        expansion.directory("gone/")
    expansion.close()
