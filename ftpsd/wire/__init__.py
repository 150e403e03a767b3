# SPDX-License-Identifier: GPL-3.0-or-later
"""The contracts: what one process may ask of another, as varlink over a Unix socket.

Used by:  every process; the only thing that session, helper, worker and ports share
Holds:    nothing; a `Channel` owns its socket and nothing else
Trusts:   nobody: a message is exactly of its declared form, or `Malformed`
Must not: import protocol, ssl, asyncio, or anything that decides
"""
