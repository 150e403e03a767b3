# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that people use, each copying a tree from or to anna's home inside the machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote

from machine import Machine

IPV4, IPV6 = "192.0.2.1", "2001:db8::1"
USER = "anna"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Copy:
    """A tree to copy: `remote` is below the home of the user, `local` a path in the machine.

    What `options` are is the client's: lines of its configuration, or arguments.
    """

    remote: str
    local: str
    paths: list[str]
    host: str = IPV4
    active: bool = False
    upload: bool = False
    scheme: str = "ftp"
    options: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}"

    def directories(self) -> list[str]:
        """Give the directories that hold files, each after the one it is in."""
        parents = {parent for path in self.paths for parent in PurePosixPath(path).parents}
        return sorted(f"{parent}" for parent in parents if parent.name)


def curl(machine: Machine, copy: Copy) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    # what every URL needs to be told; --next would forget it, and the connection as well
    lines = ["globoff", "silent", "show-error", "fail-early", "create-dirs", "ftp-create-dirs"]
    lines += copy.options
    lines.append(f"user = {quoted(f'{USER}:{machine.passwords[USER]}')}")
    if copy.active:
        lines.append("ftp-port = -")
    for path in copy.paths:
        lines.append(f"url = {quoted(f'{copy.url}/{quote(copy.remote)}/{quote(path)}')}")
        option = "upload-file" if copy.upload else "output"
        lines.append(f"{option} = {quoted(f'{copy.local}/{path}')}")
    return machine.run("curl", "--config", "-", text="\n".join(lines), user=USER).stdout


def lftp(machine: Machine, copy: Copy, *, settings: str = "") -> str:
    ends = f'-R "{copy.local}" "{copy.remote}"' if copy.upload else f"{copy.remote} {copy.local}"
    # It uses TLS wherever there is any, and trusts no certificate that nobody else has signed.
    tls = "" if any("ssl" in one for one in copy.options) else "set ftp:ssl-allow no;"
    script = (
        f"set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 20; {settings};"
        f"{tls}{'; '.join(copy.options)};"
        f"set ftp:passive-mode {'no' if copy.active else 'yes'};"
        f'open -u "{USER},{machine.passwords[USER]}" {copy.url}; mirror {ends}'
    )
    # what it keeps for itself is not to be in the home that the trees are copied to
    argv = ("env", "HOME=/var/tmp/clients", "timeout", "60", "lftp", "--norc", "-c", script)
    return machine.run(*argv, user=USER).stdout


def lftp_by_list(machine: Machine, copy: Copy) -> str:
    # MODE Z, which lftp uses where a server has it, down only: up, lftp itself may wait for seconds
    # before it ends the connection of an empty file.
    compressed = "no" if copy.upload else "yes"
    settings = f"set ftp:use-mlsd no; set ftp:list-options -a; set ftp:use-mode-z {compressed}"
    return lftp(machine, copy, settings=settings)


def lftp_by_mlsd(machine: Machine, copy: Copy) -> str:
    # without MODE Z, which lftp otherwise uses where a server has it
    return lftp(machine, copy, settings="set ftp:use-mlsd yes; set ftp:use-mode-z no")


def tnftp(machine: Machine, copy: Copy) -> str:
    def word(text: str) -> str:
        return "".join(f"\\{one}" if one in ' "\\!$' else one for one in text)

    lines = [f"user {USER} {word(machine.passwords[USER])}", "binary"]
    if copy.upload:
        made = [copy.remote, *(f"{copy.remote}/{name}" for name in copy.directories())]
        lines += [f"mkdir {word(name)}" for name in made]
    else:
        local = [copy.local, *(f"{copy.local}/{name}" for name in copy.directories())]
        machine.run("mkdir", "--parents", "--", *local, user=USER)
    for path in copy.paths:
        remote, local_path = word(f"{copy.remote}/{path}"), word(f"{copy.local}/{path}")
        ends = f"put {local_path} {remote}" if copy.upload else f"get {remote} {local_path}"
        lines.append(ends)
    # -g: names are no patterns; -n, -i: ask nothing
    mode = "-A" if copy.active else "-p"
    argv = ("ftp", "-g", "-n", "-i", "-v", mode, copy.host)
    return machine.run(*argv, text="\n".join([*lines, "bye", ""]), user=USER, check=False).stdout


def wget(machine: Machine, copy: Copy) -> str:
    depth = str(1 + copy.remote.count("/"))
    names = ["--recursive", "--level=inf", "--no-parent", "--no-host-directories"]
    names += [f"--cut-dirs={depth}", "--restrict-file-names=unix,nocontrol"]
    login = [f"--ftp-user={USER}", f"--ftp-password={machine.passwords[USER]}"]
    mode = [*copy.options, *(["--no-passive-ftp"] if copy.active else [])]
    url = f"{copy.url}/{copy.remote}/"
    argv = ["wget", "--no-verbose", *names, *login, *mode, "--tries=1", "--timeout=20"]
    return machine.run(*argv, f"--directory-prefix={copy.local}", url, user=USER).stderr


def ftplib(machine: Machine, copy: Copy) -> str:
    argv = ["put" if copy.upload else "get", copy.host, "active" if copy.active else "passive"]
    program = ("python3", "/src/tests/system/by_ftplib.py")
    login = f"{USER}:{machine.passwords[USER]}"
    ends = (f"/{copy.remote}", copy.local, *copy.options)
    return machine.run(*program, *argv, *ends, text=login, user=USER).stdout


CLIENTS: dict[str, Callable[[Machine, Copy], str]] = {
    "curl": curl,
    "lftp": lftp_by_list,
    "lftp by MLSD": lftp_by_mlsd,
    "tnftp": tnftp,
    "wget": wget,
    "ftplib": ftplib,
}
"""Each copies a tree and gives what it has said. wget knows no upload."""

CANNOT_NAME = {
    # It reads listings by columns and takes what is left for spaces; it decodes names as URLs.
    "wget": (" leading space", "  two  of each  ", "per%cent", "%41%2F"),
}
"""Names that a client cannot say itself, whatever the server does."""
