#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh DIR: the part of the bench that runs where it is measured. DIR holds the programs, the modules, settings, and
# in rows what to measure ("VARIANT PROTO SIZE PAGES" or "plain"). Prints "plain without|with KIND PATH SIZE COST" and
# "row VARIANT PROTO SIZE PAGES COST OTHER CALLS NOTES PINS PEAK", and with tcp-rx "rx " and what receive.c says; all
# variants take turns in each repetition.
set -euo pipefail
dir=$1 repetitions=1
# shellcheck disable=SC1091 # written by run.sh: repetitions, and what send.c wants to know
. "$dir/settings"
# shellcheck source=tools/bench/net.sh
. "$dir/net.sh"

plain() { # without|with
	grep -q '^plain' "$dir/rows" || return 0
	"$dir/plain" | sed "s/^/plain $1 /"
}

# Slabs are left as full as the rows before made them, and whether an object is freed into the slab that the CPU
# allocates from, for 1.5 % of a send of 64 KiB on 6.12, depends on that.
tidy() {
	local f
	for f in /sys/kernel/slab/*/shrink; do
		echo 1 >"$f"
	done
}

rows() { # pattern
	local row
	while read -ra row; do
		[[ ${row[0]} =~ $1 ]] || continue
		tidy
		if [ "${row[1]}" = tcp-rx ]; then
			"$dir/receive" "${row[@]}" >"$work/row" </dev/null
			sed 's/^/rx /' "$work/row"
		else
			"$dir/send" "${row[@]}" >"$work/row" </dev/null
			sed 's/^/row /' "$work/row"
		fi
	done <"$dir/rows"
}

# Without a copy, or there is nothing to compare. COPIED is lost where notifications merge.
check() {
	cat /proc/net/zerocopy >"$work/counters"
	[ -n "${ZC_BENCH_PEER:-}" ] || A cat /proc/net/zerocopy >>"$work/counters"
	awk '{ v[$1] += $2 } END { exit !(v["sends"] > 0 && v["copied_bytes"] == 0) }' "$work/counters" || {
		echo "the layer copied, or did nothing:"
		grep -v ' 0$' "$work/counters"
		exit 1
	}
}

# For profile.sh, while all modules are there.
symbols() {
	[ -n "${symbols:-}" ] || return 0
	symbols=
	awk '$2 ~ /^[tTwW]$/ { print "symbol", $1, $3, $4 }' /proc/kallsyms
}

without='^(copy|stock|io_uring|floor|recv|devmem)'
with='^(layer|zcrx)'
work=$(mktemp -d)
trap 'rm -rf "$work"; cleanup' EXIT
echo "kernel $(uname -r)"
setup
# Stock must not pay for our entry: it is measured while the modules are not there.
for ((i = 1; i <= repetitions; i++)); do
	echo "repetition $i of $repetitions"
	plain without
	rows "$without"
	if grep -qE '^(layer|zcrx|plain)' "$dir/rows"; then
		load
		plain with
		rows "$with"
		! grep -q '^layer' "$dir/rows" || check
		symbols
		unload
	fi
done
symbols
