# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import would write, and what it has to say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd.keys import PASSED_ON, SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ftpsd.admin.vsftpd.problems import Problem
    from ftpsd.admin.vsftpd.reader import Read

ETC: Final = "/etc/ftpsd"
CREDSTORE: Final = "/etc/credstore"
UNITS: Final = "/etc/systemd/system"
DROP_IN: Final = "50-vsftpd.conf"
GREETING: Final = "vsftpd"


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """Settings for some logins alone. `match` is what `[Match]` says."""

    name: str
    about: str
    match: Mapping[str, str]
    settings: Mapping[str, str]


@dataclasses.dataclass(slots=True)
class Plan:
    """All of it.

    `links` has where each credential lies; `own` what the files of single users say; `changes` and
    `checks` are for the admin to read.
    """

    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    policies: list[Policy] = dataclasses.field(default_factory=list)
    units: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    copies: dict[str, str] = dataclasses.field(default_factory=dict)
    links: dict[str, str] = dataclasses.field(default_factory=dict)
    own: dict[str, tuple[Read, list[Policy]]] = dataclasses.field(default_factory=dict)
    changes: list[str] = dataclasses.field(default_factory=list)
    checks: list[str] = dataclasses.field(default_factory=list)
    problems: list[Problem] = dataclasses.field(default_factory=list)

    def unit(self, name: str, section: str, *lines: str) -> None:
        """Add lines to the drop-in of a unit; all of them belong to one section."""
        self.units.setdefault(name, [f"[{section}]"]).extend(lines)

    def written(self, key: str) -> list[str]:
        """List where a setting or a line of a unit stands, as `Key=value (where)`."""
        found = [f"{key}={self.settings[key]}"] if key in self.settings else []
        found += [
            f"{key}={policy.settings[key]} ({policy.about})"
            for policy in self.policies
            if key in policy.settings
        ]
        for name, lines in self.units.items():
            found += [f"{line} ({name})" for line in lines if line.startswith(f"{key}=")]
        if key in self.links:
            found.append(f"{CREDSTORE}/{key} leads to {self.links[key]}")
        return found

    def files(self) -> dict[str, str]:
        """Give the text of every file that is to be written, by its path."""
        head = "# Made from vsftpd's configuration by ftpsdctl import-vsftpd.\n"
        found = {f"{ETC}/ftpsd.conf.d/{DROP_IN}": head + _sections(self.settings)}
        for policy in self.policies:
            match = "".join(f"{key}={value}\n" for key, value in policy.match.items())
            text = f"{head}# {policy.about}\n\n[Match]\n{match}{_sections(policy.settings)}"
            found[f"{ETC}/policies.d/{policy.name}.conf"] = text
        for name, lines in self.units.items():
            text = "".join(f"{line}\n" for line in lines)
            found[f"{UNITS}/{name}.d/{DROP_IN}"] = f"{head}\n{text}"
        return found | self.copies


def _sections(settings: Mapping[str, str]) -> str:
    text = ""
    for section in PASSED_ON:
        lines = [f"{key}={value}\n" for key, value in settings.items() if SECTIONS[key] == section]
        if lines:
            text += f"\n[{section}]\n" + "".join(lines)
    return text


def difference(base: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Give what turns `base` into `other`; what is no longer set is written as empty."""
    gone = {key: "" for key in base if key not in other}
    return gone | {key: value for key, value in other.items() if base.get(key) != value}
