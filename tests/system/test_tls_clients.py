# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that people use copy a tree under TLS both ways, byte for byte."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import pytest
import trees
from clients import CANNOT_NAME, USER, Copy
from clients_tls import CLIENTS, service
from drop_ins import setting
from machine import Machine
from tls_session import NAME

HOME = f"/home/{USER}"
LOCAL = "/var/tmp/clients"
LARGE = "openssl enc -aes-128-ctr -K 0 -iv 0 </dev/zero 2>/dev/null | head --bytes=32M >large"
ALL, FEW = 1, 5
RESUMING = [name for name, client in CLIENTS.items() if client.resumes]

# A directory and names.
MAKE = """
import sys
sys.path.append("/src/tests/system")
import pathlib, trees
directory, *names = sys.argv[1:]
for name in names:
    pathlib.Path(directory, name).write_bytes(trees.content(name))
"""


def names(kind: str, share: int) -> list[str]:
    return trees.names(CANNOT_NAME.get(kind, ()))[::share]


@pytest.fixture(scope="module", autouse=True)
def _service(machine: Machine) -> Iterator[None]:
    """Give trees to copy, below LOCAL; anna's home is the same before and after."""
    before = machine.run("ls", "-A", HOME).stdout
    for kind, share in itertools.product(("", *CANNOT_NAME), (ALL, FEW)):
        tree = f"{LOCAL}/tree-{kind}-{share}"
        machine.run("mkdir", "-p", f"{tree}/a directory")
        machine.run("python3", "-c", MAKE, f"{tree}/a directory", *names(kind, share))
        machine.run("sh", "-euc", f"cd {tree}; touch none; {LARGE}")
    machine.run("chown", "-R", USER, LOCAL)
    with service(machine):
        yield
    machine.run("rm", "-rf", LOCAL)
    assert machine.run("ls", "-A", HOME).stdout == before


def differences(machine: Machine, one: str, other: str) -> str:
    done = machine.run("diff", "--recursive", "--brief", one, other, check=False)
    return done.stdout + done.stderr


def there_and_back(machine: Machine, name: str, share: int) -> None:
    """Copy a tree to anna's home and back; each time hold it against what it should be."""
    client, program = CLIENTS[name], name.partition(",")[0]
    kind = program if program in CANNOT_NAME else ""
    tree, there, back = f"{LOCAL}/tree-{kind}-{share}", f"{HOME}/there", f"{LOCAL}/back"
    files = [f"a directory/{one}" for one in names(kind, share)]
    up = Copy(
        remote="there",
        local=tree,
        paths=["none", "large", *files],
        host=NAME,
        active=client.active,
        upload=True,
        scheme=client.scheme,
        options=client.options,
    )
    down = dataclasses.replace(up, local=back, active=False, upload=False)
    try:
        if program == "wget":
            machine.run("cp", "-a", tree, there)
        else:
            said = client.copy(machine, up)
            assert differences(machine, tree, there) == "", said
        said = client.copy(machine, down)
        assert differences(machine, tree, back) == "", said
    finally:
        machine.run("rm", "-rf", there, back)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_tree_is_whole_after_both_ways(machine: Machine, client: str) -> None:
    there_and_back(machine, client, ALL if CLIENTS[client].quick else FEW)


@pytest.mark.parametrize("client", RESUMING)
def test_so_it_is_where_data_connections_have_to_resume(machine: Machine, client: str) -> None:
    share = ALL if client == "ftplib, a ticket once" else FEW
    with setting(machine, "[TLS]\nTLSResumption=require\n"):
        there_and_back(machine, client, share)
