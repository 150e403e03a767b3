#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2016  # variables in single quotes belong to a shell that is started
# One command from a fresh Debian 12 or 13 to a running FTP server; see --help. Where systemd does not run
# (most containers), a small Debian machine is booted, and this same script installs ftpsd in there.
set -euo pipefail
umask 022
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
destdir=${DESTDIR:-} state=${FTPSD_MACHINE:-/var/lib/ftpsd-machine}
packages=(python3 python3-systemd python3-prctl python3-pampy python3-six libpam-modules libpam-runtime
  libnss-systemd openssl)
settings=(/etc/ftpsd/ftpsd.conf /etc/pam.d/ftpsd)
installed=() changed_sockets=() booted=$([[ ! -d /run/systemd/system ]] || echo yes)

usage() {
  cat <<'END'
usage: ./install.sh [--prefix=DIR] [--machine]   install ftpsd and start it, or upgrade it in place
       ./install.sh --uninstall [--prefix=DIR]   remove it; changed settings, the account "ftp" and users stay
       ./install.sh --stop                       end and remove the machine made where systemd does not run

  --prefix=DIR   where to install; systemd reads units below /usr/local (the default) and /usr only
  --machine      install in a small Debian machine of its own even if systemd runs here
  DESTDIR=DIR SYSTEMD_VERSION=N   environment, for packagers: copy files for systemd N below DIR, do nothing else
END
}

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2 && exit 1; }

need_packages() {
  local name log missing=()
  for name; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  say "Installing Debian packages: ${missing[*]}"
  # a machine that has just been made is often still being updated by its first boot
  log=$(exec 2>&1 </dev/null && export DEBIAN_FRONTEND=noninteractive && apt-get -qq update
    apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "${missing[@]}") ||
    die "these packages could not be installed: ${missing[*]}"$'\n'"$log"
}

port_must_be_free() {
  local inode at who='a process that cannot be seen from here'
  # from /proc, because a small Debian has no ss; 0015 is 21, 0A is listening
  inode=$(cat /proc/net/tcp{,6} 2>/dev/null | awk '$2 ~ /:0015$/ && $4 == "0A" && !n++ { print $10 }') || true
  [[ $inode ]] || return 0
  at=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null) || true
  if [[ $booted && $at == /proc/1/* ]]; then
    who=$(systemctl list-sockets --no-legend | awk '$1 ~ /:21$/ { print $2 }')
  elif [[ $at ]]; then
    at=${at%/fd/*} who="$(cat "$at/comm") (process ${at##*/})"
  fi
  die "TCP port 21 is taken by $who, so nothing was changed.
Stop that server first, or give ftpsd another port before installing it:
  mkdir -p /etc/systemd/system/ftpsd.socket.d
  printf '[Socket]\nListenStream=\nListenStream=2121\n' >/etc/systemd/system/ftpsd.socket.d/port.conf"
}

put() { # put MODE SOURCE TARGET
  local new=$destdir$3.new~
  mkdir -p "${new%/*}"
  # a sandbox that shows /usr/lib must show the package as well where it is elsewhere
  sed -e "s|/usr/lib/ftpsd|$lib|g" -e "s|^BindReadOnlyPaths=/usr/lib\>|&$elsewhere|" "$2" >"$new"
  chmod "$1" "$new"
  if [[ $3 == *.socket && -e $destdir$3 ]] && ! cmp -s "$new" "$destdir$3"; then changed_sockets+=("${3##*/}"); fi
  mv -f "$new" "$destdir$3"
  installed+=("$3")
}

# dpkg's rule for a configuration file: what the admin changed stays, and the new one is put beside it.
put_settings() { # put_settings TEXT TARGET
  local at=$destdir$2 before=$destdir$lib/settings$2
  mkdir -p "${at%/*}" "${before%/*}"
  if [[ ! -e $at ]] || cmp -s "$at" "$before"; then
    # a full disk must not leave half of it, which would be taken for the admin's
    say "$1" >"$at.new~"
    if [[ -e $at ]]; then chmod --reference="$at" "$at.new~"; fi
    mv -f "$at.new~" "$at"
  fi
  if cmp -s "$at" - <<<"$1"; then
    rm -f "$at.new"
  elif ! cmp -s "$before" - <<<"$1"; then
    say "$1" >"$at.new" && say "Kept your $2; the new version is $2.new"
  fi
  say "$1" >"$before"
}

# Sessions load what they need when they need it. So each version has a tree of its own beside the one before,
# and "ftpsd" is a link to it, which a process follows once.
put_package() { # sets "tree"
  local new=$destdir$lib/new~
  rm -rf "$new" && mkdir -p "$new"
  cp -r "$here/ftpsd" "$new"
  chmod -R u=rwX,go=rX "$new"
  find "$new" -name __pycache__ -prune -exec rm -rf {} +
  if [[ $destdir ]]; then
    tree=$lib/ftpsd
  else
    # byte code is of one version of Python
    tree=$lib/$(cd "$new" && { find . -type f -print0 | sort -z | xargs -0 sha256sum && /usr/bin/python3 -VV; } |
      sha256sum | head -c 16)/ftpsd
  fi
  # sessions cannot write byte code, and must not spend their start on checking its age
  /usr/bin/python3 -I -m compileall -q --invalidation-mode unchecked-hash -s "$new/ftpsd" -p "$tree" "$new/ftpsd"
  if [[ $destdir ]]; then
    rm -rf "$destdir$tree"
    mv -T "$new/ftpsd" "$destdir$tree"
    rmdir "$new"
  elif [[ -d $tree ]]; then
    rm -rf "$new"
  else
    mv -T "$new" "${tree%/ftpsd}"
  fi
}

use_package() {
  local link=$lib/ftpsd was='' old
  if [[ -L $link ]]; then was=$(readlink "$link"); elif [[ -e $link ]]; then mv -T "$link" "$link.old~"; fi
  if [[ $was == "${tree#"$lib/"}" ]]; then return; fi
  ln -sfn "${tree#"$lib/"}" "$link.new~"
  mv -T "$link.new~" "$link"
  rm -rf "$link.old~"
  for old in "$lib"/*/ftpsd; do
    if [[ $old != "$tree" && $old != "$lib/$was" ]]; then rm -rf "${old%/ftpsd}"; fi
  done
}

put_files() {
  local file name text version was=() ftpsd
  version=${SYSTEMD_VERSION:-$(systemctl --version | awk 'NR == 1 { print $2 + 0 }')}
  shopt -s nullglob
  put_package
  ftpsd=(/usr/bin/python3 -I -S "$destdir$tree/__main__.py")
  for file in "$here"/units/*.{socket,service,slice} "$here"/units/*.d/*.conf; do
    name=${file##*/}
    # an older systemd would complain about what it does not know at every connection
    if [[ $name =~ systemd-([0-9]+)\.conf$ ]] && ((10#${BASH_REMATCH[1]} > version)); then continue; fi
    put 0644 "$file" "$prefix/lib/systemd/system/${file#"$here"/units/}"
  done
  for file in "$here"/{sysusers,tmpfiles}.d/*.conf; do put 0644 "$file" "$prefix/lib/${file#"$here"/}"; done
  put 0755 <(printf '#!/bin/sh\nexec /usr/bin/python3 -I -S %s/ftpsd/__main__.py "$@"\n' "$lib") "$prefix/bin/ftpsd"
  put 0755 <(printf '#!/bin/sh\nexec /usr/bin/python3 -I -S -X utf8 %s/ftpsd/__main__.py ctl "$@"\n' "$lib") \
    "$prefix/bin/ftpsdctl"
  text=$("${ftpsd[@]}" catalog) || die "'ftpsd catalog' failed"
  put 0644 <(say "$text") "$prefix/lib/systemd/catalog/ftpsd.catalog"
  for name in ftpsd.conf.5 ftpsd.8 ftpsdctl.8; do
    text=$("${ftpsd[@]}" manual "$name") || die "'ftpsd manual $name' failed"
    put 0644 <(say "$text") "$prefix/share/man/man${name##*.}/$name"
  done
  text=$("${ftpsd[@]}" config-sample) || die "'ftpsd config-sample' failed"
  put_settings "$text" "${settings[0]}"
  text=$(cat "$here/pam.d/ftpsd")
  put_settings "$text" "${settings[1]}"
  if [[ $destdir ]]; then rm -rf "$destdir$lib/settings" && return; fi
  if [[ -r $lib/installed ]]; then mapfile -t was <"$lib/installed"; fi
  printf '%s\n' "${installed[@]}" >"$lib/installed"
  for file in "${was[@]}"; do
    if grep -qxF -- "$file" "$lib/installed"; then continue; fi
    if [[ $file == *.@(socket|service) ]]; then systemctl disable -q --now "${file##*/}" 2>/dev/null || true; fi
    rm -f "$file"
  done
}

greeting() { # what the server at ADDRESS:PORT says first
  local line host=${1%:*}
  exec 3<>"/dev/tcp/${host//[][]/}/${1##*:}" || return
  while IFS= read -r -t 30 line <&3 && [[ $line == 220-* ]]; do :; done
  [[ $line == 220\ * ]] && say "${line%$'\r'}" && printf 'QUIT\r\n' >&3 && read -r -t 30 line <&3 && [[ $line == 221* ]]
}

install_here() {
  local at answer socket
  [[ $prefix == /usr || $prefix == /usr/local ]] || die "systemd reads no units below $prefix; use /usr/local or /usr"
  systemctl is-active -q ftpsd.socket || grep -qs '^ListenStream=' /etc/systemd/system/ftpsd.socket.d/*.conf ||
    port_must_be_free
  need_packages "${packages[@]}"
  put_files
  SYSTEMD_LOG_LEVEL=notice systemd-sysusers "$prefix/lib/sysusers.d/ftpsd.conf"
  systemd-tmpfiles --create "$prefix"/lib/tmpfiles.d/ftpsd*.conf
  journalctl --update-catalog
  systemctl daemon-reload
  use_package
  for socket in "${changed_sockets[@]}"; do
    # systemd does not open a socket again under a running service, and keeps nothing for one that is stopped
    if [[ $socket != ftpsd.socket ]] && systemctl stop -q "${socket%.socket}.service"; then
      say "$socket has changed, which ends sessions that are open."
    fi
    systemctl try-restart "$socket"
  done
  systemctl try-restart ftpsd-helper.service ftpsd-ports.service ftpsd-owner.service
  systemctl reset-failed 'ftpsd*' 2>/dev/null || true
  systemctl start -q ftpsd-keygen.service
  systemctl enable -q --now ftpsd.socket ftpsd-helper.socket ftpsd-ports.socket ftpsd-owner.socket
  # where the unit really listens: the admin may have changed it
  at=$(systemctl show -P Listen ftpsd.socket | awk '$2 == "(Stream)" && !n++ { print $1 }')
  at=${at/#'[::]:'/127.0.0.1:} at=${at/#0.0.0.0:/127.0.0.1:}
  if ! answer=$(greeting "$at"); then
    journalctl --no-pager -q -n 40 -u 'ftpsd*' >&2
    die "ftpsd is installed, but does not answer on $at; its last messages are above"
  fi
  say "ftpsd answers on $at: $answer"
  [[ ${FTPSD_INSIDE:-} ]] || cat <<END

  curl --ssl-reqd --insecure --user NAME ftp://${at%:21}/   your own files (curl asks for your password)
  curl ftp://${at%:21}/                 what anonymous visitors see
  journalctl -u 'ftpsd@*'              log of all sessions
  systemctl edit ftpsd.socket          other port or address (ListenStream=), limits
  /etc/credstore/ftpsd.pem             put your key and certificate there; until then it is self-signed
  ftpsdctl user add NAME               an account for FTP only
  ${settings[0]}               settings
  $here/install.sh --uninstall
END
}

uninstall_here() {
  local file removed=() left=()
  mapfile -t removed <"$lib/installed"
  {
    systemctl disable --now ftpsd.socket ftpsd-helper.socket ftpsd-ports.socket ftpsd-owner.socket
    systemctl kill ftpsd-helper.service # stopping it would leave the workers, which outlive its restart
    systemctl stop system-ftpsd.slice ftpsd-helper.service ftpsd-ports.service ftpsd-owner.service
  } 2>/dev/null || true
  for file in "${settings[@]}"; do
    if cmp -s "$file" "$lib/settings$file"; then rm -f "$file"; fi
  done
  # the key that nobody but its own certificate knows of; an admin's own stays
  rm -f /etc/credstore/ftpsd.self-signed
  rm -rf --one-file-system "${removed[@]}" "$lib" "${settings[@]/%/.new}" "${settings[@]/%/.new~}" /run/ftpsd
  rmdir --ignore-fail-on-non-empty "$prefix"/lib/systemd/system/ftpsd*.d "$prefix"/lib/systemd/{system,catalog} \
    "$prefix"/share/man/man{5,8} \
    "$prefix"/lib/{systemd,sysusers.d,tmpfiles.d} /etc/ftpsd{/ftpsd.conf.d,/policies.d,/greetings,} 2>/dev/null || true
  { systemctl daemon-reload && systemctl reset-failed 'ftpsd*' && journalctl --update-catalog; } 2>/dev/null || true
  shopt -s nullglob
  mapfile -t left < <(find /etc/ftpsd /etc/pam.d/ftpsd /etc/credstore{,.encrypted}/ftpsd.* \
    /etc/systemd/system/ftpsd{,@,-*}.{socket,service}.d ! -type d 2>/dev/null)
  ((!${#left[@]})) || printf 'Left your %s.\n' "${left[@]}"
  say 'ftpsd is removed. The account "ftp", its home, users and their group, and the Debian packages stay.'
}

machine_runs() { # sets "nspawn", and "init" to the machine's process 1 as it is numbered here
  [[ -r $state/pid ]] && read -r nspawn <"$state/pid" || return 1
  # a number left from before a restart may be anyone's by now
  grep -qsF -- "--directory=$state/root" "/proc/$nspawn/cmdline" || return 1
  init=$(cat "/proc/$nspawn/task/$nspawn/children") && init=${init%% *} && [[ $init ]]
}

inside() { nsenter --target "$init" --all env -i PATH=/usr/sbin:/usr/bin HOME=/root "$@"; }

# Both mmdebstrap and systemd-nspawn change how things are mounted; none of that may show outside. In a chroot
# they do not work, nor do the user namespaces of sessions, until its "/" covers the "/" outside.
own_mounts=(unshare --mount --propagation=unchanged bash -euc '
  outside="nsenter --mount=/proc/self/ns/mnt"
  $outside mount --make-rprivate /
  if [ "$(stat -c %d:%i /)" != "$($outside stat -c %d:%i /)" ]; then $outside --wd=/ mount --rbind . /; fi
  exec $outside "$@"' bash)

# systemd 256 and later refuse the old kind of control groups that some hosts still have. CAP_NET_ADMIN
# lets systemd bring up the loopback of a session's private network. Landlock, which the workers want,
# is not on the list of system calls that systemd-nspawn lets through.
boot='groups=/sys/fs/cgroup
  [[ $(stat -f -c %T $groups) == cgroup2fs ]] || mount -t cgroup2 cgroup2 $groups
  mkdir -p $groups/ftpsd-machine
  (echo $BASHPID >$groups/ftpsd-machine/cgroup.procs
    exec env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --settings=no --register=no --keep-unit \
      --link-journal=no --console=read-only --machine=ftpsd --boot "--directory=$1/root" --capability=CAP_NET_ADMIN \
      --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self") &
  echo $! >"$1/pid" && wait || true
  find $groups/ftpsd-machine -depth -type d -delete'

install_in_machine() {
  local suite=trixie up='' password='' source=$state/root/usr/local/src/ftpsd
  if ! machine_runs; then
    port_must_be_free
    need_packages mmdebstrap systemd-container debian-archive-keyring
    install -d -m 0700 "$state"
    if grep -q ^VERSION_CODENAME=bookworm /etc/os-release; then suite=bookworm; fi
    if [[ ! -d $state/root ]]; then
      say "Making a small Debian machine ($suite) in $state, which takes a minute."
      rm -rf --one-file-system "$state/root.new"
      "${own_mounts[@]}" mmdebstrap --quiet --variant=minbase \
        --include="systemd,systemd-sysv,dbus,libpam-systemd,$(IFS=, && echo "${packages[*]}")" \
        "$suite" "$state/root.new" || die "the machine could not be made"
      mv "$state/root.new" "$state/root"
    fi
    # the machine has to outlive this shell and its terminal
    SECONDS=0; setsid nohup "${own_mounts[@]}" bash -euc "$boot" bash "$state" </dev/null >"$state/console.log" 2>&1 &
    until machine_runs && up=$(inside systemctl is-system-running --wait 2>/dev/null) || [[ $up == degraded ]]; do
      if ((SECONDS > 120)) || ! kill -0 $!; then die "no machine:"$'\n'"$(tail -n 40 "$state/console.log")"; fi
      sleep 0.2
    done
  fi
  rm -rf "$source" && mkdir -p "$source"
  cp -r "$here"/{install.sh,ftpsd,units,sysusers.d,tmpfiles.d,pam.d} "$source"
  inside FTPSD_INSIDE=1 bash "${source#"$state/root"}/install.sh" "--prefix=$prefix" || die "see above"
  if ! inside id -u demo >/dev/null 2>&1; then
    password=$(head -c 512 /dev/urandom | tr -dc a-km-z2-9 | cut -c -12)
    inside useradd --create-home --shell /bin/bash demo
    inside chpasswd <<<"demo:$password"
  fi
  cat <<END

It runs in a small Debian machine of its own, because systemd does not run here. Port 21 of the machine is port 21
of this host, but accounts and files are the machine's, in $state/root.
It has an account to try: "demo", password ${password:-as printed when the machine was made}

  curl --ssl-reqd --insecure --user demo${password:+:$password} ftp://127.0.0.1/
  curl ftp://127.0.0.1/                       what anonymous visitors see
  nsenter --target $init --all               a shell in there: journalctl -u 'ftpsd@*', systemctl edit ftpsd.socket
  $here/install.sh --stop                     end the machine and remove it with all that is in it
END
}

stop_machine() {
  local deadline=$((SECONDS + 30))
  if machine_runs; then kill -s RTMIN+4 "$init"; fi # systemd's signal for powering off
  while machine_runs; do
    ((SECONDS < deadline)) || kill -s KILL "$init" "$nspawn" || true # as when there is a stopped shell in there
    sleep 0.2
  done
  rm -rf --one-file-system "$state"/{root,root.new,pid,console.log,.#root.lck}
  if [[ -d $state ]]; then rmdir "$state"; fi
  say "ftpsd is gone, and its machine if there was one."
}

main() {
  local action=install prefix=/usr/local lib tree nspawn init elsewhere=
  for arg; do
    case $arg in
      --prefix=*) prefix=${arg#*=} ;;
      --machine | --stop | --uninstall) action=${arg#--} ;;
      --help | -h) usage && return ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
  lib=$prefix/lib/ftpsd
  if [[ $prefix != /usr ]]; then elsewhere=" $lib"; fi
  [[ $prefix =~ ^(/[A-Za-z0-9._+-]+)+$ ]] || die "--prefix= needs an absolute path"
  if [[ $action == install && $destdir ]]; then
    put_files # not before an "&&", where the first error would not end it
    return
  fi
  ((EUID == 0)) || die "run this as root, e.g. sudo ./install.sh"
  case $action in
    install | machine) if [[ $action == install && $booted ]]; then install_here; else install_in_machine; fi ;;
    stop) stop_machine ;;
    uninstall)
      if [[ -r $lib/installed ]]; then
        uninstall_here
      elif [[ -d $state ]]; then
        stop_machine
      else
        [[ ! -d $lib ]] || die "it was not installed to the end: run ./install.sh again first"
        [[ ! -r /usr/lib/ftpsd/installed ]] || die "ftpsd is in /usr: say --prefix=/usr too"
        [[ ! -r /usr/local/lib/ftpsd/installed ]] || die "ftpsd is in /usr/local: say --prefix=/usr/local too"
        say "There is no ftpsd here that install.sh has installed."
      fi
      ;;
  esac
}

main "$@"; exit
