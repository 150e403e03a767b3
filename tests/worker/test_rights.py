# SPDX-License-Identifier: GPL-3.0-or-later
"""What the settings forbid no request can do, by whatever name or link; see tests/settings too."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from asking import create, reason
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.options import OPTIONS, RIGHTS, Settings, read_section, write_section
from ftpsd.wire import files
from ftpsd.wire.files import FILES
from ftpsd.worker import files as handlers
from ftpsd.worker.beneath import Root
from ftpsd.worker.rights import EVERYTHING, NEEDED, Rights
from ftpsd.worker.tree import remove_tree

FREE = {files.Describe, files.Enter, files.GetSpace, files.Finish}
"""Requests that take no right."""


def rooted(jail: Path, **chosen: Any) -> Root:
    return Root(str(jail), Rights(Settings(**chosen)))


def forbidden(root: Root, path: str, mode: str = "store", offset: int = 0) -> str:
    try:
        os.close(create(root, path, mode, offset).file_fd)
    except files.Refused as refused:
        return refused.reason
    except OSError as error:
        return str(error.errno)
    return ""


def test_every_request_takes_a_right_that_there_is_or_none() -> None:
    assert set(NEEDED) | FREE == set(FILES.calls.values())
    assert set(NEEDED.values()) <= set(RIGHTS)


@pytest.mark.parametrize("kind", NEEDED, ids=lambda kind: kind.__name__)
def test_a_request_without_its_right_is_refused(kind: type[Any]) -> None:
    request: Any = object.__new__(kind)
    EVERYTHING.admit(request)
    without: dict[str, Any] = {NEEDED[kind]: False}
    with pytest.raises(files.Refused) as refused:
        Rights(Settings(**without)).admit(request)

    assert refused.value.reason == "forbidden"


@pytest.mark.parametrize("path", ["/full/file", "/full", "/full/../in", "/in", "/up/full/file"])
def test_what_is_denied_is_reached_by_no_link(jail: Path, path: str) -> None:
    (jail / "way").symlink_to("full")
    root = rooted(jail, deny_names=("full",))

    assert reason(lambda: root.open(path, os.O_PATH)) == "denied"
    assert reason(lambda: root.open("/way/file", os.O_PATH)) == "denied"
    assert reason(lambda: create(root, "/way/new")) == "denied"
    assert reason(lambda: create(root, "/way/new", "unique")) == "denied"
    assert os.listdir(jail / "full") == ["file"]
    os.close(root.open("/empty", os.O_PATH))
    os.close(root.fd)


def test_the_name_of_the_root_itself_is_not_denied(jail: Path) -> None:
    root = rooted(jail, deny_names=("jail",))
    os.close(root.open("/full/file", os.O_PATH))
    os.close(root.fd)


def test_a_tree_with_what_is_denied_in_it_is_not_removed_further(jail: Path) -> None:
    (jail / "empty" / "key").write_text("")
    root = rooted(jail, deny_names=("key",))

    assert reason(lambda: list(remove_tree(root, "/empty"))) == "denied"
    assert (jail / "empty" / "key").exists()
    os.close(root.fd)


def test_a_name_for_uploads_holds_for_what_a_link_leads_to(jail: Path) -> None:
    (jail / "x.txt").symlink_to("full/file")
    root = rooted(jail, upload_names=("*.txt",))

    assert forbidden(root, "/x.txt") == "forbidden"
    assert forbidden(root, "/new.txt") == ""
    assert forbidden(root, "/new.txt", "append") == ""
    assert forbidden(root, "/new") == "forbidden"
    os.close(root.fd)


def test_a_unique_file_gets_a_name_for_uploads_and_none_that_is_denied(jail: Path) -> None:
    (jail / "x.txt").write_text("")
    root = rooted(jail, upload_names=("*.txt",), deny_names=("x.2.*",))
    assert forbidden(root, "/x.txt", "unique") == ""
    assert (jail / "x.1.txt").exists()
    assert reason(lambda: create(root, "/x.txt", "unique")) == "denied"
    assert forbidden(root, "/upload", "unique") == "forbidden"
    os.close(root.fd)
    root = rooted(jail, upload_names=("x.txt", "x.1.txt"))
    assert forbidden(root, "/x.txt", "unique") == "forbidden"
    os.close(root.fd)

    assert not (jail / "x.2.txt").exists()


def test_a_name_for_downloads_holds_for_what_a_link_leads_to(jail: Path) -> None:
    (jail / "x.txt").symlink_to("full/file")
    root = rooted(jail, download_names=("*.txt",))
    with pytest.raises(files.Refused):
        handlers.open_file(root, files.Open(path="/x.txt"))
    with pytest.raises(files.Refused):
        handlers.rename(root, files.Rename(path="/full/file", new_path="/full/y.txt"))
    handlers.rename(root, files.Rename(path="/full/file", new_path="/full/other"))
    os.close(root.fd)


def test_to_add_is_not_to_replace(jail: Path) -> None:
    root = rooted(jail, overwrite=False)
    assert reason(lambda: create(root, "/full/file")) == "exists"
    assert forbidden(root, "/full/file", "store", 3) == "forbidden"
    assert forbidden(root, "/full/file", "store", 7) == ""
    assert forbidden(root, "/full/file", "append") == ""
    assert forbidden(root, "/new") == ""
    os.close(root.fd)
    root = rooted(jail, append=False)
    assert reason(lambda: create(root, "/full/file", "append")) == "exists"
    assert forbidden(root, "/full/file", "store", 7) == "forbidden"
    assert forbidden(root, "/full/file", "store", 3) == ""
    assert forbidden(root, "/full/file") == ""
    os.close(root.fd)


NEEDS = {
    ("store", 0): "overwrite",
    ("store", 3): "overwrite",
    ("store", 7): "append",
    ("append", 0): "append",
}
"""Which right it takes to open a file of seven bytes that is there; no other way is open."""


@pytest.mark.parametrize("given", [(), ("overwrite",), ("append",), ("overwrite", "append")])
@pytest.mark.parametrize("offset", [-1, 0, 3, 7, 8])
@pytest.mark.parametrize("mode", ["store", "append", "unique"])
def test_a_file_that_is_there_is_opened_by_the_right_to_change_it_so(
    jail: Path, mode: str, offset: int, given: tuple[str, ...]
) -> None:
    root = rooted(jail, overwrite="overwrite" in given, append="append" in given)
    granted = forbidden(root, "/full/file", mode, offset) == ""
    os.close(root.fd)

    if (mode, offset) == ("unique", 0):
        assert granted
    else:
        assert granted == (NEEDS.get((mode, offset)) in given)
        assert os.listdir(jail / "full") == ["file"]


@pytest.mark.parametrize("mode", ["append", "unique"])
@pytest.mark.parametrize("path", ["/new", "/full/file"])
def test_an_offset_is_for_storing_alone(jail: Path, mode: str, path: str) -> None:
    root = rooted(jail)
    assert reason(lambda: create(root, path, mode, 7)) == "range"
    os.close(root.fd)

    assert not (jail / "new").exists()


def test_without_overwriting_a_new_name_replaces_nothing(jail: Path) -> None:
    (jail / "other").write_text("other")
    root = rooted(jail, overwrite=False)
    over = files.Rename(path="/other", new_path="/full/file")

    assert reason(lambda: handlers.rename(root, over)) == "exists"
    handlers.rename(root, files.Rename(path="/other", new_path="/new"))
    assert ((jail / "full/file").read_text(), (jail / "new").read_text()) == ("content", "other")
    os.close(root.fd)


VALUES = {
    name: [OPTIONS[name].default, OPTIONS[name].metadata["parse"](text)]
    for name, text in {
        "Write": "no",
        "HideNames": "* 'a b'",
        "UMask": "077",
        "Root": "/srv/%u",
        "ListDotFiles": "no",
    }.items()
}


@given(st.fixed_dictionaries({OPTIONS[n].name: st.sampled_from(v) for n, v in VALUES.items()}))
def test_settings_arrive_as_they_were_sent(values: dict[str, Any]) -> None:
    chosen = Settings(**values)

    assert read_section(write_section(chosen, "Files")) == chosen
    other = dataclasses.replace(chosen, idle_timeout_sec=7)
    assert read_section(write_section(other, "Files")) == chosen
