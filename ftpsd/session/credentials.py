# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd hands each session (systemd.exec(5), CREDENTIALS): certificates, and a banner.

Read afresh by every connection: what has been renewed serves the next client.
"""

from __future__ import annotations

from posix import listdir

PEM, CERTIFICATE, KEY = "ftpsd.pem", "ftpsd.crt", "ftpsd.key"
"""Key and chain in one file, or apart."""
SELF_SIGNED = "ftpsd.self-signed"
"""What ftpsd-keygen.service has made, for as long as there is no other."""
AUTHORITIES = "ftpsd.ca"
"""Who may sign the certificates of clients."""
BANNER = "ftpsd.banner"


class Certificate:
    """Where a certificate chain and its key are."""

    __slots__ = ("chain", "key")

    def __init__(self, chain: str, key: str | None = None) -> None:
        """Name the files; without `key` it is in `chain`."""
        self.chain = chain
        self.key = key


class Credentials:
    """The directory that systemd made for this session, or none."""

    def __init__(self, directory: str | None) -> None:
        """Look into `directory`, as CREDENTIALS_DIRECTORY names it."""
        try:
            self._names = set(listdir(directory)) if directory else set[str]()
        except OSError:
            self._names = set()
        self._directory = directory

    def _path(self, name: str) -> str:
        return f"{self._directory}/{name}"

    def path(self, name: str) -> str | None:
        """Give where a credential is, if it is there."""
        return self._path(name) if name in self._names else None

    def certificate(self) -> Certificate | None:
        """Give the certificate of this server, if it has one."""
        if {CERTIFICATE, KEY} <= self._names:
            return Certificate(self._path(CERTIFICATE), self._path(KEY))
        for name in (PEM, SELF_SIGNED):
            if name in self._names:
                return Certificate(self._path(name))
        return None

    def others(self) -> dict[str, Certificate]:
        """Give the certificates for other names of this server: ftpsd.NAME.pem, by NAME."""
        stem, _, end = PEM.partition(".")
        return {
            name[len(stem) + 1 : -len(end) - 1].lower(): Certificate(self._path(name))
            for name in self._names
            if name.startswith(f"{stem}.") and name.endswith(f".{end}") and name != PEM
        }

    @property
    def has_banner(self) -> bool:
        """Say whether an admin has written a greeting."""
        return BANNER in self._names

    def banner(self) -> list[str]:
        """Give the lines of the greeting, if an admin has written any."""
        if BANNER not in self._names:
            return []
        with open(self._path(BANNER), encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
