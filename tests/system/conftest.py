# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the system tests: Debian machines, with and without ftpsd."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import SUITES, CommandFailed, Machine


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("system")
            item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """Name the tests that one process runs one after the other, in one machine of theirs.

    Those that mostly wait, for a wrong password is slowed, have others run beside them.
    """
    suite = next((suite for suite in SUITES if suite in item.name), item.path.stem)
    where = item.path.parent.name, item.path.stem
    kinds = ("hostile", "test_login", "test_brute_force", "test_burst")
    kind = next((kind for kind in kinds if any(one.startswith(kind) for one in where)), "")
    return f"{suite} {kind}"


def _machine(suite: str) -> Machine:
    if os.geteuid() != 0:
        pytest.fail("system tests boot machines, which needs root", pytrace=False)
    return Machine(suite)


@pytest.fixture(params=SUITES)
def bare_machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Give a machine of this test's own, without ftpsd."""
    with _machine(request.param) as machine:
        yield machine


@pytest.fixture(scope="session", params=SUITES)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Give the machine with ftpsd that all tests share: they leave it as they found it."""
    with _machine(request.param) as machine:
        # there is no network but the loopback: with these it is several clients and servers
        for address in ("192.0.2.1/32", "198.51.100.1/32", "2001:db8::1/128", "2001:db8::2/128"):
            machine.run("ip", "address", "add", address, "dev", "lo")
        machine.add_user("anna", "Annas Passwort 1")
        machine.add_user("bob", "bob's password 2")
        # most tests look at what passes; those of TLS take this away
        machine.write("/etc/ftpsd/ftpsd.conf.d/00-clear.conf", "[TLS]\nRequireTLS=no\n")
        try:
            machine.install()
        except CommandFailed as failed:
            journal = machine.run("journalctl", "--lines=80", check=False).stdout
            pytest.fail(f"install.sh in {machine.suite}: {failed}\n{journal}", pytrace=False)
        yield machine
