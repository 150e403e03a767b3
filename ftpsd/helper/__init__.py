# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks passwords and starts workers.

Process:  ftpsd-helper.service, one per machine; a child of it for each request; a spawner, which
          forks the workers and never reads a request itself
Runs as:  root with CAP_SETUID, CAP_SETGID and CAP_SETPCAP, without a network
Holds:    a connection for each session, how often each client failed; a child also the password
          of its one attempt
Trusts:   the kernel for who and where a client is; of a session nothing, not even its address
Must not: know FTP, TLS or the network; read a request in the process that lives on; say whether
          the name or the password was wrong, nor take a different time over it
"""
