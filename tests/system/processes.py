# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a machine with ftpsd: which there are, and what is left when one is killed."""

from __future__ import annotations

from collections.abc import Callable

from ftp_session import Session
from machine import Machine, eventually

SERVICES = ("ftpsd-helper.service", "ftpsd-ports.service")
OWN = ("session", "worker")
SHARED = ("spawner", "helper", "ports")


def main_pid(machine: Machine, unit: str) -> str:
    return machine.run("systemctl", "show", "--property=MainPID", "--value", unit).stdout.strip()


def only(machine: Machine, user: str, command: str) -> str:
    pattern = f"ftpsd/__main__.py {command}"
    (pid,) = machine.run("pgrep", "--uid", user, "--full", pattern).stdout.split()
    return pid


def spawner(machine: Machine) -> str:
    """Find the process that the workers are forked from; one that waits to be one is its child."""
    helper = main_pid(machine, "ftpsd-helper.service")
    (pid,) = machine.run("pgrep", "--parent", helper, "--full", "spawner").stdout.split()
    return pid


def next_worker(machine: Machine) -> str:
    """Find the process that waits to be the next worker, and is still root's."""
    parent = spawner(machine)
    (pid,) = machine.run("pgrep", "--parent", parent, "--uid", "root").stdout.split()
    return pid


PROCESSES: dict[str, Callable[[Machine, Session], str]] = {
    "session": lambda machine, session: main_pid(machine, session.unit),
    "worker": lambda machine, _: only(machine, "anna", "spawner"),
    "next worker": lambda machine, _: next_worker(machine),
    "spawner": lambda machine, _: spawner(machine),
    "helper": lambda machine, _: main_pid(machine, "ftpsd-helper.service"),
    "ports": lambda machine, _: main_pid(machine, "ftpsd-ports.service"),
}


def kill(machine: Machine, process: str, concerned: Session) -> None:
    """Kill a process, and see it gone."""
    pid = PROCESSES[process](machine, concerned)
    machine.run("kill", "-KILL", pid)
    eventually(lambda: machine.run("test", "-e", f"/proc/{pid}", check=False).returncode)


def new_logins_work(machine: Machine) -> bool:
    with Session(machine, "anna") as anna, Session(machine, "bob") as bob:
        return anna.works() and bob.works()


def gone(machine: Machine, unit: str) -> bool:
    """Wait until nothing is left of a session of anna: no unit, no worker."""

    def nothing() -> bool:
        units = machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", unit)
        workers = machine.run("pgrep", "--uid", "anna", "--full", "ftpsd", check=False)
        return units.stdout + workers.stdout == ""

    return eventually(nothing)
