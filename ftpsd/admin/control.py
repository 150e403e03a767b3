# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl`: what there is to do beside systemctl, journalctl and an editor."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ftpsd.admin import check, hashing, users, xferlog
from ftpsd.admin.convert import FORMATS, Conversion
from ftpsd.admin.records import BadRecord, Record, Store
from ftpsd.admin.vsftpd import command as vsftpd
from ftpsd.helper import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.options import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One thing to do: its words, what it is for, what it takes, and what does it.

    `run` gives the exit status: 0 if all is well, 1 if something is not as it should be. What it
    raises of `Refused`, `BadRecord`, `NotHashed` and `OSError` is said, and gives 1.
    """

    words: str
    purpose: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _settings() -> Settings:
    return settings.load()[0]


def _check(_: argparse.Namespace) -> int:
    said = check.mistakes()
    for line in said:
        print(line)
    if not said:
        read = ", ".join(str(file) for file in check.files())
        print(f"No mistakes in {read}." if read else "There are no settings; the defaults hold.")
    return 1 if said else 0


def _password(arguments: argparse.Namespace) -> str:
    """Take a new password from standard input or the terminal; give its hash."""
    if arguments.password_stdin:
        line = sys.stdin.buffer.readline()
        return hashing.hashed(line.removesuffix(b"\n").removesuffix(b"\r"))
    if not sys.stdin.isatty():
        raise users.Refused("there is no terminal to ask for the password; use --password-stdin")
    first = getpass.getpass(f"New password of {arguments.name}: ")
    if getpass.getpass("Again: ") != first:
        raise users.Refused("these were two different passwords; nothing was changed")
    return hashing.hashed(first.encode("utf-8", "surrogateescape"))


def _add(arguments: argparse.Namespace) -> int:
    store, chosen = Store(), _settings()
    wanted = users.Wanted(
        name=arguments.name,
        home=arguments.home,
        uid=arguments.uid,
        shared_with=arguments.shared_with,
    )
    users.check_ready()
    # Before a password is asked for: what is wrong then is wrong now.
    users.record(wanted, store, chosen)
    made, new_home = users.add(wanted, _password(arguments), store, chosen)
    print(f"{made.name} is made, with user id {made.uid}. {_home(made, new=new_home)}")
    users.check_found(made.name)
    found = users.obstacles(made, store, chosen)
    for one in found:
        print(f"It does not get in: {one}.")
    return 1 if found else 0


def _home(made: Record, *, new: bool) -> str:
    if new:
        return f"{made.home} is made."
    whose = Path(made.home).stat().st_uid
    if whose == made.uid:
        return f"{made.home} was there, and is left as it is."
    return f"{made.home} was there, and is left as it is: user {users.owner(whose) or whose}'s."


def _passwd(arguments: argparse.Namespace) -> int:
    store = Store()
    users.known(arguments.name, store)
    users.set_password(arguments.name, _password(arguments), store)
    print(f"{arguments.name} has a new password.")
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    gone = users.delete(arguments.name, Store())
    print(f"{gone.name} is deleted; {gone.home} and sessions that are open stay.")
    return 0


def _list(_: argparse.Namespace) -> int:
    store, chosen = Store(), _settings()
    names = store.names()
    width = max(map(len, names), default=0)
    for name in names:
        try:
            one = store.read(name)
        except BadRecord as reason:
            print(f"{name:{width}}  {reason}")
            continue
        shared = "" if one.owner else f" (as {users.owner(one.uid) or 'nobody known'})"
        print(f"{name:{width}}  {one.uid}{shared}  {one.home}")
        for obstacle in users.obstacles(one, store, chosen):
            print(f"{'':{width}}  does not get in: {obstacle}")
    return 0


def _unban(_: argparse.Namespace) -> int:
    # By a signal, for no session can send one: whatever the helper is asked, a session may ask.
    unit = "ftpsd-helper.service"
    runs = ("systemctl", "is-active", "--quiet", unit)
    if subprocess.run(runs, check=False).returncode:  # noqa: S603 - of our own words
        print(f"{unit} does not run, and remembers no failed logins.")
        return 0
    command = ("systemctl", "kill", "--kill-whom=main", "--signal=HUP", unit)
    status = subprocess.run(command, check=False).returncode  # noqa: S603 - of our own words
    if status == 0:
        print("All failed logins are forgotten; nobody waits for them any more.")
    return 1 if status else 0


def _convert(arguments: argparse.Namespace) -> int:
    store = Store()
    text = Path(arguments.file).read_bytes().decode("utf-8", "surrogateescape")
    if arguments.write:
        users.check_ready()
        with store.changing():
            return _convert_all(arguments, text, store)
    return _convert_all(arguments, text, store)


def _convert_all(arguments: argparse.Namespace, text: str, store: Store) -> int:
    conversion = Conversion(
        store, _settings(), arguments.shared_with, unrestricted=arguments.drop_restrictions
    )
    kept = left = 0
    for one in list(conversion.outcomes(text, arguments.format)):
        name = one.name if one.name.isprintable() else ascii(one.name)
        if one.record is None:
            left += 1
            print(f"{arguments.file}:{one.line}: {name} is left out")
        else:
            kept += 1
            print(
                f"{arguments.file}:{one.line}: {name}, user id {one.record.uid}, {one.record.home}"
            )
            if arguments.write:
                store.add(one.record, one.password)
        print("".join(f"    {note}\n" for note in one.notes), end="")
    done = "are made" if arguments.write else "would be made by --write; nothing is written yet"
    print(f"{kept} of {kept + left} users {done}.")
    return 1 if left else 0


def _nothing(_: argparse.ArgumentParser) -> None:
    pass


def _takes_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def _takes_password(parser: argparse.ArgumentParser) -> None:
    _takes_name(parser)
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )


def _takes_user(parser: argparse.ArgumentParser) -> None:
    _takes_password(parser)
    parser.add_argument("--home", metavar="DIR", help="what it sees as / (default: /home/NAME)")
    ids = parser.add_mutually_exclusive_group()
    ids.add_argument("--uid", type=int, metavar="N", help="its user id (default: a free one)")
    ids.add_argument(
        "--as",
        dest="shared_with",
        metavar="USER",
        help="files are USER's: the same user and group id",
    )


def _takes_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("file", metavar="FILE", help="a pureftpd.passwd, or an AuthUserFile")
    parser.add_argument("--write", action="store_true", help="make the users, not only say it")
    parser.add_argument(
        "--as",
        dest="shared_with",
        metavar="USER",
        help="all of them work as USER, whatever FILE says",
    )
    parser.add_argument(
        "--drop-restrictions",
        action="store_true",
        help="make also users that FILE lets in from some addresses or at some hours only",
    )


COMMANDS: Final = (
    Command("check", "find mistakes in the settings, before a login does", _nothing, _check),
    Command("user add", "make a user who logs in by FTP only", _takes_user, _add),
    Command("user passwd", "change a user's password", _takes_password, _passwd),
    Command("user del", "delete a user, not its files", _takes_name, _delete),
    Command("user list", "list the users, and who of them cannot log in", _nothing, _list),
    Command("unban", "forget failed logins: no address or user is slowed", _nothing, _unban),
    Command("xferlog", "print transfers as xferlog(5) has them", xferlog.arguments, xferlog.run),
    Command("convert", "make users of another server's virtual users", _takes_file, _convert),
    Command(
        "import-vsftpd",
        "show what becomes of vsftpd's configuration, or write it",
        vsftpd.arguments,
        vsftpd.run,
    ),
)
GROUPS: Final = {"user": "users who log in by FTP only: systemd user records in /etc/userdb"}
"""First words that several commands share."""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line from `COMMANDS`."""
    top = argparse.ArgumentParser(
        prog="ftpsdctl",
        description="Settings and users of ftpsd. The service is ftpsd.socket: see systemctl.",
    )
    parsers = {"": top.add_subparsers(metavar="COMMAND", required=True)}
    for name, purpose in GROUPS.items():
        made = parsers[""].add_parser(name, help=purpose, description=purpose)
        parsers[name] = made.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        within, _, name = command.words.rpartition(" ")
        one = parsers[within].add_parser(name, help=command.purpose, description=command.purpose)
        command.arguments(one)
        one.set_defaults(run=command.run)
    return top


def main(argv: list[str]) -> int:
    """Do what the command line says; give the exit status."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (users.Refused, BadRecord, hashing.NotHashed) as reason:
        print(f"ftpsdctl: {reason}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"ftpsdctl: {place}{error.strerror}", file=sys.stderr)
    except (KeyboardInterrupt, EOFError):
        print("ftpsdctl: interrupted", file=sys.stderr)
    return 1
