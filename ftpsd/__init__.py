# SPDX-License-Identifier: GPL-3.0-or-later
"""An FTP server whose super-server, supervisor, sandbox and log is systemd.

One folder is one process, and says in its docstring what that process is trusted with:

    client ──► ftpsd.socket                    systemd accepts; one instance per connection
                  │
                  ▼
    session    ftpsd@.service                  the client's peer: no files, no network, no id
       │  │
       │  └──► helper   ftpsd-helper.service   root: checks passwords; no network, no FTP
       │          │ starts
       ├──────► worker                         the user: opens files; no network
       │          └──► owner   ftpsd-owner.service   gives uploads away (UploadOwner=); no files
       │
       └──────► ports   ftpsd-ports.service    opens data sockets to the client; no files

They ask one another over varlink (`wire`) and hand each other open files and sockets. `protocol`
is FTP as values; `options`, `events` and `limits` hold each setting, log entry and bound once.
"""

__version__ = "0.1"
__url__ = "https://www.rfc-editor.org/rfc/rfc959"
