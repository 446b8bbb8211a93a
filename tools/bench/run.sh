#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh: 'make bench'. What a send costs, and a receive, by every way there is; see README here.
#   KERNEL=7.2             the test kernel instead of Debian's 6.12; or a kernel build directory; or cloud, generic (Debian's
#                          6.12), cloud-7.2, generic-7.2 (Debian's own 7.2)
#   BENCH_ONLY=regex       only rows that match, such as 'tcp 65536 4k$' or '^(stock|layer) udp' or '^plain' or 'tcp-rx'
#   BENCH_REPETITIONS=5
#   BENCH=clock            nanoseconds instead of instructions, under KVM where there is one
#   BENCH=nic PEER=address nanoseconds, as root on this machine's own kernel, over the NIC that leads to PEER;
#                          there runs 'send receive'
# Writes bench.json (this kernel's part of it), out/bench-*.txt and out/bench-*.svg; exit status 1 if the modules make
# plain sends dearer than is promised.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"
. "$ZC_TOP/tools/bench/build.sh"

here=$ZC_TOP/tools/bench
json=$ZC_TOP/bench.json
repetitions=${BENCH_REPETITIONS:-5}
[[ $repetitions =~ ^[1-9][0-9]?$ ]] || die "BENCH_REPETITIONS is a number from 1 to 99, not '$repetitions'."
case ${BENCH:-icount} in
icount) unit=instructions settings='' how=--icount ;;
clock) unit=ns settings='export ZC_BENCH_CLOCK=1' how='' ;;
nic)
	[ -n "${PEER:-}" ] || die "BENCH=nic needs PEER=address, where 'send receive' runs."
	[ "$(id -u)" = 0 ] || die "BENCH=nic measures on this machine: run as root."
	unit=ns settings="export ZC_BENCH_CLOCK=1 ZC_BENCH_PEER=$PEER" how=''
	;;
*) die "BENCH is icount, clock or nic, not '$BENCH'." ;;
esac
[ $# = 0 ] || die "takes no arguments."
need gcc gawk

if [ "${BENCH:-}" = nic ]; then
	kdir=$(realpath -e "/lib/modules/$(uname -r)/build" 2>/dev/null) ||
		die "the headers of the running kernel are missing: install linux-headers-$(uname -r)."
else
	bench_kernel
fi
commit=$(git -C "$ZC_TOP" describe --always --dirty 2>/dev/null || echo unknown)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench_build "$work/bench"
printf '%s\n' "repetitions=$repetitions" "$settings" >"$work/bench/settings"
{
	echo plain
	for row in tcp\ {1024,4096,16384,65536,1048576}\ {4k,2m} udp\ {1024,4096,16384,60000}\ {4k,2m}; do
		for variant in copy stock layer{,-page,-area,-area-page} io_uring io_uring-fixed{,8} floor{,-splice}; do
			echo "$variant $row"
		done
	done
	# Over zcsim only.
	if [ "${BENCH:-}" != nic ]; then
		for variant in recv zcrx-{copy,area} io_uring-zcrx devmem; do
			echo "$variant tcp-rx 1048576 4k"
		done
	fi
} | { grep -E -- "${BENCH_ONLY:-.}" || die "BENCH_ONLY=$BENCH_ONLY matches no row."; } >"$work/bench/rows"

progress() { tee "$work/out" | sed -un '/^plain\|^row\|^rx\|^kernel\|^ZC-EXIT/!s/^/bench: /p'; }
if [ "${BENCH:-}" = nic ]; then
	"$here/guest.sh" "$work/bench" | progress
else
	if [ -z "$how" ]; then
		# The device may be there and lead nowhere.
		if [ -w /dev/kvm ] && grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo; then
			how=--kvm
		else
			say "No KVM here: these are the emulator's nanoseconds."
		fi
	fi
	"$ZC_VM/initramfs.sh" -o "$work/initramfs" "${modules[@]}" -a "$work/bench:/bench" "$here/guest.sh" /bench
	# shellcheck disable=SC2086 # one option or none
	"$ZC_VM/boot.sh" $how --cpus 1 --mem 1G --timeout 3600 "$image" "$work/initramfs" | progress
fi

mkdir -p "$ZC_TOP/out"
name=bench-$(sed -n 's/^kernel \([^ \r]*\).*/\1/p' "$work/out")${BENCH:+-$BENCH}
gawk -v unit="$unit" -v json="$work/json" -v plot="$work/plot" -f "$here/table.awk" "$work/out" >"$work/table" &&
	status=0 || status=$?
[ "$status" -le 1 ] || die "nothing was measured."
{
	echo "Commit $commit, $repetitions repetitions."
	cat "$work/table"
} | tee "$ZC_TOP/out/$name.txt"
if [ ! -s "$work/plot" ]; then
	:
elif command -v gnuplot >/dev/null; then
	pages=$(grep -oE '^(4k|2m)' "$work/plot" | tr '\n' ' ')
	gnuplot -e "data='$work/plot'; pages='$pages'; kernel='${name#bench-}'; unit='$unit'" "$here/plot.gp" >"$ZC_TOP/out/$name.svg"
	echo "Plot: out/$name.svg"
else
	say "No plot: gnuplot is missing (gnuplot-nox)."
fi

# Instructions only: nanoseconds are of one machine. What is known of other kernels and rows stays.
if [ "$unit" = instructions ]; then
	{
		echo '['
		{
			cat "$work/json"
			[ ! -e "$json" ] || grep '^ *{' "$json" | sed 's/,$//'
		} | gawk -F ', "instructions' '!seen[$1]++' | sed '$!s/$/,/'
		echo ']'
	} >"$work/bench.json"
	mv "$work/bench.json" "$json"
	echo "Written to $json. What these figures mean and what they do not: tools/bench/README"
fi
exit "$status"
