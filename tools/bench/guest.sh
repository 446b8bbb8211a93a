#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh REPETITIONS: the part of the bench that runs in the guest, with plain and the modules in /bench.
# Prints "sample without|with KIND PATH SIZE INSTRUCTIONS", the two states taking turns.
set -euo pipefail

lp=/sys/kernel/livepatch/zerocopy_livepatch

load() {
	insmod /bench/zerocopy.ko
	insmod /bench/zerocopy_livepatch.ko
	until [ "$(cat $lp/transition)" = 0 ]; do sleep 0.1; done
}

unload() {
	echo 0 >$lp/enabled
	while [ -d $lp ]; do sleep 0.1; done
	rmmod zerocopy_livepatch
	rmmod zerocopy
}

# Without a copy, or there is nothing to compare. COPIED is lost where notifications merge.
check() {
	# shellcheck disable=SC2016 # awk's own
	awk '{ v[$1] = $2 } END { exit !(v["sends"] > 0 && v["copied_bytes"] == 0) }' /proc/net/zerocopy || {
		echo "the layer copied, or did nothing:"
		grep -v ' 0$' /proc/net/zerocopy
		exit 1
	}
}

sample() { /bench/plain | sed "s/^/sample $1 /"; }

# Scatter-gather and checksums on, no payload ever touched, and room for a datagram in one packet.
ip link add sink type dummy
ip link set sink mtu 65535 up
ip addr add 10.88.0.1/24 dev sink
ip addr add fd88::1/64 dev sink nodad

echo "kernel $(uname -r)"
sample warm-up >/dev/null
load
sample warm-up >/dev/null
unload
for ((i = 1; i <= $1; i++)); do
	echo "repetition $i of $1"
	sample without
	load
	sample with
	check
	unload
done
