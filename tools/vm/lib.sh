# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are read by those who source this
# Shared by the scripts of this directory: words to the user and the cache.

ZC_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ZC_VM=$ZC_TOP/tools/vm
ZC_CACHE=${ZC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zerocopy}
# sbin is not in every user's PATH, but modprobe, depmod, ip and tc live there.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

need() {
	local c
	for c; do
		command -v "$c" >/dev/null || die "$c is missing: run 'make deps' as root."
	done
}

# Whoever holds the lock builds; the others then find the finished thing.
lock() {
	mkdir -p "$ZC_CACHE/lock" || die "cannot write to $ZC_CACHE: set ZC_CACHE to a directory you own."
	exec {ZC_LOCK_FD}>"$ZC_CACHE/lock/$1"
	flock "$ZC_LOCK_FD"
}
unlock() { exec {ZC_LOCK_FD}>&-; }

# A guest is one busy thread: more of them than processors only time each other out. Held until exit.
guest_slot() {
	local i wait=-n
	mkdir -p "$ZC_CACHE/lock" || die "cannot write to $ZC_CACHE: set ZC_CACHE to a directory you own."
	while :; do
		for ((i = 0; i < $(nproc); i++)); do
			exec {ZC_SLOT_FD}>"$ZC_CACHE/lock/guest-$i"
			# shellcheck disable=SC2086 # one or two words
			! flock $wait "$ZC_SLOT_FD" || return 0
			exec {ZC_SLOT_FD}>&-
		done
		wait='-w 1' # whichever comes first
	done
}

# A long step talks into a log; only its failure is shown.
logged() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null && return
	tail -n 30 "$log" >&2
	return 1
}
# Words given to our make are not meant for the kernel's.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES
