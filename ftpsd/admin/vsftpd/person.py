# SPDX-License-Identifier: GPL-3.0-or-later
"""What one login may do in vsftpd, as settings of ftpsd."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from ftpsd.admin.vsftpd import patterns
from ftpsd.admin.vsftpd.keys import bounded, mode, patience, yes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ftpsd.admin.vsftpd.values import Values

_NAMES = {
    "HideNames": "hide_file",
    "DenyNames": "deny_file",
    "UploadNames": "upload_file",
    "DownloadNames": "download_file",
}
_FIRST_PORT, _LAST_PORT = 1024, 65535
_MARK = "/./"


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Who logs in: whether anonymously, whether on the chroot list, where their home is."""

    name: str = ""
    anonymous: bool = False
    listed: bool = False
    homes: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def guest(self, v: Values) -> bool:
        """Say whether this login becomes the guest account."""
        return v.on("guest_enable") and not self.anonymous

    def restricted(self, v: Values) -> bool:
        """Say whether the options of anonymous clients hold."""
        return self.anonymous or (self.guest(v) and not v.on("virtual_use_local_privs"))

    def jailed(self, v: Values) -> bool:
        """Say whether this login sees its own directory alone. Guests always do, in ftpsd."""
        return self.anonymous or self.guest(v) or v.on("chroot_local_user") != self.listed


def settings(v: Values, who: Person) -> dict[str, str]:
    """Give all settings that can differ from login to login."""
    return {
        **_rights(v, who),
        **_modes(v, who),
        **_listing(v),
        **_session(v, who),
        **_data(v),
        **_jail(v, who),
        "RequireDataTLS": yes(v.on("ssl_enable") and v.on(_data_tls(v, who))),
    }


def _data_tls(v: Values, who: Person) -> str:
    return "force_anon_data_ssl" if who.restricted(v) else "force_local_data_ssl"


def _rights(v: Values, who: Person) -> dict[str, str]:
    free = not who.restricted(v)
    change = free or v.on("anon_other_write_enable")
    found = {
        "Write": v.on("write_enable"),
        "Upload": free or v.on("anon_upload_enable"),
        "Download": v.on("download_enable"),
        "List": v.on("dirlist_enable"),
        "Overwrite": change,
        "Append": change,
        "Delete": change,
        "Rename": change,
        "MakeDirectory": free or v.on("anon_mkdir_write_enable"),
        "Chmod": free and v.on("chmod_enable"),
        "SetModificationTime": change and v.on("mdtm_write"),
        "WorldReadableOnly": not free and v.on("anon_world_readable_only"),
        "AtomicUploads": False,
        "DeleteFailedUploads": v.on("delete_failed_uploads"),
    }
    return {key: yes(value) for key, value in found.items()}


def _modes(v: Values, who: Person) -> dict[str, str]:
    owner = v.text("chown_username")
    if who.restricted(v) and v.on("chown_uploads") and owner not in ("", "root"):
        return {
            "UploadOwner": owner,
            "UMask": "0000",
            "FileMode": mode(v.number("chown_upload_mode")),
            "DirectoryMode": mode(0o777 & ~v.number("anon_umask")),
        }
    return {
        "UMask": mode(v.number("anon_umask" if who.restricted(v) else "local_umask")),
        "FileMode": mode(v.number("file_open_mode")),
        "DirectoryMode": "0777",
    }


def _listing(v: Values) -> dict[str, str]:
    found = {
        "HideOwners": yes(v.on("hide_ids")),
        "ListNumericOwners": yes(not v.on("text_userdb_names")),
        "ListDotFiles": "yes" if v.on("force_dot_files") else "asked",
        "ListRecursive": yes(v.on("ls_recurse_enable")),
        "ListTimezone": "local" if v.on("use_localtime") else "UTC",
    }
    for key, name in _NAMES.items():
        translated = patterns.translate(v.text(name))
        if translated:
            found[key] = " ".join(translated)
    return found


SITES = ("SITE_CHMOD", "SITE_HELP", "SITE_UMASK")
"""What SITE was in vsftpd; whoever was allowed no more than that is allowed no more now."""
NEWER = {
    "APPE": ("COMB",),
    "DELE": ("COMB", "SITE_RMDIR"),
    "LIST": ("MLSD",),
    "MDTM": ("MFF", "MFMT", "SITE_UTIME"),
    "MKD": ("SITE_MKDIR",),
    "RMD": ("SITE_RMDIR",),
    "SITE": ("MFF",),
    "STOR": ("COMB", "SITE_CPTO", "SITE_SYMLINK"),
}
"""Commands that vsftpd did not know, and that do what was denied."""


def commands(text: str) -> tuple[list[str], list[str]]:
    """Give the commands of a list, and the entries that never match: vsftpd wants no blanks.

    It stops at an empty entry.
    """
    entries = text.partition(",,")[0].strip(",").split(",") if text[:1] != "," else []
    good = [one for one in entries if one.isascii() and one.isalpha() and one.isupper()]
    return good, [one for one in entries if one and one not in good]


def message(v: Values) -> str:
    """Give the name of the file with a message for each directory, "" if it is no name."""
    name = v.text("message_file")
    return "" if set(name) & {"/", " "} or name in (".", "..") else name


def is_host(text: str) -> bool:
    """Say whether a text can be an address or the name of a host."""
    return re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252})", text) is not None


def _session(v: Values, who: Person) -> dict[str, str]:
    rate = v.number("anon_max_rate" if who.restricted(v) else "local_max_rate")
    found = {
        "DirectoryMessage": (v.on("dirmessage_enable") and message(v)) or "none",
        "IdleTimeoutSec": patience(v.number("idle_session_timeout")),
        "UploadRate": bounded(rate),
        "DownloadRate": bounded(rate),
    }
    if v.text("cmds_allowed"):
        known = commands(v.text("cmds_allowed"))[0]
        each = [more for one in known for more in (SITES if one == "SITE" else (one,))]
        found["AllowCommands"] = " ".join(dict.fromkeys([*each, "QUIT"]))
    denied = [one for one in commands(v.text("cmds_denied"))[0] if one != "QUIT"]
    denied += [newer for one in denied for newer in NEWER.get(one, ())]
    if denied:
        found["DenyCommands"] = " ".join(dict.fromkeys(denied))
    return found


def _data(v: Values) -> dict[str, str]:
    found = {
        "Passive": yes(v.on("pasv_enable")),
        "Active": yes(v.on("port_enable")),
        "PassivePorts": "{}-{}".format(*ports(v)),
        "PassiveAnyPeer": yes(v.on("pasv_promiscuous")),
        "ActiveAnyPeer": yes(v.on("port_promiscuous")),
        "ActiveSourcePort": "any",
        "DataTimeoutSec": patience(v.number("data_connection_timeout")),
    }
    port = v.number("ftp_data_port")
    if v.on("connect_from_port_20") and 0 < port <= _LAST_PORT:
        found["ActiveSourcePort"] = str(port)
    if is_host(v.text("pasv_address")):
        found["PassiveAddress"] = v.text("pasv_address")
    return found


def ports(v: Values) -> tuple[int, int]:
    """Give the range of passive ports as privops.c has it: what does not fit is ignored."""
    first, last = _FIRST_PORT, _LAST_PORT
    if first < v.number("pasv_min_port") <= last:
        first = v.number("pasv_min_port")
    if first <= v.number("pasv_max_port") < last:
        last = v.number("pasv_max_port")
    return first, last


def _jail(v: Values, who: Person) -> dict[str, str]:
    if who.anonymous:
        root, inside = _from_home(_specified(v.text("anon_root"), "")), "/"
    else:
        root, inside = _place(v, who)
    identity = {"VirtualUser": v.text("guest_username") or "ftp"} if who.guest(v) else {}
    if who.jailed(v):
        return {**identity, "Root": root, "Directory": inside}
    return {**identity, "Root": "/", "Directory": root + (inside if inside != "/" else "")}


def _place(v: Values, who: Person) -> tuple[str, str]:
    """Give where a user with a password is put, and where in there the session begins."""
    token = v.text("user_sub_token")
    account = v.text("guest_username") if who.guest(v) else who.name
    home = who.homes.get(account, "")
    outside, mark, inside = home.partition(_MARK)
    if v.on("passwd_chroot_enable") and mark:
        return _specified(outside, token) or "/", f"/{_specified(inside, token)}"
    at_home = (
        _specified(home, token) if home and (who.guest(v) or (token and token in home)) else "%h"
    )
    return _from_home(_specified(v.text("local_root"), token), at_home), "/"


def _from_home(path: str, home: str = "%h") -> str:
    """Give a path as vsftpd finds it: it has gone home before it goes there."""
    if not path:
        return home
    return path if path.startswith("/") else f"{home}/{path}"


def _specified(path: str, token: str) -> str:
    """Write a path with a specifier where vsftpd puts in the name of the user."""
    parts = path.split(token) if token else [path]
    return "%u".join(part.replace("%", "%%") for part in parts)
