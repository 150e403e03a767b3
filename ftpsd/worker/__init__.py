# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens files as the user who logged in, and hands them over.

Process:  one per login, forked by the spawner of ftpsd-helper.service
Runs as:  the user: its uid, its groups, no capability; Landlock leaves it the user's root alone, a
          filter of its own neither new processes nor connections nor signals
Holds:    a channel to its session, one to the owner where UploadOwner= is set, and descriptors of
          the root directory and of the upload that is under way
Trusts:   nobody; every path is resolved beneath the root, by the kernel
Must not: see a password, a network socket or another user; write the content of a file, or read
          any but what DirectoryMessage= names
"""
