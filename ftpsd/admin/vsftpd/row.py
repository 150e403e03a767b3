# SPDX-License-Identifier: GPL-3.0-or-later
"""One row of the table of vsftpd's options, and the vsftpds there are."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

Value = bool | int | str | None


class Kind(enum.Enum):
    """How vsftpd reads a value."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"


class Fate(enum.Enum):
    """What becomes of an option, in the words of the report."""

    SETTING = "becomes a setting"
    UNIT = "becomes part of a unit"
    FILE = "names files that are brought over"
    OBSOLETE = "is not needed"
    LOST = "has no equivalent"


class User(enum.Enum):
    """What an option does in a file of `user_config_dir`, which vsftpd reads after the login."""

    WORKS = "works"
    IGNORED = "is ignored"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """An option: its name and default, and what becomes of it.

    `becomes` names the keys of ftpsd.conf or of units that can come from it, `about` says what an
    admin has to know. An option that only one vendor has is in `vendor`; `same_as` names the one
    that it is another spelling of.
    """

    name: str
    default: Value
    user: User
    fate: Fate
    becomes: tuple[str, ...] = ()
    about: str = ""
    kind: Kind = Kind.BOOLEAN
    vendor: str = ""
    same_as: str = ""


class Trim(enum.Enum):
    """Around which values a vsftpd takes blanks away."""

    NOTHING = 0
    TEXTS = 1
    ALL = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Vendor:
    """A vsftpd that somebody ships, as far as it reads its configuration differently."""

    name: str
    about: str
    trim: Trim
    adds: str = ""
    lacks: frozenset[str] = frozenset()
    defaults: tuple[tuple[str, Value], ...] = ()


_DEBIAN: Final[tuple[tuple[str, Value], ...]] = (
    ("listen", False),
    ("pam_service_name", "vsftpd"),
    ("seccomp_sandbox", False),
    ("secure_chroot_dir", "/run/vsftpd/empty"),
)
_RED_HAT: Final[tuple[tuple[str, Value], ...]] = (
    ("background", True),
    ("banned_email_file", "/etc/vsftpd/banned_emails"),
    ("chroot_list_file", "/etc/vsftpd/chroot_list"),
    ("email_password_file", "/etc/vsftpd/email_passwords"),
    ("seccomp_sandbox", False),
    ("ssl_ciphers", "PROFILE=SYSTEM"),
    ("userlist_file", "/etc/vsftpd/user_list"),
)
VENDORS: Final = {
    vendor.name: vendor
    for vendor in (
        Vendor("upstream", "vsftpd 3.0.5 as its author publishes it", Trim.NOTHING),
        Vendor(
            "debian12",
            "Debian 12 and older, Ubuntu 22.04 and older (3.0.3)",
            Trim.TEXTS,
            adds="debian",
            lacks=frozenset({"ssl_sni_hostname", "ssl_tlsv11", "ssl_tlsv12", "ssl_tlsv13"}),
            defaults=(*_DEBIAN, ("ssl_tlsv1", True)),
        ),
        Vendor(
            "debian13",
            "Debian 13, Ubuntu 24.04 (3.0.5 before 3.0.5-1)",
            Trim.TEXTS,
            adds="debian",
            defaults=_DEBIAN,
        ),
        Vendor("debian", "Debian from 3.0.5-1 on", Trim.ALL, adds="debian", defaults=_DEBIAN),
        Vendor("redhat", "Red Hat, Fedora", Trim.ALL, adds="redhat", defaults=_RED_HAT),
    )
}
"""The vsftpds there are, by the name that --vendor takes."""
