#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# profile.sh VARIANT[,OTHER] PROTO SIZE PAGES: where the instructions of a send go, function by function, e.g.
#   profile.sh stock,layer tcp 65536 4k
# With two variants, first where they differ. Every instruction between the marks around each round is counted, by a
# plugin for QEMU: exact, blind to nothing, and the guest does not notice. zcsim and the peer are in it: see [zcsim].
# KERNEL as in run.sh.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"
. "$ZC_TOP/tools/bench/build.sh"

here=$ZC_TOP/tools/bench
[ $# = 4 ] || die "usage: profile.sh VARIANT[,OTHER] tcp|udp|tcp-rx SIZE 4k|2m"
need gcc gawk
bench_kernel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench_build "$work/bench"
gcc -O2 -Wall -Wextra -shared -fPIC -fvisibility=hidden -o "$work/profile.so" "$here/profile.c" ||
	die "profile.c does not build."
printf '%s\n' repetitions=1 symbols=1 >"$work/bench/settings"

# ZC_BENCH_BUFS in each round; with tcp-rx a MiB is in two, the sender's turn and the receiver's.
sends=64
[ "$2" != tcp-rx ] || sends=0.5
profiles=()
for variant in ${1//,/ }; do
	echo "$variant $2 $3 $4" >"$work/bench/rows"
	"$ZC_VM/initramfs.sh" -o "$work/initramfs" "${modules[@]}" -a "$work/bench:/bench" "$here/guest.sh" /bench
	"$ZC_VM/boot.sh" --icount --mem 1G --timeout 1200 --plugin "$work/profile.so,out=$work/$variant.blocks" \
		"$image" "$work/initramfs" >"$work/$variant.out" || {
		tail -n 20 "$work/$variant.out" >&2
		die "the guest failed."
	}
	# Addresses in hexadecimal, of the same width: sorted as text, each block comes behind its function's symbol.
	{
		sed -n 's/^symbol \([0-9a-f]\{16\}\) \(.*[^\r]\)\r*$/\1 0symbol \2/p' "$work/$variant.out"
		sed 's/^\([0-9a-f]\{16\}\) /\1 1block /' "$work/$variant.blocks"
	} | sort | gawk -v variant="$variant" -v sends="$sends" -f "$here/profile.awk" >"$work/$variant.profile"
	profiles+=("$work/$variant.profile")
done
echo "$(sed -n 's/^\(kernel [^ \r]*\).*/\1/p' "$work/$variant.out"), $(git -C "$ZC_TOP" describe --always --dirty), $2 $3 $4:" \
	"instructions per send (and calls per send)"
gawk -f "$here/profile-table.awk" "${profiles[@]}"
