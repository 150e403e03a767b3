# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: what must be encrypted, and where the certificate comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ftpsd.admin.vsftpd.keys import yes
from ftpsd.admin.vsftpd.plan import CREDSTORE, Plan, Policy

if TYPE_CHECKING:
    from ftpsd.admin.vsftpd.tree import Tree
    from ftpsd.admin.vsftpd.values import Values


def encryption(v: Values, tree: Tree, plan: Plan) -> None:
    """Add what is said of TLS."""
    if not v.on("ssl_enable"):
        plan.settings["RequireTLS"] = "no"
        if v.on("local_enable"):
            plan.checks.append(
                "ssl_enable is NO: RequireTLS=no lets passwords travel unencrypted, as before. "
                "Leave it out to end that; ftpsd offers TLS anyway."
            )
        return
    plan.settings |= {
        "RequireTLS": _logins(v),
        "TLSResumption": "require" if v.on("require_ssl_reuse") else "prefer",
        "RequireTLSClose": yes(v.on("strict_ssl_read_eof")),
        "TLSMinimum": "1.2" if v.on("ssl_tlsv12") else "1.3",
        "ClientCertificate": _certificate(v),
    }
    if v.line("ssl_ciphers") and v.text("ssl_ciphers") not in ("", "PROFILE=SYSTEM"):
        plan.settings["TLSCiphers"] = re.sub("[ ,:]+", ":", v.text("ssl_ciphers"))
    _anonymous(v, plan)
    _credentials(v, tree, plan)
    _other_certificates(v, plan)
    _notes(v, plan)


def _logins(v: Values) -> str:
    if not v.on("force_local_logins_ssl"):
        return "no"
    return "always" if v.on("force_anon_logins_ssl") else "passwords"


def _certificate(v: Values) -> str:
    if not v.on("ssl_request_cert"):
        return "no"
    if v.on("require_cert"):
        return "required"
    return "optional" if v.on("validate_cert") else "no"


def _anonymous(v: Values, plan: Plan) -> None:
    """Ask TLS of anonymous clients where users with passwords need none."""
    if v.on("force_anon_logins_ssl") and v.on("anonymous_enable") and _logins(v) == "no":
        about, match = "logins of anonymous clients", {"Anonymous": "yes"}
        always = {"RequireTLS": "always"}
        plan.policies.append(Policy("20-vsftpd-anonymous-tls", about, match, always))


def _credentials(v: Values, tree: Tree, plan: Plan) -> None:
    chain, key = v.text("rsa_cert_file"), v.text("rsa_private_key_file")
    wanted = {"ftpsd.pem": chain} if chain and key in ("", chain) else {}
    if not wanted:
        wanted = {"ftpsd.crt": chain, "ftpsd.key": key}
    if v.on("ssl_request_cert") and v.text("ca_certs_file"):
        wanted["ftpsd.ca"] = v.text("ca_certs_file")
    for name, path in wanted.items():
        if not path:
            plan.checks.append(
                f"There is no file for {name}: clients will see a certificate of ftpsd's own."
            )
            continue
        if not path.startswith("/"):
            plan.checks.append(f"Link {CREDSTORE}/{name} to {path}: where that is only you know.")
            continue
        plan.links[name] = path
        if tree.read(path) is None:
            plan.checks.append(f"{path} cannot be read; without it there is no TLS.")


def _other_certificates(v: Values, plan: Plan) -> None:
    if "ftpsd.pem" in plan.links:
        plan.checks.append(
            "ftpsd.crt and ftpsd.key in /etc/credstore would come before vsftpd's certificate."
        )
    if v.text("rsa_cert_file") and v.text("dsa_cert_file"):
        plan.changes.append("The DSA certificate is not brought over.")


def _notes(v: Values, plan: Plan) -> None:
    if v.on("ssl_tlsv1") or v.on("ssl_tlsv11"):
        plan.changes.append("Clients that speak no TLS newer than 1.1 can no longer use TLS.")
    if not v.on("ssl_tlsv13"):
        plan.changes.append("Clients that speak TLS 1.3 will use it, though ssl_tlsv13 is NO.")
    if not v.on("allow_anon_ssl") and not v.on("force_anon_logins_ssl"):
        plan.changes.append("Anonymous clients may use TLS; vsftpd refused them then.")
    if not v.line("ssl_ciphers"):
        plan.changes.append(
            "vsftpd offered one cipher of TLS 1.2 alone; ftpsd offers what the system's policy has."
        )
    _guests(v, plan)
    if v.on("require_cert") and not v.on("ssl_request_cert"):
        plan.checks.append("require_cert had no effect, for ssl_request_cert is NO.")
    if _certificate(v) == "required" and not v.on("validate_cert"):
        plan.changes.append("Clients need a certificate, and now a valid one.")
    if v.text("ssl_sni_hostname"):
        plan.checks.append(
            "ssl_sni_hostname kept out clients that asked for another name, or for none; that ends."
        )


def _guests(v: Values, plan: Plan) -> None:
    restricted = v.on("guest_enable") and not v.on("virtual_use_local_privs")
    if restricted and v.on("force_local_data_ssl") and not v.on("force_anon_data_ssl"):
        plan.checks.append(
            "force_anon_data_ssl is NO and holds for guests: RequireDataTLS=no lets their data "
            "travel unencrypted, as before."
        )
