# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives uploads to whom UploadOwner= names.

Process:  ftpsd-owner.service, one per machine, started by the first login that has that setting
Runs as:  a DynamicUser without files, without a network; CAP_CHOWN
Holds:    a channel for each such login, whose files it may give and to whom
Trusts:   the helper (only root can connect) for both; of a worker nothing: it looks at each file
Must not: open a file; give one that is not the worker's own, or to anyone else; give to root
"""
