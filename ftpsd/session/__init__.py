# SPDX-License-Identifier: GPL-3.0-or-later
"""Talks FTP to one client.

Process:  ftpsd@.service, one per connection
Runs as:  a DynamicUser in an empty RootDirectory, without a network, a capability or a file
Holds:    the control connection, a connection to the helper; after login channels to one worker
          and to the port broker, during a transfer a file and a data connection
Trusts:   nobody, and is trusted by nobody: whatever it asks for is decided by who receives it
Must not: open a file or a socket, or decide what a user may do

Every session pays for what is loaded here. So what the system offers is taken from `posix`: `os`
wraps the same functions, and brings a quarter of a mebibyte that nobody needs.
"""
