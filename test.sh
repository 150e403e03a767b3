#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up what the tests need on a fresh Debian 12 or 13, and runs them; see --help.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit
export PATH=$PATH:/usr/sbin:/sbin
# compiled tests are kept, or each process would compile all of them
unset PYTHONDONTWRITEBYTECODE

fast_packages=(python3 python3-venv ca-certificates openssl)
system_packages=(mmdebstrap systemd-container debian-archive-keyring iproute2 shellcheck curl lftp tnftp wget)
failed=()

usage() {
  cat <<'END'
usage: ./test.sh [PYTEST ARGUMENT...]          everything; needs root, and installs Debian packages
       ./test.sh fast [PYTEST ARGUMENT...]     checks and fast tests, properties with fewer examples; no root needed
       ./test.sh system [PYTEST ARGUMENT...]   tests in booted Debian machines; needs root

The tools are installed in .venv. The Debian systems that are booted are kept in
$FTPSD_TEST_CACHE, or else in /var/cache/ftpsd-tests.
END
}

give_up() {
  printf '\ntest.sh: %s\n' "$*" >&2
  exit 1
}

need_packages() {
  local name log missing=()
  for name; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  if ((!${#missing[@]})); then return; fi
  if ((EUID)); then give_up "these Debian packages are missing, and only root can install them: ${missing[*]}"; fi
  printf 'Installing Debian packages: %s\n' "${missing[*]}"
  log=$(exec 2>&1 </dev/null && export DEBIAN_FRONTEND=noninteractive && apt-get -qq update
    apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "${missing[@]}") ||
    give_up "they could not be installed"$'\n'"$log"
}

make_venv() {
  local wanted
  if ((EUID == 0)); then need_packages "${fast_packages[@]}"; fi
  wanted=$(/usr/bin/python3 --version && cat tests/requirements.txt) || give_up "/usr/bin/python3 is missing"
  if [[ $(cat .venv/made-from 2>/dev/null) == "$wanted" ]]; then return; fi
  /usr/bin/python3 -c 'import ensurepip' 2>/dev/null || give_up "the Debian package python3-venv is missing"
  printf 'Installing tools in .venv\n'
  rm -rf .venv
  if ! /usr/bin/python3 -m venv .venv || ! .venv/bin/python -m pip install --quiet -r tests/requirements.txt; then
    give_up "the tools could not be installed"
  fi
  printf '%s\n' "$wanted" >.venv/made-from
}

step() { # step NAME COMMAND...
  printf '\n=== %s\n' "$1"
  "${@:2}" </dev/null || failed+=("$1")
}

check() {
  if command -v shellcheck >/dev/null; then
    step shellcheck shellcheck install.sh test.sh .ci/run
  else
    printf '\n=== shellcheck is not installed, so the shell scripts are not checked\n'
  fi
}

what=all
case ${1:-} in
  fast | system) what=$1 && shift ;;
  --help | -h) usage && exit ;;
esac
if [[ $what != fast ]]; then
  if ((EUID)); then give_up "the system tests boot machines, which needs root; ./test.sh fast does not"; fi
  need_packages "${fast_packages[@]}" "${system_packages[@]}"
fi
make_venv
# all processes have to find the tests in the same order, also those made from sets
export PYTHONHASHSEED=0
if [[ $what != system ]]; then
  check
  # alone they are to take less than a minute, so that properties are tried with fewer examples
  if [[ $what == fast ]]; then set -- -p tests.quick "$@"; fi
  # twice as many as there are processors, for some wait
  step 'fast tests' .venv/bin/python -m pytest -n "$((2 * $(nproc)))" --dist worksteal -m 'not system' --ignore=tests/system "$@"
fi
if [[ $what != fast ]]; then
  # twice as many here too: each has its own machine
  step 'system tests' .venv/bin/python -m pytest -n "$((2 * $(nproc)))" --dist loadgroup -m system "${@:-tests/system}"
fi

if ((${#failed[@]})); then
  failures=$(printf ', %s' "${failed[@]}")
  give_up "FAILED: ${failures#, }"
fi
printf '\ntest.sh: all passed\n'
