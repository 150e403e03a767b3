# SPDX-License-Identifier: GPL-3.0-or-later
"""More clients, of every language, list, copy, resume, rename and remove, whatever the names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients_more import CANNOT_DO, CLIENTS, LOCAL, REMOTE, USER, names_for
from machine import Machine, eventually

pytestmark = pytest.mark.parametrize("machine", ["clients-trixie"], indirect=True, scope="session")

HOME = f"/home/{USER}"
WORK = f"{HOME}/{REMOTE}"
# aria2 goes on at a multiple of 16 KiB
WHOLE, PART = 3_000_000, 75 << 14
LARGE = f"head --bytes={WHOLE} /dev/zero | openssl enc -aes-128-ctr -K 0 -iv 0 2>/dev/null"

# A directory, "files" or "tree", and names; in a tree every other is that of nested directories.
MAKE = """
import sys
sys.path.append("/src/tests/system")
import pathlib, trees
directory, kind, *names = sys.argv[1:]
for number, name in enumerate(names):
    path = pathlib.Path(directory, name)
    if kind == "tree" and number % 2:
        path = path / name / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(trees.content(name))
if kind == "tree":
    pathlib.Path(directory, "empty").mkdir()
"""


def able(chore: str) -> pytest.MarkDecorator:
    """Ask for all clients that can do a chore."""
    able = [client for client in CLIENTS if chore not in CANNOT_DO.get(client, ())]
    return pytest.mark.parametrize("client", able)


@pytest.fixture(autouse=True)
def _directories(machine: Machine) -> Iterator[None]:
    """Give anna a directory there and one here; afterwards her home is as it was."""
    before = machine.run("ls", "-A", HOME).stdout
    there_and_here = (WORK, LOCAL, f"{LOCAL}-home")
    machine.run("mkdir", *there_and_here, user=USER)
    yield
    # ncftp does not ask HOME where it is
    machine.run("rm", "-rf", *there_and_here, f"{HOME}/.ncftp")
    assert machine.run("ls", "-A", HOME).stdout == before


def make(machine: Machine, directory: str, names: list[str], kind: str = "files") -> None:
    machine.run("python3", "-c", MAKE, directory, kind, *names, user=USER)


def entries(machine: Machine, directory: str) -> list[str]:
    script = "import os, sys; print(*sorted(os.listdir(sys.argv[1])), sep=chr(10))"
    return machine.run("python3", "-c", script, directory).stdout.splitlines()


def differences(machine: Machine, one: str, other: str) -> str:
    done = machine.run("diff", "--recursive", "--brief", one, other, check=False)
    return done.stdout + done.stderr


@able("list")
def test_a_list_tells_every_name(machine: Machine, client: str) -> None:
    names = names_for(client)
    make(machine, WORK, names)
    said = CLIENTS[client](machine, "list", [])

    assert sorted(said.splitlines()) == sorted(names)


@able("get")
def test_files_come_down_whole(machine: Machine, client: str) -> None:
    names = names_for(client)
    make(machine, WORK, names)
    said = CLIENTS[client](machine, "get", names)

    assert differences(machine, WORK, LOCAL) == "", said
    assert entries(machine, LOCAL) == sorted(names)


@able("put")
def test_files_go_up_whole(machine: Machine, client: str) -> None:
    names = names_for(client)
    make(machine, LOCAL, names)
    said = CLIENTS[client](machine, "put", names)

    assert differences(machine, LOCAL, WORK) == "", said
    assert entries(machine, WORK) == sorted(names)


@pytest.mark.parametrize(
    ("client", "chore"),
    [
        (client, chore)
        for client in CLIENTS
        for chore in ("reget", "reput")
        if chore not in CANNOT_DO.get(client, ())
    ],
)
def test_transfers_go_on_where_they_stopped(machine: Machine, client: str, chore: str) -> None:
    source, target = (WORK, LOCAL) if chore == "reget" else (LOCAL, WORK)
    prepare = f'{LARGE} >"$0/large file"; head --bytes={PART} "$0/large file" >"$1/large file"'
    machine.run("sh", "-euc", prepare, source, target, user=USER)
    left = (f"FTPSD_PATH=/{REMOTE}/large file", f"FTPSD_BYTES={WHOLE - PART}")
    before = len(machine.journal(*left))
    said = CLIENTS[client](machine, chore, ["large file"])

    assert differences(machine, source, target) == "", said
    # the entry comes after the reply, and the client need not wait for it
    assert eventually(lambda: len(machine.journal(*left)) - before) == 1, said


@able("rename")
def test_files_and_directories_are_renamed(machine: Machine, client: str) -> None:
    names = names_for(client)[::3]
    make(machine, WORK, names)
    machine.run("mkdir", f"{WORK}/directory", user=USER)
    pairs = [*zip(names, (f"{name} of old" for name in names), strict=True), ("directory", "d")]
    CLIENTS[client](machine, "rename", [name for pair in pairs for name in pair])

    assert entries(machine, WORK) == sorted(new for _, new in pairs)


@able("delete")
def test_files_are_deleted_and_no_others(machine: Machine, client: str) -> None:
    names = names_for(client)
    make(machine, WORK, names)
    CLIENTS[client](machine, "delete", names[::2])

    assert entries(machine, WORK) == sorted(names[1::2])


@able("gettree")
def test_a_tree_comes_down_whole(machine: Machine, client: str) -> None:
    make(machine, f"{WORK}/a tree", names_for(client), "tree")
    said = CLIENTS[client](machine, "gettree", ["a tree"])

    assert differences(machine, WORK, LOCAL) == "", said


@able("puttree")
def test_a_tree_goes_up_whole(machine: Machine, client: str) -> None:
    make(machine, f"{LOCAL}/a tree", names_for(client), "tree")
    said = CLIENTS[client](machine, "puttree", ["a tree"])

    assert differences(machine, LOCAL, WORK) == "", said


@able("rmtree")
def test_a_tree_is_removed_and_nothing_else(machine: Machine, client: str) -> None:
    make(machine, f"{WORK}/a tree", names_for(client), "tree")
    make(machine, f"{WORK}/another", ["file"])
    CLIENTS[client](machine, "rmtree", ["a tree"])

    assert entries(machine, WORK) == ["another"]
    assert entries(machine, f"{WORK}/another") == ["file"]
