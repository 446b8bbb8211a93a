#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh MIB: the part of the demo that runs in the guest, with demo, zerocopy.ko and
# zerocopy_livepatch.ko in /demo. Prints the table; its exit status is whether each cell is right.
set -uo pipefail

mib=${1:-256}
small=64				# KiB that an ordinary user may lock here
enough=$((mib * 1024 + 8))		# what the stock kernel wants for it: two pages more than the data
lp=/sys/kernel/livepatch/zerocopy_livepatch
export DEMO_DIR=/tmp
declare -A stock layer

nic() { # last byte of the address -> name
	local f
	f=$(grep -l "52:54:00:00:00:$1" /sys/class/net/*/address) || return
	f=${f%/address}
	echo "${f##*/}"
}

# 4096 bytes of payload to a packet: vmxnet3 copies packets of up to 128 bytes whole, and with an
# MTU of 1500 such tails come and go with the timing, with and without the layer.
mtu=4148

setup() {
	local name i=0 dev
	for name in sender receiver; do
		i=$((i + 1))
		dev=$(nic "0$i") || return
		ip netns add "$name" && ip link set "$dev" netns "$name" &&
			ip -n "$name" addr add "10.77.0.$i/24" dev "$dev" &&
			ip -n "$name" link set "$dev" up mtu "$mtu" || return
	done
}

# shellcheck disable=SC2016 # awk's own
counter() { ip netns exec sender awk -v n="$1" '$1 == n { print $2 }' /proc/net/zerocopy; }
# Each CPU keeps a part of these to itself for a while.
vmstat() { echo 1 >/proc/sys/vm/stat_refresh && awk -v n="nr_foll_pin_$1" '$1 == n { print $2 }' /proc/vmstat; }
kib() { echo "$(($1 / 1024)) KiB"; }

set_cell() { # column, name, value
	if [ "$1" = stock ]; then stock[$2]=$3; else layer[$2]=$3; fi
}

run() { # column, prefix of the results, arguments of demo
	local column=$1 prefix=$2 name value
	shift 2
	while read -r name value; do
		set_cell "$column" "$prefix.$name" "$value"
	done < <(/demo/demo "$@")
}

column() {
	local pins0
	pins0=$(vmstat acquired)
	echo "$1: $mib MiB in one sendmsg(), an unprivileged user who may lock $small KiB"
	run "$1" small big "$mib" "$small" hash
	[ "$1" = stock ] || layer[small.peak]=$(counter pinned_bytes_peak)
	if [ "$1" = stock ]; then
		echo "$1: the same, allowed to lock $((enough - 4)) KiB"
		run "$1" almost big "$mib" "$((enough - 4))" plain
	fi
	echo "$1: the same, allowed to lock $enough KiB"
	run "$1" enough big "$mib" "$enough" plain
	[ "$1" = stock ] || layer[enough.peak]=$(counter pinned_bytes_peak)
	echo "$1: fork() while data is in flight, then the parent writes to it"
	run "$1" fork fork "$small"
	echo "$1: 100 sends of 64 KiB, reading the notifications"
	run "$1" notify notify 100 8192
	set_cell "$1" pins $(($(vmstat acquired) - pins0))
}

load() {
	insmod /demo/zerocopy.ko && insmod /demo/zerocopy_livepatch.ko || return
	until [ "$(cat $lp/transition)" = 0 ]; do sleep 0.1; done
	echo "modules loaded: $(lsmod | awk '/^zerocopy/ { printf "%s%s", s, $1; s = ", " }')"
}

unload() {
	echo 0 >$lp/enabled || return
	while [ -d $lp ]; do sleep 0.1; done
	rmmod zerocopy_livepatch && rmmod zerocopy && ! grep -q '^zerocopy' /proc/modules
}

bad=0
line() { printf '| %-44s | %-12s | %-13s | %-30s | %-5s |\n' "$@"; }
row() { # status of the condition, what, stock, layer, expected
	local ok=ok
	[ "$1" = 0 ] || { ok=WRONG; bad=1; }
	shift
	line "$@" "$ok"
}
all=$((mib << 20))
is() { [ "${stock[$1]:-?}" = "$2" ] && [ "${layer[$1]:-?}" = "$3" ]; }
show() { row $? "$2" "${stock[$1]:-?}" "${layer[$1]:-?}" "$3"; }

table() {
	local same=different window=$((8 << 20))
	echo
	line what 'stock kernel' 'with zerocopy' 'expected (stock / zerocopy)' ok
	line - - - - - | tr ' ' -
	is small.sent ENOBUFS all
	show small.sent "$mib MiB in one sendmsg(), may lock $small KiB" 'ENOBUFS / all sent'
	[ "${layer[small.sum_sent]:-s}" != "${layer[small.sum_received]:-r}" ] ||
		same=${layer[small.sum_sent]:0:8}..
	is small.received 0 "$all" && [ "$same" != different ]
	row $? '  sha256, equal at both ends' "$([ "${stock[small.received]:-?}" = 0 ] && echo 'nothing sent' || echo data)" \
		"$same" 'nothing sent / equal'
	is small.copied 0 0
	show small.copied '  notifications that say COPIED' '0 / 0'
	[ "${layer[small.peak]:-0}" -gt 0 ] && [ "${layer[small.peak]}" -le $((small * 1024)) ]
	row $? '  peak of pinned memory' - "$(kib "${layer[small.peak]:-0}")" "- / at most $small KiB"

	is enough.sent all all && [ "${stock[almost.sent]:-?}" = ENOBUFS ]
	show enough.sent "the same, may lock $enough KiB" 'all sent (4 KiB less: ENOBUFS)'
	[ "${layer[enough.peak]:-0}" -gt 0 ] && [ "${layer[enough.peak]}" -le "$window" ] && is enough.received "$all" "$all"
	row $? '  most memory charged at a time' "$enough KiB" "$(kib "${layer[enough.peak]:-0}")" \
		"all of it / at most $((window >> 10)) KiB"
	is enough.copied 0 0
	show enough.copied '  notifications that say COPIED' '0 / 0'

	is fork.kept '0 of 4' '4 of 4' && is fork.in_flight yes yes
	show fork.kept "parent's pages in place after fork and write" '0 of 4 / 4 of 4'
	is fork.child_unharmed yes yes && is fork.received 32768 32768 && is fork.notified 1 1
	show fork.child_unharmed '  child sees what was there at fork()' 'yes / yes'

	is notify.ids 0-99 0-99 && is notify.received 6553600 6553600
	show notify.ids '100 sends of 64 KiB: ids notified, in order' '0-99 / 0-99'
	is notify.copied 0 0
	show notify.copied '  notifications that say COPIED' '0 / 0'

	[ "${layer[sends]:-0}" = 103 ] && [ "${layer[passed]:-?}" = 0 ]
	row $? 'sends that went through the layer' - "${layer[sends]:-?}" '- / 103'
	[ "${layer[copied_bytes]:-?}" = 0 ]
	row $? 'bytes copied, as the layer counts them' - "${layer[copied_bytes]:-?}" '- / 0'
	[ "${stock[pins]}" = 0 ] && [ "${layer[pins]}" -ge $((mib * 512)) ]
	row $? 'pins taken (rather than page references)' "${stock[pins]}" "${layer[pins]}" 'none / every page'
	[ "${layer[left]:-?}" = 0 ] && [ "${layer[loans_out]:-?}" = 0 ] && [ "${layer[pinned]:-?}" = 0 ]
	row $? '  of these not given back at the end' - "${layer[left]:-?}" '- / 0'
	[ "$unloaded" = yes ]
	row $? 'modules unloaded again' - "$unloaded" '- / yes'
	echo
}

echo "booted: $(uname -r), unmodified; $(nproc) CPU, no KVM"
setup || { echo "no two NICs to join"; exit 3; }
echo "two vmxnet3 NICs joined, each in a network namespace of its own"
column stock
load || { echo "the modules cannot be loaded"; dmesg | tail -n 20; exit 3; }
column layer
layer[sends]=$(counter sends)
layer[copied_bytes]=$(counter copied_bytes)
layer[loans_out]=$(counter loans_out)
layer[pinned]=$(counter pinned_bytes)
# shellcheck disable=SC2016 # awk's own
layer[passed]=$(ip netns exec sender awk '/^passed_/ { n += $2 } END { print n + 0 }' /proc/net/zerocopy)
ip netns exec sender grep -E '^(copied|passed)_.* [1-9]' /proc/net/zerocopy | sed 's/^/layer: counted /'
layer[left]=$(($(vmstat acquired) - $(vmstat released)))
unloaded=no
echo "unloading the modules"
unload && unloaded=yes
table
exit "$bad"
