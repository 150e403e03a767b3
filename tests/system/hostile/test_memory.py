# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing of a login stays where it is of no use: neither password nor hash, nor other users."""

from __future__ import annotations

import pytest
from hostile import by_root, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe

USER, PASSWORD = "zanzibar", "Swordfish-71-Xylophone"


@pytest.fixture(scope="module")
def needles(ground: Ground) -> list[str]:
    """Give the secrets of a user whom nothing else can be mistaken for."""
    ground.machine.run("sh", "-c", f"id {USER} || useradd -m -s /bin/bash {USER}")
    ground.machine.run("chpasswd", text=f"{USER}:{PASSWORD}\n")
    entry = ground.machine.run("getent", "shadow", USER).stdout.split(":")[1]
    return [PASSWORD, entry, entry.rpartition("$")[2]]


def _helper(ground: Ground) -> tuple[int, int]:
    """Give the helper's main process and its spawner."""
    main = ground.main_pid("ftpsd-helper.service")
    children = ground.machine.run("pgrep", "-P", str(main), "-f", "spawner").stdout.split()
    (spawner,) = map(int, children)
    return main, spawner


def test_no_process_keeps_password_or_hash(
    ground: Ground, probe: Probe, needles: list[str]
) -> None:
    others = ground.workers()
    assert probe.ask(wires.login, USER, PASSWORD) == "granted"
    (worker,) = ground.workers() - others
    broker = ground.main_pid("ftpsd-ports.service")
    session = ground.main_pid(ground.unit(probe))

    # where they are known to be: this search does find what is there
    assert PASSWORD in ground.by_root(by_root.found_in_memory, session, needles)
    assert ground.by_root(by_root.found_in_memory, worker, [USER]) == [USER]
    for pid in (worker, broker, *_helper(ground)):
        assert ground.by_root(by_root.found_in_memory, pid, needles) == [], pid


def test_a_worker_knows_nothing_of_who_was_there_before(
    ground: Ground, probe: Probe, sibling: Probe, needles: list[str]
) -> None:
    assert probe.ask(wires.login, USER, PASSWORD) == "granted"
    others = ground.workers()
    assert sibling.ask(wires.login, "bob", ACCOUNTS["bob"]) == "granted"
    (worker,) = ground.workers() - others

    for pid in (worker, *_helper(ground)):
        assert ground.by_root(by_root.found_in_memory, pid, [USER, *needles]) == [], pid
    assert ground.by_root(by_root.found_in_memory, worker, ["anna:", "root:x:0"]) == []


def test_processes_that_see_passwords_share_no_memory(ground: Ground) -> None:
    """What the helper has mapped shared, each attempt has, too: closures of libffi, for one."""
    for pid in _helper(ground):
        maps = ground.machine.run("cat", f"/proc/{pid}/maps").stdout.splitlines()
        assert [line for line in maps if line.split()[1] in ("rw-s", "rwxs", "r-xs")] == [], pid
