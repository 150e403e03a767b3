# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting of ftpsd.conf, once: name, form, default, bounds and text.

The parser, the sample file and the documentation are made from these fields. Values are written
as systemd writes them (systemd.syntax(7), systemd.time(7)).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SPANS: Final = {"": 1, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
PORTS: Final = range(1, 65536)


def boolean(text: str) -> bool:
    """Read yes or no as systemd does. Raise `ValueError`, saying what would be right."""
    known = {"1": True, "yes": True, "y": True, "true": True, "t": True, "on": True}
    known |= {"0": False, "no": False, "n": False, "false": False, "f": False, "off": False}
    try:
        return known[text.lower()]
    except KeyError:
        raise ValueError("expected yes or no") from None


def seconds(text: str) -> int:
    """Read a time span of 1 second to 1 day. Raise `ValueError`, saying what would be right."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text[len(number) :].strip()
    if not number.isdecimal() or unit not in SPANS or not 1 <= int(number) * SPANS[unit] <= 86400:
        raise ValueError("expected a time span from 1s to 1d, such as 30, 90s or 5min")
    return int(number) * SPANS[unit]


def user_id(text: str) -> int:
    """Read a user id above root's. Raise `ValueError`, saying what would be right."""
    if not text.isdecimal() or not 1 <= int(text) < 2**32 - 1:
        raise ValueError("expected a user id above 0, such as 1000")
    return int(text)


def port_range(text: str) -> tuple[int, int]:
    """Read "any" or FIRST-LAST. Raise `ValueError`, saying what would be right."""
    if text == "any":
        return 0, 0
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and 1024 <= int(first) <= int(last) <= 65535:
        return int(first), int(last)
    raise ValueError('expected "any" or a range within 1024-65535, such as 50000-50999')


def source_port(text: str) -> int:
    """Read "any" or one port. Raise `ValueError`, saying what would be right."""
    if text == "any":
        return 0
    if text.isdecimal() and int(text) in PORTS:
        return int(text)
    raise ValueError('expected "any" or a port, such as 20')


def choice(*values: str) -> Callable[[str], str]:
    """Give what reads one of `values`; it raises `ValueError`, saying what would be right."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"expected {', '.join(values[:-1])} or {values[-1]}")
        return text

    return parse


def openssl_list(text: str) -> str:
    """Read a list as OpenSSL writes them, or "system" as "". Raise `ValueError`."""
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > 2000:
        raise ValueError('expected "system" or a list of OpenSSL names joined by ":"')
    return "" if text == "system" else text


def option(
    default: str, *, section: str, parse: Callable[[str], Any], form: str, purpose: str
) -> Any:
    """Declare a setting; `default` is written as an admin would write it."""
    told = {"section": section, "parse": parse, "form": form, "purpose": purpose, "text": default}
    return dataclasses.field(default=parse(default), metadata=told)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an admin has set. A key in the file is the field's name in CamelCase."""

    anonymous: bool = option(
        "yes",
        section="Login",
        parse=boolean,
        form="yes or no",
        purpose='Let "anonymous" and "ftp" log in with any password, to read below the home '
        "directory of the account ftp.",
    )
    minimum_uid: int = option(
        "1000",
        section="Login",
        parse=user_id,
        form="a user id",
        purpose="Accounts below this user id cannot log in; root never can.",
    )
    pam_session: bool = option(
        "no",
        section="Login",
        parse=boolean,
        form="yes or no",
        purpose="Open a PAM session for each login, so that it shows in loginctl and the modules "
        "of the PAM file's session stack are run.",
    )
    idle_timeout_sec: int = option(
        "5min",
        section="Session",
        parse=seconds,
        form="a time span",
        purpose="Close a session that has sent no command for this long.",
    )
    data_timeout_sec: int = option(
        "2min",
        section="Data",
        parse=seconds,
        form="a time span",
        purpose="Give up a data connection that is not made, or moves no byte, for this long.",
    )
    passive_ports: tuple[int, int] = option(
        "any",
        section="Data",
        parse=port_range,
        form='"any" or FIRST-LAST',
        purpose="Passive data connections are offered on a random port of this range. A firewall "
        "has to let it in.",
    )
    active_source_port: int = option(
        "any",
        section="Data",
        parse=source_port,
        form='"any" or a port',
        purpose="Active data connections come from this port. Below 1024 ftpsd-ports.service needs "
        "CAP_NET_BIND_SERVICE, see the README.",
    )
    require_tls: str = option(
        "passwords",
        section="TLS",
        parse=choice("no", "passwords", "always"),
        form="no, passwords or always",
        purpose="Refuse logins without TLS: those with a password, or anonymous ones as well.",
    )
    require_data_tls: bool = option(
        "no",
        section="TLS",
        parse=boolean,
        form="yes or no",
        purpose="Refuse data connections without TLS (PROT C).",
    )
    tls_resumption: str = option(
        "prefer",
        section="TLS",
        parse=choice("off", "prefer", "require"),
        form="off, prefer or require",
        purpose="A data connection that resumes the TLS session of its control connection is from "
        "the same client for sure. prefer logs when it does not, require refuses it (522).",
    )
    require_tls_close: bool = option(
        "no",
        section="TLS",
        parse=boolean,
        form="yes or no",
        purpose="Refuse an upload (426) whose end TLS has not announced (close_notify): it may "
        "have been cut off. Without this it is logged.",
    )
    tls_minimum: str = option(
        "1.2",
        section="TLS",
        parse=choice("1.2", "1.3"),
        form="1.2 or 1.3",
        purpose="The oldest version of TLS, unless the system's policy is stricter.",
    )
    tls_ciphers: str = option(
        "system",
        section="TLS",
        parse=openssl_list,
        form='"system" or names joined by ":"',
        purpose="Ciphers of TLS 1.2 (ciphers(1)). system: what the system's policy allows, as far "
        "as it has forward secrecy and authenticated encryption. Old devices may need DEFAULT.",
    )
    tls_cipher_suites: str = option(
        "system",
        section="TLS",
        parse=openssl_list,
        form='"system" or names joined by ":"',
        purpose="Cipher suites of TLS 1.3.",
    )
    tls_groups: str = option(
        "system",
        section="TLS",
        parse=openssl_list,
        form='"system" or names joined by ":"',
        purpose="Groups for the key exchange, such as X25519:P-256.",
    )
    client_certificate: str = option(
        "no",
        section="TLS",
        parse=choice("no", "optional", "required"),
        form="no, optional or required",
        purpose="Ask clients for a certificate that an authority in the credential ftpsd.ca has "
        "signed.",
    )
    certificate_login: str = option(
        "no",
        section="TLS",
        parse=choice("no", "with_password", "without_password"),
        form="no, with_password or without_password",
        purpose="The common name (CN) in the client's certificate must be the user's name; "
        "without_password asks for nothing else. It is the session that has seen the certificate, "
        "so one that was taken over could then log in as any user this holds for.",
    )


def key(name: str) -> str:
    """Give the key of a field as it stands in the file: `pam_session` is PAMSession."""
    words = {"uid": "UID", "pam": "PAM", "tls": "TLS"}
    return "".join(words.get(word, word.capitalize()) for word in name.split("_"))


OPTIONS: Final = {key(field.name): field for field in dataclasses.fields(Settings)}
