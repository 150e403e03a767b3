# SPDX-License-Identifier: GPL-3.0-or-later
"""More clients that people use, each doing chores in a directory of anna's inside the machine.

A chore is a word and the names it is about, the same in REMOTE there and in LOCAL here: list, get,
put, reget and reput (go on with what is there in part), rename (OLD NEW ...), delete, gettree,
puttree, rmtree.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from urllib.parse import quote

import trees
from clients_tls import AUTHORITY
from machine import Machine
from tls_session import NAME

HOST = "192.0.2.1"
USER = "anna"
REMOTE = "work"
LOCAL = "/var/tmp/chores"
# what clients keep for themselves
_THEIRS = "/var/tmp/chores-home"

Client = Callable[[Machine, str, list[str]], str]


def _run(machine: Machine, *argv: str, text: str = "", **environment: str) -> str:
    variables = (f"{name}={value}" for name, value in environment.items())
    around = ("timeout", "20", "env", f"--chdir={LOCAL}", f"HOME={_THEIRS}", *variables)
    return machine.run(*around, *argv, text=text, user=USER).stdout


def _library(*program: str, tls: bool = False) -> Client:
    """Give the client that a script for some language's library makes."""
    *interpreter, script = program
    path = f"/src/tests/system/chores/{script}"

    def client(machine: Machine, chore: str, names: list[str]) -> str:
        argv = (*interpreter, path, NAME if tls else HOST, USER, REMOTE, chore, *names)
        trust = {"AUTHORITY": AUTHORITY} if tls else {}
        return _run(machine, *argv, text=machine.passwords[USER], **trust)

    return client


def ncftp(machine: Machine, chore: str, names: list[str]) -> str:
    run = functools.partial(_run, machine)
    login = ("-u", USER, "-p", machine.passwords[USER], "-d", "stdout")
    match chore:
        case "list":
            said = run("ncftpls", *login[:4], "-1", "-a", f"ftp://{HOST}/{REMOTE}/")
            return said.replace("./\n", "", 1).replace("../\n", "", 1)
        case "get":
            # a name in any other place is a pattern
            ends = ((f"{REMOTE}/{name}", f"./{name}") for name in names)
            return "".join(run("ncftpget", *login, "-C", HOST, *pair) for pair in ends)
        case "put" | "puttree":
            paths = (f"./{name}" for name in names)
            return run("ncftpput", *login, "-R", "-y", HOST, REMOTE, *paths)
        case "reget" | "gettree":
            paths = (f"{REMOTE}/{name}" for name in names)
            how = ("-R", "-T") if chore == "gettree" else ("-z",)
            return run("ncftpget", *login, *how, HOST, ".", *paths)
        case "reput":
            # -s: with sendfile() it would send the file from its beginning
            return run("ncftpput", *login, "-z", "-s", HOST, REMOTE, *names)
    words = [f'"./{name}"' for name in names]
    command = {"rename": "rename", "delete": "rm"}[chore]
    if chore == "rename":
        words = [f"{old} {new}" for old, new in zip(words[::2], words[1::2], strict=True)]
    lines = [f"cd {REMOTE}", *(f"{command} {word}" for word in words), "quit", ""]
    return run("ncftp", *login, HOST, text="\n".join(lines))


def rclone(machine: Machine, chore: str, names: list[str], *, tls: bool = False) -> str:
    settings = {
        "RCLONE_CONFIG": "",
        "RCLONE_DUMP": "headers",
        "RCLONE_FTP_HOST": HOST,
        "RCLONE_FTP_USER": USER,
        "RCLONE_FTP_PASS": _obscured(machine),
        # otherwise it gives files other names, for servers that cannot take theirs
        "RCLONE_FTP_ENCODING": "Slash,Dot",
        "RCLONE_LOCAL_ENCODING": "Slash,Dot",
    }
    if tls:
        settings |= {
            "RCLONE_FTP_HOST": NAME,
            "RCLONE_FTP_EXPLICIT_TLS": "true",
            "SSL_CERT_FILE": AUTHORITY,
        }
    run = functools.partial(_run, machine, "rclone", **settings)
    there, listed = f":ftp:{REMOTE}", ("--files-from-raw", "-")
    match chore:
        case "list":
            return run("lsf", there)
        case "get":
            return run("copy", *listed, there, ".", text="\n".join(names))
        case "put":
            return run("copy", *listed, ".", there, text="\n".join(names))
        case "delete":
            return run("delete", *listed, there, text="\n".join(names))
        case "rename":
            pairs = zip(names[::2], names[1::2], strict=True)
            moves = ((f"{there}/{old}", f"{there}/{new}") for old, new in pairs)
            return "".join(run("moveto", *move) for move in moves)
    (name,) = names
    ends = {
        "gettree": ("copy", "--create-empty-src-dirs", f"{there}/{name}", f"./{name}"),
        "puttree": ("copy", "--create-empty-src-dirs", f"./{name}", f"{there}/{name}"),
        "rmtree": ("purge", f"{there}/{name}"),
    }
    return run(*ends[chore])


@functools.cache
def _obscured(machine: Machine) -> str:
    return machine.run("rclone", "obscure", "-", text=machine.passwords[USER]).stdout.strip()


def aria2(machine: Machine, chore: str, names: list[str]) -> str:
    how = {"get": "--split=4", "reget": "--continue"}[chore]
    lines = (f"ftp://{HOST}/{REMOTE}/{quote(name)}\n out={name}" for name in names)
    login = (f"--ftp-user={USER}", f"--ftp-passwd={machine.passwords[USER]}")
    # where connections are kept, it does not see a 226 that comes together with the 150
    options = ("--no-conf", "--max-tries=1", "--ftp-reuse-connection=false")
    parts = ("--min-split-size=1M", "--max-connection-per-server=4", "--file-allocation=none")
    argv = ("aria2c", *options, *parts, *login, how, "--input-file=-")
    return _run(machine, *argv, text="\n".join(lines))


CLIENTS: dict[str, Client] = {
    "ncftp": ncftp,
    "rclone": rclone,
    "aria2": aria2,
    "Net::FTP": _library("perl", "net_ftp.pl"),
    "net/ftp": _library("ruby", "net_ftp.rb"),
    "basic-ftp": _library("node", "basic_ftp.js"),
    "PHP": _library("php", "php_ftp.php"),
    "aioftp": _library("python3", "chores_by_aioftp.py"),
}

# What keeps TLS sessions is not for others to see.
_JAVA = (
    "java",
    "--add-opens=java.base/sun.security.ssl=ALL-UNNAMED",
    "--add-opens=java.base/sun.security.util=ALL-UNNAMED",
    "--class-path=/usr/share/java/commons-net.jar",
)

OVER_TLS: dict[str, Client] = {
    "Commons Net": _library(*_JAVA, "commons_net.java", tls=True),
    "rclone": functools.partial(rclone, tls=True),
    "Net::FTP": _library("perl", "net_ftp.pl", tls=True),
    "net/ftp": _library("ruby", "net_ftp.rb", tls=True),
    "basic-ftp": _library("node", "basic_ftp.js", tls=True),
    "PHP": _library("php", "php_ftp.php", tls=True),
}

"""aioftp waits for the handshake of a data connection before it says what it is for."""

CANNOT_DO = {
    # Its "rm -r" of a directory that is not empty enters it, asks for no list, and gives up.
    "ncftp": {"rmtree"},
    "rclone": {"reget", "reput"},
    "aria2": {"list", "put", "reput", "rename", "delete", "gettree", "puttree", "rmtree"},
}

_LONG = trees.NAMES[-1]
CANNOT_NAME: dict[str, tuple[str, ...]] = {
    # Its commands have no way to quote these, and its trees no room for long paths.
    "ncftp": (_LONG, '"both ends"', 'quo"te', "back\\slash"),
    # It takes the spaces off the name of a file here.
    "aria2": (" leading space", "trailing space ", "  two  of each  "),
    # It takes the spaces off the lines of a listing.
    "aioftp": ("trailing space ", "  two  of each  "),
}
"""Names that a client cannot say itself, whatever the server does."""


def names_for(client: str) -> list[str]:
    """Give awkward names, as far as the client can say them."""
    return [name for name in trees.NAMES if name not in CANNOT_NAME.get(client, ())]
