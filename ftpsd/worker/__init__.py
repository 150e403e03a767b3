# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens files as the user who logged in, and hands them over.

Process:  one per login, forked by the spawner of ftpsd-helper.service
Runs as:  the user: its uid, its groups, no capability; Landlock leaves it the user's root alone
Holds:    a channel to its session, and a descriptor of the root directory
Trusts:   nobody; every path is resolved beneath the root, by the kernel
Must not: see a password, a network socket or another user; read or write the content of a file
"""
