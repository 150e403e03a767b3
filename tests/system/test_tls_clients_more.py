# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of every language list, send and fetch under TLS, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients_more import LOCAL, OVER_TLS, USER, names_for
from clients_tls import service
from drop_ins import setting
from machine import Machine
from test_clients_more import WORK, _directories, differences, entries, make

pytestmark = pytest.mark.parametrize("machine", ["clients-trixie"], indirect=True, scope="session")
__all__ = ("_directories",)

LARGE = "openssl enc -aes-128-ctr -K 0 -iv 0 </dev/zero 2>/dev/null | head --bytes=32M"


@pytest.fixture(scope="module", autouse=True)
def _service(machine: Machine) -> Iterator[None]:
    with service(machine):
        yield


def there_and_back(machine: Machine, client: str, names: list[str]) -> None:
    """Send a tree, list it and fetch it again; hold both copies against what was sent."""
    chore = OVER_TLS[client]
    make(machine, f"{LOCAL}/a tree", [*names, "large"], "files")
    machine.run("sh", "-euc", f'{LARGE} >"$0/large"', f"{LOCAL}/a tree")
    said = chore(machine, "puttree", ["a tree"])
    assert differences(machine, LOCAL, WORK) == "", said
    machine.run("mv", f"{LOCAL}/a tree", f"{LOCAL}-sent")
    try:
        said = chore(machine, "gettree", ["a tree"])
        assert differences(machine, f"{LOCAL}-sent", f"{LOCAL}/a tree") == "", said
        assert entries(machine, LOCAL) == ["a tree"]
    finally:
        machine.run("rm", "-rf", f"{LOCAL}-sent")
    assert chore(machine, "list", []).rstrip("/\n") == "a tree"


@pytest.mark.parametrize("client", OVER_TLS)
def test_a_tree_is_whole_after_both_ways(machine: Machine, client: str) -> None:
    there_and_back(machine, client, names_for(client))


@pytest.mark.parametrize("client", OVER_TLS)
def test_so_it_is_where_data_connections_have_to_resume(machine: Machine, client: str) -> None:
    with setting(machine, "[TLS]\nTLSResumption=require\n"):
        there_and_back(machine, client, names_for(client)[::5])


@pytest.mark.parametrize("client", OVER_TLS)
def test_files_with_nothing_in_them_go_up(machine: Machine, client: str) -> None:
    """basic-ftp closes after such a one as soon as it has 150, be the handshake over or not."""
    machine.run("mkdir", f"{LOCAL}/empty", user=USER)
    paths = [f"{LOCAL}/empty/{number}" for number in range(50)]
    machine.run("touch", *paths, user=USER)
    said = OVER_TLS[client](machine, "puttree", ["empty"])

    assert differences(machine, LOCAL, WORK) == "", said
