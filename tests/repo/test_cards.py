# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of each process is true: its unit says the same, and its imports do."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADS = ("Process", "Runs as", "Holds", "Trusts", "Must not")
UNITS = {
    "session": "ftpsd@.service",
    "helper": "ftpsd-helper.service",
    "ports": "ftpsd-ports.service",
    "owner": "ftpsd-owner.service",
    # Forked by the helper's spawner: what its unit takes away, workers have not either.
    "worker": "ftpsd-helper.service",
}
EVERYWHERE = {
    "NoNewPrivileges": "yes",
    "AmbientCapabilities": "",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "PrivateDevices": "yes",
    "ProtectProc": "invisible",
    "LimitCORE": "0",
}


def card(process: str) -> dict[str, str]:
    """Read a package docstring: each head, and the text that stands beside and beneath it."""
    text = importlib.import_module(f"ftpsd.{process}").__doc__ or ""
    found: dict[str, str] = {}
    head = ""
    for line in text.splitlines():
        named = re.match(rf"({'|'.join(HEADS)}): +(.*)", line)
        if named:
            head = named[1]
            found[head] = named[2]
        elif head and line.startswith(" " * 10):
            found[head] += " " + line.strip()
    return found


def unit(name: str) -> dict[str, list[str]]:
    """Read a unit: each key and its values in order."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "units" / name).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and line[0] not in "#;":
            found.setdefault(key, []).append(value)
    return found


def last(name: str, key: str) -> str | None:
    values = unit(name).get(key)
    return values[-1] if values is not None else None


@pytest.mark.parametrize("process", UNITS)
def test_a_card_has_all_its_heads(process: str) -> None:
    found = card(process)

    assert tuple(found) == HEADS
    assert all(found.values())


@pytest.mark.parametrize("process", ["session", "helper", "ports", "owner"])
def test_a_card_names_its_unit_and_the_unit_starts_it(process: str) -> None:
    command = last(UNITS[process], "ExecStart") or ""

    assert UNITS[process] in card(process)["Process"]
    assert command.split()[-1] == process
    assert {"-I", "-S"} <= set(command.split())


@pytest.mark.parametrize("process", ["session", "helper", "ports", "owner"])
def test_who_a_card_says_it_runs_as_its_unit_says(process: str) -> None:
    dynamic = "DynamicUser" in card(process)["Runs as"]

    assert last(UNITS[process], "DynamicUser") == ("yes" if dynamic else None)
    assert last(UNITS[process], "User") is None
    assert dynamic != card(process)["Runs as"].startswith("root")


@pytest.mark.parametrize("process", ["session", "helper", "ports", "owner"])
def test_the_capabilities_of_a_card_are_those_of_its_unit(process: str) -> None:
    runs_as = card(process)["Runs as"]
    # "at most": what a drop-in may add, and the unit itself does not give.
    given_always = set() if "at most" in runs_as else set(re.findall(r"CAP_\w+", runs_as))

    assert set((last(UNITS[process], "CapabilityBoundingSet") or "").split()) == given_always


@pytest.mark.parametrize("process", ["session", "helper", "owner"])
def test_who_has_no_network_on_its_card_has_none_in_its_unit(process: str) -> None:
    assert "without a network" in card(process)["Runs as"]
    assert last(UNITS[process], "PrivateNetwork") == "yes"
    assert last(UNITS[process], "RestrictAddressFamilies") == "AF_UNIX"
    assert last(UNITS[process], "IPAddressDeny") == "any"


@pytest.mark.parametrize("process", ["session", "ports", "owner"])
def test_who_has_no_files_on_its_card_has_none_in_its_unit(process: str) -> None:
    shown = " ".join(unit(UNITS[process])["BindReadOnlyPaths"]).split()

    assert re.search("without files|or a file", card(process)["Runs as"])
    assert last(UNITS[process], "RootDirectory") == "/run/ftpsd/root"
    own = {"-/etc/ssl/openssl.cnf", "-/etc/ftpsd/greetings:/etc/ftpsd.greetings"}
    runtime = {"/usr/lib", "/usr/bin/python3", "/run/systemd/journal/socket"}
    assert set(shown) == (runtime | own if process == "session" else runtime)
    assert last(UNITS[process], "ProtectSystem") == "strict"
    assert "BindPaths" not in unit(UNITS[process])


@pytest.mark.parametrize("process", ["session", "helper", "ports", "owner"])
@pytest.mark.parametrize("key", EVERYWHERE)
def test_what_nobody_needs_nobody_has(process: str, key: str) -> None:
    needed = process == "owner" and key == "AmbientCapabilities"

    assert last(UNITS[process], key) == ("CAP_CHOWN" if needed else EVERYWHERE[key])


@pytest.mark.parametrize("process", ["session", "ports", "owner"])
def test_no_session_can_signal_or_trace_another(process: str) -> None:
    denied = " ".join(one for one in unit(UNITS[process])["SystemCallFilter"] if one[0] == "~")

    for call in ("kill", "tkill", "tgkill", "pidfd_send_signal", "ptrace", "process_vm_readv"):
        assert call in re.split(r"[ ~]", denied)


def test_a_session_can_make_no_connection() -> None:
    denied = " ".join(one for one in unit(UNITS["session"])["SystemCallFilter"] if one[0] == "~")

    assert {"connect", "bind", "listen"} <= set(denied.split())


def test_workers_are_not_ended_with_the_helper() -> None:
    assert last(UNITS["helper"], "KillMode") == "process"


def test_who_hangs_in_a_file_system_is_soon_followed_by_another() -> None:
    """systemd waits four times: for SIGTERM and SIGKILL, and for each of them once more."""
    assert last("ftpsd-owner.service", "TimeoutStopSec") == "1"


@pytest.mark.parametrize(
    "name", ["ftpsd-helper.socket", "ftpsd-ports.socket", "ftpsd-owner.socket"]
)
def test_only_root_reaches_what_root_alone_may_ask(name: str) -> None:
    assert last(name, "SocketMode") == "0600"


def test_a_remote_client_cannot_switch_the_socket_off() -> None:
    assert last("ftpsd.socket", "TriggerLimitIntervalSec") == "0"
    assert last("ftpsd@.service", "CollectMode") == "inactive-or-failed"


BANNED = {
    "session": (
        "ssl",
        "asyncio",
        "dataclasses",
        "typing",
        "os",
        "collections",
        "pam",
        "pwd",
        "grp",
        "logging",
        "ftpsd.helper",
        "ftpsd.worker",
        "ftpsd.ports",
        "ftpsd.admin",
        "ftpsd.options",
    ),
    "helper": (
        "ssl",
        "asyncio",
        "logging",
        "ftpsd.protocol",
        "ftpsd.wire.files",
        "ftpsd.wire.ports",
        "ftpsd.landlock",
        "ftpsd.seccomp",
        "ftpsd.session",
        "ftpsd.worker",
        "ftpsd.ports",
        "ftpsd.admin",
    ),
    "spawner": (
        "ssl",
        "asyncio",
        "pam",
        "logging",
        "ftpsd.helper.password",
        "ftpsd.helper.login",
        "ftpsd.session",
        "ftpsd.ports",
        "ftpsd.admin",
        "ftpsd.protocol.line",
        "ftpsd.protocol.argument",
        "ftpsd.protocol.address",
    ),
    "ports": (
        "ssl",
        "asyncio",
        "pam",
        "pwd",
        "logging",
        "ftpsd.protocol",
        "ftpsd.options",
        "ftpsd.session",
        "ftpsd.helper",
        "ftpsd.worker",
        "ftpsd.admin",
    ),
}
PROGRAM = """
import sys, types
sys.path[:0] = [sys.argv[1]]
sys.path.append("/usr/lib/python3/dist-packages")
loaded = set(sys.modules)
for name in ("systemd", "systemd.daemon", "systemd._daemon", "systemd._journal", "prctl"):
    try:
        __import__(name)
    except ImportError:
        stub = sys.modules[name] = types.ModuleType(name)
        stub.__path__ = []
        stub.notify = stub.sendv = stub.listen_fds_with_names = None
for name in sys.argv[2:]:
    __import__(name)
print(*sorted(set(sys.modules) - loaded - {"types"}))
"""


def imported(body: list[ast.stmt]) -> set[str]:
    return {
        node.module
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.ImportFrom) and node.module
    }


def entry_modules(process: str) -> set[str]:
    """Give what the entry of a process imports, and what its `main` imports then.

    Of a session all that it may load, which it does with the command that needs it.
    """
    tree = ast.parse((ROOT / "ftpsd/__main__.py").read_text())
    (entry,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == f"_{process}"
    )
    modules = imported(entry.body)
    for module in list(modules - {"ftpsd"}):
        source = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
        for node in source.body:
            if isinstance(node, ast.FunctionDef) and node.name in ("main", "start"):
                modules |= imported(node.body)
    if process == "session":
        own = (ROOT / "ftpsd/session").rglob("*.py")
        modules |= {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in own}
    return modules


@pytest.mark.parametrize("process", BANNED)
def test_a_process_loads_nothing_that_is_not_its_business(process: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(ROOT)]
    modules = entry_modules(process)
    done = subprocess.run([*command, *modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    found = [
        name
        for name in loaded
        for one in BANNED[process]
        if name == one or name.startswith(f"{one}.")
    ]

    assert modules
    assert found == []


@pytest.mark.parametrize("process", BANNED)
def test_every_process_is_started_by_its_name(process: str) -> None:
    source = (ROOT / "ftpsd/__main__.py").read_text()

    assert f'"{process}": _{process},' in source
