# SPDX-License-Identifier: GPL-3.0-or-later
"""Becoming a user is for good; whatever is left of root is found before a request is read."""

from __future__ import annotations

import json

import pytest
from machine import Machine

PROGRAM = """
import json, os, pwd, sys
sys.path.insert(0, "/usr/local/lib/ftpsd")
sys.path.append("/usr/lib/python3/dist-packages")
from pathlib import Path
import prctl
from ftpsd.helper.account import Account
from ftpsd.helper.become import NotBecome, become, give_up, prove

who = pwd.getpwnam("anna")
anna = Account(
    user="anna", group="anna", uid=who.pw_uid, gid=who.pw_gid, groups=(who.pw_gid, 1),
    home=who.pw_dir, root=who.pw_dir, anonymous=False,
)
STATUS = Path("/proc/self/status")

def said(act):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            found = act()
        except BaseException as error:
            found = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return json.loads(text)
"""

BECOME = """
def act():
    give_up()
    become(anna)
    back = []
    for change in (
        lambda: os.setresuid(0, 0, 0), lambda: os.setresgid(0, 0, 0), lambda: os.setgroups([0]),
        lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.chown("/etc/passwd", anna.uid, -1),
        lambda: open("/etc/shadow"), lambda: os.chroot("/"), lambda: os.kill(1, 0),
        lambda: open(f"/proc/{os.getpid()}/mem", "rb"),
    ):
        try:
            change()
            back.append(True)
        except PermissionError:
            back.append(False)
    fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return {
        "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()),
        "caps": [fields[name].strip() for name in fields if name.startswith("Cap")],
        "no_new_privs": fields["NoNewPrivs"].strip(), "dumpable": prctl.get_dumpable(),
        "umask": os.umask(0), "back": back, "anna": [who.pw_uid, who.pw_gid],
    }
print(json.dumps(said(act)))
"""

STEPS = {
    "nothing": "",
    "bounding set": "prctl.capbset.limit()",
    "no new privileges": "prctl.set_no_new_privs(1)",
    "groups": "os.setgroups(anna.groups)",
    "group": "os.setresgid(*[anna.gid] * 3)",
    "user": "os.setresuid(*[anna.uid] * 3)",
    "inheritable": "prctl.cap_inheritable.limit()",
    "dumpable": "prctl.set_dumpable(0)",
}

# Not dumpable: the kernel itself sees to that when the user changes (prctl(2)).
LEFT_OUT = {
    "bounding set": "NotBecome: CapBnd",
    "no new privileges": "NotBecome: no_new_privs or dumpable",
    "groups": "NotBecome: supplementary groups",
    "group": "NotBecome: group id",
    "user": "NotBecome: Cap",
}


def run(machine: Machine, program: str) -> object:
    command = ("/usr/bin/python3", "-I", "-S", "-c", PROGRAM + program)
    return json.loads(machine.run(*command).stdout)


def test_a_worker_is_the_user_and_nothing_more(machine: Machine) -> None:
    found = run(machine, BECOME)
    assert isinstance(found, dict)
    uid, gid = found["anna"]
    state = (found["no_new_privs"], bool(found["dumpable"]), found["umask"])

    assert found["uids"] == [uid] * 3
    assert found["gids"] == [gid] * 3
    assert found["groups"] == sorted([1, gid])
    assert found["caps"] == ["0" * 16] * 5
    assert state == ("1", False, 0o022)


def test_there_is_no_way_back(machine: Machine) -> None:
    found = run(machine, BECOME)

    assert isinstance(found, dict)
    assert not any(found["back"])


@pytest.mark.parametrize("step", LEFT_OUT)
def test_a_step_left_out_is_found(machine: Machine, step: str) -> None:
    steps = "\n    ".join(code for name, code in STEPS.items() if name != step and code)
    program = f"""
def act():
    {steps}
    prove(anna, STATUS.read_bytes())
print(json.dumps(said(act)))
"""

    assert str(run(machine, program)).startswith(LEFT_OUT[step])


@pytest.mark.parametrize("wrong", ["uid=0", "gid=0", "groups=(0,)", "uid=anna.uid + 1"])
def test_whoever_is_not_the_account_is_found(machine: Machine, wrong: str) -> None:
    program = f"""
import dataclasses
def act():
    give_up()
    become(anna)
    prove(dataclasses.replace(anna, {wrong}), STATUS.read_bytes())
print(json.dumps(said(act)))
"""

    assert str(run(machine, program)).startswith("NotBecome: ")


@pytest.mark.parametrize("wrong", ["uid=0", "gid=0"])
def test_nobody_becomes_root(machine: Machine, wrong: str) -> None:
    program = f"""
import dataclasses
def act():
    become(dataclasses.replace(anna, {wrong}))
    return "became root"
print(json.dumps(said(act)))
"""

    assert str(run(machine, program)).startswith("NotBecome: ")


def test_who_has_no_right_to_change_stays_who_he_is(machine: Machine) -> None:
    program = """
def act():
    give_up()
    become(anna)
    become(anna)
print(json.dumps(said(act)))
"""

    assert "Error" in str(run(machine, program))
