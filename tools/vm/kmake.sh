#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kmake.sh KDIR ARG...: make -C KDIR ARG.... Where KDIR has a toolchain of its own (see kernel-debian.sh), make runs
# with that as its root; what is no part of a system's software lies there where it lies here.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

kdir=$1
shift
[ -e "$kdir/.toolchain" ] || exec make -C "$kdir" "$@"
need unshare
root=$(realpath -e "$kdir/.toolchain")
namespaces=(--mount)
[ "$(id -u)" = 0 ] || namespaces+=(--map-root-user)
unshare "${namespaces[@]}" true 2>/dev/null ||
	die "building for this kernel takes a mount namespace, which this machine refuses: build as root."
# shellcheck disable=SC2016 # for the inner shell
exec unshare "${namespaces[@]}" bash -c '
	root=$1 kdir=$2
	shift 2
	for d in /*/; do
		case $d in /bin/|/sbin/|/lib*/|/usr/|/etc/|/lost+found/) continue ;; esac
		mkdir -p "$root$d" && mount --rbind "$d" "$root$d" || exit 1
	done
	export PATH=/usr/bin:/usr/sbin
	exec chroot "$root" make -C "$kdir" "$@"' kmake.sh "$root" "$(realpath -e "$kdir")" "$@"
