# SPDX-License-Identifier: GPL-3.0-or-later
"""Every bound, once. Bytes, seconds and counts; who enforces a bound is said beside it."""

from __future__ import annotations

# Session: what a client may send.
LINE_BYTES = 16384
"""One command line; a path of PATH_BYTES with every byte doubled fits."""
PATH_BYTES = 4096
"""One path, as Linux has it (PATH_MAX, limits.h)."""
CLIENT_ERRORS = 50
"""Refused commands in a row that end a session."""
LOGIN_TIMEOUT_SECONDS = 60.0
"""How long a client may take to log in."""
HANDSHAKE_SECONDS = 30.0
"""How long a TLS handshake may take."""
MESSAGES_TOLD = 1000
"""Directories that a session tells a message about."""
SYNC_SECONDS = 600.0
"""How long a file may take to be written to the disk (SyncUploads=)."""
QUEUED_LINES = 64
"""Commands held back while a transfer runs; more wait in the kernel."""

# Wire: what one process may send another.
MESSAGE_BYTES = 65536
"""One varlink message; two paths of PATH_BYTES fit, escaped as JSON at its longest."""
MESSAGE_FDS = 4
"""Descriptors beside one message."""
NAME_BYTES = 256
PASSWORD_BYTES = 1024
TEXT_BYTES = 8192
"""A path with the facts of MLST before it fits."""
ANSWER_SECONDS = 30.0
"""How long anyone waits for an answer that needs no network and no PAM."""

CONNECTIONS = 4096
"""Channels that the helper, the port broker or ftpsd-owner serves at the same time."""

# Helper: what a session may ask, and how often.
CREDENTIAL_BYTES = 1 << 20
"""What is read of one, as by systemd."""
GREETING_BYTES = 1 << 16
"""What a greeting may have; a larger one is told as one that cannot be read."""
LOGIN_ATTEMPTS = 5
"""Logins one control connection may try, whatever helper connection it uses (MaxLoginFailures=)."""
REQUESTS = 34
"""Requests one helper connection may make: one for TLS, one for the greeting, and two for each of
15 logins (MaxLoginFailures=) and for the one that is too many."""
REQUEST_SECONDS = 1.0
"""How long a request may take to arrive; an honest session sends it whole."""
ATTEMPTS_AT_ONCE = 32
"""Processes that check a password at the same time, and do not only wait; further ones wait."""
ADDRESS_FAILURES = 10
"""Failed logins from one address before each further one is slowed (AddressFailures=)."""
ADDRESS_WAITING = 4
"""Slowed attempts of one address that wait at the same time; further ones are refused."""
ADDRESS_DELAY_SECONDS = 10.0
"""The most that a slowed attempt waits."""
ADDRESSES = 4096
"""Addresses and users remembered; the oldest goes first."""
FAILURE_SECONDS = 1.0
"""What FailedLoginDelaySec= counts. A refused login is answered at a multiple of that, so that its
cause cannot be timed."""
LOGIN_SECONDS = 60.0
"""How long PAM may take."""

# Ports: what one control connection may hold.
OWNER_BUSY = 1024
"""Files of one user that are given away at the same time; beyond that its file system hangs."""
LISTEN_TRIES = 64
"""Ports tried at random before the range counts as full."""
UNPRIVILEGED_PORT = 1024
"""The lowest port that a server connects to (RFC 2577, section 3)."""

# Worker.
DIRECTORY_MESSAGE_BYTES = 2048
"""What is told of the file that DirectoryMessage= names; thrice as long is within TEXT_BYTES."""
SORTED_NAMES = 65_536
"""Names held at once to sort one directory; a larger one is listed as it comes."""
UNIQUE_NAMES = 9999
"""Names that STOU tries before it gives up."""
TREE_DEPTH = 100
"""How deep SITE RMDIR goes."""
LISTING_DEPTH = 32
"""How deep LIST -R goes, and how many names of a path may follow the first wildcard."""
PATTERN_ALTERNATIVES = 64
"""Patterns that one with braces may stand for."""
PATTERN_TOKENS = 8192
"""Letters and sets of all these patterns together."""
EXPANDED_DIRECTORIES = 50_000
"""Directories that the wildcards of one path may lead into."""
EXPANDED_LETTERS = 4_000_000
"""Letters of the paths of all these directories, from the first wildcard on."""
EXPANDED_STEPS = 100_000_000
"""Letters of names that are compared with wildcards, counted again for each 256 tokens of these."""
