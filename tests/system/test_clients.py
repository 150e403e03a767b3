# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that people use copy whole trees, whatever the files are called, byte for byte."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import pytest
import trees
from clients import CANNOT_NAME, CLIENTS, IPV4, IPV6, USER, Copy
from machine import Machine

HOME = f"/home/{USER}"
LOCAL = "/var/tmp/clients"
UPLOADERS = [name for name in CLIENTS if name != "wget"]
OTHER_WAYS = [(IPV4, True), (IPV6, False)]
LARGE = "head --bytes=1G /dev/zero | openssl enc -aes-128-ctr -K 0 -iv 0 2>/dev/null >large"
# lftp's first way compresses, which takes long for what cannot be made smaller
ONCE_EACH = [name for name in CLIENTS if name != "lftp"]
SIZES = {"none": 0, "one": 1, "large": 1 << 30}


def make_tree(machine: Machine, tree: str, *left_out: str) -> None:
    machine.run("python3", "/src/tests/system/trees.py", tree, *left_out, user=USER)


@pytest.fixture(scope="module", autouse=True)
def _sources(machine: Machine) -> Iterator[None]:
    """Make the trees to copy; anna's home is the same before and after."""
    before = machine.run("ls", "-A", HOME).stdout
    machine.run("install", "--directory", f"--owner={USER}", LOCAL)
    make_tree(machine, f"{HOME}/tree")
    for client, names in CANNOT_NAME.items():
        make_tree(machine, f"{HOME}/tree-{client}", *names)
    sizes = f"mkdir {HOME}/sizes; cd {HOME}/sizes; touch none; printf x >one; {LARGE}"
    machine.run("sh", "-euc", sizes, user=USER)
    yield
    script = 'cd "$0" && rm -rf tree tree-* sizes "$1"'
    machine.run("sh", "-euc", script, HOME, LOCAL)
    assert machine.run("ls", "-A", HOME).stdout == before


def copy_and_compare(machine: Machine, client: str, copy: Copy) -> None:
    """Copy a tree; hold it against the one it was copied from, and remove it again."""
    copied = f"{HOME}/{copy.remote}" if copy.upload else copy.local
    source = copy.local if copy.upload else f"{HOME}/{copy.remote}"
    try:
        said = CLIENTS[client](machine, copy)
        differences = machine.run("diff", "--recursive", "--brief", source, copied, check=False)
    finally:
        machine.run("rm", "-rf", copied)
    assert (differences.stdout, differences.stderr) == ("", ""), said


def download(tree: str, paths: Iterable[str]) -> Copy:
    return Copy(remote=tree, local=f"{LOCAL}/down", paths=list(paths))


def upload(tree: str, paths: Iterable[str]) -> Copy:
    return Copy(remote="up", local=f"{HOME}/{tree}", paths=list(paths), upload=True)


def tree_for(client: str) -> tuple[str, list[str]]:
    tree = f"tree-{client}" if client in CANNOT_NAME else "tree"
    return tree, list(trees.paths(CANNOT_NAME.get(client, ())))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_thousand_files_come_down_whole(machine: Machine, client: str) -> None:
    tree, paths = tree_for(client)
    assert len(paths) == 1000
    copy_and_compare(machine, client, download(tree, paths))


@pytest.mark.parametrize("client", UPLOADERS)
def test_a_thousand_files_go_up_whole(machine: Machine, client: str) -> None:
    tree, paths = tree_for(client)
    copy = upload(tree, paths)
    copy_and_compare(machine, client, dataclasses.replace(copy, host=IPV6, active=True))


@pytest.mark.parametrize(("host", "active"), OTHER_WAYS)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_way_leads_down(machine: Machine, client: str, host: str, active: bool) -> None:
    tree, _ = tree_for(client)
    copy = download(f"{tree}/-dash", trees.names(CANNOT_NAME.get(client, ())))
    copy_and_compare(machine, client, dataclasses.replace(copy, host=host, active=active))


@pytest.mark.parametrize(("host", "active"), OTHER_WAYS)
@pytest.mark.parametrize("client", UPLOADERS)
def test_every_way_leads_up(machine: Machine, client: str, host: str, active: bool) -> None:
    copy = upload("tree/-dash", trees.NAMES)
    copy_and_compare(machine, client, dataclasses.replace(copy, host=host, active=active))


@pytest.mark.parametrize("client", ONCE_EACH)
def test_files_of_every_size_come_down_whole(machine: Machine, client: str) -> None:
    copy_and_compare(machine, client, download("sizes", SIZES))


@pytest.mark.parametrize("client", [name for name in UPLOADERS if name in ONCE_EACH])
def test_files_of_every_size_go_up_whole(machine: Machine, client: str) -> None:
    copy_and_compare(machine, client, upload("sizes", SIZES))
