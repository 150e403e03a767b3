# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that an import can write, and their sections."""

from __future__ import annotations

from typing import Final

_WRITTEN: Final = {
    "Login": """
        Anonymous LocalUsers PAMService PAMSession AllowUsers DenyUsers AnonymousUser
        AnonymousPassword AnonymousAllowEmail AnonymousDenyEmail VirtualUser MaxLoginFailures
        FailedLoginDelaySec LoginDelaySec
    """,
    "Files": """
        Root Directory Write Upload Download List Overwrite Append Delete Rename MakeDirectory
        Chmod SetModificationTime WorldReadableOnly HideNames DenyNames UploadNames DownloadNames
        UMask FileMode DirectoryMode UploadOwner HideOwners ListDotFiles ListRecursive
        ListTimezone AtomicUploads DeleteFailedUploads
    """,
    "Session": """
        DirectoryMessage IdleTimeoutSec AllowCommands DenyCommands UploadRate DownloadRate
    """,
    "Data": """
        Passive Active PassivePorts PassiveAddress PassiveAnyPeer ActiveAnyPeer ActiveSourcePort
        DataTimeoutSec
    """,
    "TLS": """
        RequireTLS RequireDataTLS TLSResumption RequireTLSClose TLSMinimum TLSCiphers
        ClientCertificate
    """,
}
SECTIONS: Final = {key: name for name, keys in _WRITTEN.items() for key in keys.split()}
"""The section of each setting."""
PASSED_ON: Final = tuple(_WRITTEN)
"""The sections in the order in which they are written."""
KNOWN_SO_FAR: Final = frozenset(
    {
        "ActiveSourcePort",
        "Anonymous",
        "DataTimeoutSec",
        "IdleTimeoutSec",
        "PAMSession",
        "PassivePorts",
    }
)
AWAITED: Final = frozenset(SECTIONS) - KNOWN_SO_FAR
"""Settings that ftpsd.options does not have yet. A test wants this to be empty in the end."""

LONGEST: Final = 86400
"""Seconds that ftpsd waits at most, for anything."""
LONGEST_DELAY: Final = 30
MOST_FAILURES: Final = 15


def yes(value: object) -> str:
    """Write a boolean."""
    return "yes" if value else "no"


def span(seconds: int) -> str:
    """Write a time span."""
    if seconds == LONGEST:
        return "1d"
    return f"{seconds // 60}min" if seconds and seconds % 60 == 0 else f"{seconds}s"


def patience(seconds: int) -> str:
    """Write a time-out: none is as long as can be."""
    return span(min(seconds or LONGEST, LONGEST))


def mode(bits: int) -> str:
    """Write permission bits."""
    return f"0{bits & 0o777:03o}"
