# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl import-vsftpd /etc/vsftpd.conf`: shows what it would write, or writes it."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ftpsd.admin.vsftpd.encryption import encryption
from ftpsd.admin.vsftpd.logins import login
from ftpsd.admin.vsftpd.people import policies
from ftpsd.admin.vsftpd.plan import CREDSTORE, ETC, Plan
from ftpsd.admin.vsftpd.problems import Problem, problems, untaken
from ftpsd.admin.vsftpd.reader import Read, read
from ftpsd.admin.vsftpd.remarks import remarks
from ftpsd.admin.vsftpd.report import report
from ftpsd.admin.vsftpd.row import VENDORS, Vendor
from ftpsd.admin.vsftpd.sockets import units
from ftpsd.admin.vsftpd.tree import Tree
from ftpsd.admin.vsftpd.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


def make(data: bytes, vendor: Vendor, config: str, tree: Tree) -> tuple[Read, Plan]:
    """Read a configuration and say what becomes of it. Never raises: `plan.problems` says why not.

    `config` is what the file is called in messages, `tree` where the files are that it names.
    """
    found = read(data, vendor)
    plan = Plan()
    plan.problems += problems(config, found)
    if plan.problems:
        return found, plan
    v = Values(vendor, found.last())
    login(v, tree, config, plan)
    policies(v, tree, config, plan)
    encryption(v, tree, plan)
    units(v, tree, plan)
    remarks(v, tree, plan)
    plan.policies.sort(key=lambda one: one.name)
    plan.problems += untaken(v, config, plan)
    return found, plan


def guessed(config: str, os_release: str) -> Vendor:
    """Guess whose vsftpd a file is for: by its path, then by the system it is on."""
    if config.startswith("/etc/vsftpd/"):
        return VENDORS["redhat"]
    told = dict(line.partition("=")[::2] for line in os_release.splitlines())
    identity = f"{told.get('ID', '')} {told.get('ID_LIKE', '')}".replace('"', "").split()
    version = told.get("VERSION_ID", "").strip('"').partition(".")[0]
    if {"fedora", "rhel", "centos"} & set(identity):
        return VENDORS["redhat"]
    if "debian" not in identity:
        return VENDORS["upstream"]
    old, recent = (22, 24) if "ubuntu" in identity else (12, 13)
    if version.isdecimal() and int(version) <= recent:
        return VENDORS["debian12" if int(version) <= old else "debian13"]
    return VENDORS["debian"]


def _vendor(chosen: argparse.Namespace, tree: Tree) -> Vendor:
    if chosen.vendor != "auto":
        return VENDORS[chosen.vendor]
    found = next((text for path in _OS_RELEASE if (text := tree.read(path)) is not None), b"")
    return guessed(chosen.config, found.decode("utf-8", "replace"))


def _mode(path: str) -> int:
    return 0o600 if path.startswith(f"{ETC}/vsftpd.") else 0o644


def _missing_directories(directory: Path) -> None:
    for one in (*reversed(directory.parents), directory):
        if not one.is_dir():
            one.mkdir(mode=0o700 if one.name == Path(CREDSTORE).name else 0o755)


def _write(root: Path, files: Mapping[str, str]) -> None:
    """Write every file whole or not at all. Raise `OSError`."""
    for path, text in files.items():
        target = root / path.lstrip("/")
        _missing_directories(target.parent)
        number, name = tempfile.mkstemp(dir=target.parent, prefix=".import-")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                os.fchmod(number, _mode(path))
                os.fsync(number)
            os.replace(name, target)
        except OSError:
            os.unlink(name)
            raise


def _link(root: Path, links: Mapping[str, str]) -> None:
    """Lead each credential to its file. Raise `OSError`."""
    for name, path in links.items():
        target = root / CREDSTORE.lstrip("/") / name
        _missing_directories(target.parent)
        new = target.with_name(f".import-{name}")
        new.unlink(missing_ok=True)
        new.symlink_to(path)
        new.replace(target)


def _left_over(root: Path, files: Mapping[str, str]) -> list[str]:
    """List what an earlier import has written and this one does not: it would still hold."""
    policies_there = (root / ETC.lstrip("/") / "policies.d").glob("[0-9][0-9]-vsftpd-*.conf")
    units_there = (root / "etc/systemd/system").glob("ftpsd*.d/50-vsftpd.conf")
    found = (f"/{one.relative_to(root)}" for one in (*policies_there, *units_there))
    return sorted(one for one in found if one not in files)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("config", metavar="FILE", help="such as /etc/vsftpd.conf")
    parser.add_argument("--write", action="store_true", help="write the files, not only show them")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/"),
        metavar="DIR",
        help="where the files are that FILE names, and where to write (default: %(default)s)",
    )
    parser.add_argument(
        "--vendor",
        choices=("auto", *VENDORS),
        default="auto",
        help="whose vsftpd FILE is for: names, defaults and the reading of blanks differ",
    )


def _said(problems: Iterable[Problem]) -> int:
    for one in problems:
        place = f"{one.file}:{one.line}" if one.line else one.file
        _print(f"{place}: {one.reason}", sys.stderr)
    return 1


def _print(text: str, to: object = None) -> None:
    # What is not UTF-8 in vsftpd's file is shown as escapes, on any terminal.
    print(text.encode("utf-8", "backslashreplace").decode("utf-8"), file=to)  # type: ignore[call-overload]


def _data(config: str) -> bytes:
    """Read the file itself. Raise `OSError`."""
    with open(config, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "vsftpd reads regular files alone", config)
        return file.read()


def run(chosen: argparse.Namespace) -> int:
    """Import or show; give the exit status: 1 if nothing can be imported."""
    tree = Tree(chosen.root)
    try:
        data = _data(chosen.config)
    except OSError as error:
        return _said([Problem(chosen.config, 0, error.strerror or "cannot be read")])
    found, plan = make(data, _vendor(chosen, tree), chosen.config, tree)
    if plan.problems:
        return _said(plan.problems)
    files = plan.files()
    if chosen.write:
        status = _checked_write(chosen, files, plan.links)
        if status:
            return status
    else:
        for path, text in files.items():
            _print(f"#### {path}\n{text}")
        for name, path in plan.links.items():
            _print(f"#### {CREDSTORE}/{name} leads to {path}\n")
    for path in _left_over(chosen.root, files):
        plan.checks.append(f"{path} is from an earlier import, and still holds.")
    _print(report(chosen.config, found, plan))
    return 0


def _checked_write(
    chosen: argparse.Namespace, files: Mapping[str, str], links: Mapping[str, str]
) -> int:
    written = [*files, *(f"{CREDSTORE}/{name}" for name in links)]
    there = [path for path in written if os.path.lexists(chosen.root / path.lstrip("/"))]
    if there and not chosen.force:
        return _said(Problem(path, 0, "is there; --force writes over it") for path in there)
    try:
        _write(chosen.root, files)
        _link(chosen.root, links)
    except OSError as error:
        return _said([Problem(str(error.filename), 0, error.strerror or "cannot be written")])
    return 0
