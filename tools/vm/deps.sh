#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# deps.sh [check|test|bench|drvtests]: installs the Debian packages that the other scripts, or one of these as well,
# need and this machine lacks.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

packages=(make gcc libc6-dev binutils bc bison flex libelf-dev libssl-dev pahole perl
	python3 python3-requests python3-argcomplete kmod rsync git patch xz-utils zstd cpio
	iproute2 iputils-ping ethtool mount util-linux procps gawk qemu-system-x86 sparse shellcheck)
case ${1:-} in
'') ;;
check) packages+=(g++ pkgconf man-db) ;; # what tools/lib is checked with
test) packages+=(python3-yaml python3-jsonschema) ;;
bench) packages+=(gnuplot-nox) ;;
drvtests) packages+=(python3-yaml python3-jsonschema clang socat iperf3) ;;
*) die "nothing is known of the needs of '$1'." ;;
esac

command -v dpkg-query >/dev/null || die "this is not Debian: install the counterparts of: ${packages[*]}."
mapfile -t missing < <(
	{
		dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
			awk '$2 == "installed" { print $1 }' || true
		printf '%s\n' "${packages[@]}" "${packages[@]}"
	} | sort | uniq -c | awk '$1 == 2 { print $2 }')
[ ${#missing[@]} -gt 0 ] || exit 0

[ "$(id -u)" = 0 ] || die "run as root: apt-get install --no-install-recommends ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
say "Installing ${missing[*]}."
install() { logged "$log" apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}"; }
# Package lists may be missing or stale; only then are they fetched.
install 2>/dev/null || { logged "$log" apt-get update && install; } ||
	die "apt-get cannot install ${missing[*]}: install them by hand."
