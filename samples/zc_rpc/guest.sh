#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh MODULES CLIENT: payload of compare.sh. The server in one network namespace, the client in another,
# two NICs that do not copy between them. Every mode takes its turn in each of five rounds; medians count.
set -euo pipefail
modules=$1 client=$2
replies=200 bytes=65536
stats=/sys/module/zc_rpc/parameters/stats

nic() { ip -o link | sed -n "s/^[0-9]*: \([^:@]*\)[:@].* link\/ether 52:54:00:00:00:0$1 .*/\1/p"; }
for i in 1 2; do
	ip netns add "rpc$i"
	name=$(nic $i)
	ip link set "$name" netns "rpc$i"
	ip -n "rpc$i" addr add "10.79.0.$i/24" dev "$name"
	ip -n "rpc$i" link set "$name" up
done
head -c $((bytes + 4096)) /dev/urandom >/tmp/zc_rpc.data
insmod "$modules/zerocopy.ko"
ip netns exec rpc1 insmod "$modules/zc_rpc.ko" file=/tmp/zc_rpc.data

counter() { ip netns exec rpc1 sed -n "s/^$1 //p" /proc/net/zerocopy; }
stat_of() { sed -n "$(($1 + 1))s/^[0-9]* //p" $stats; }
modes=(plain layer frag)
for round in 0 1 2 3 4 5; do
	for m in 0 1 2; do
		copied=$(counter copied_bytes) ns=$(stat_of $m)
		line=$(ip netns exec rpc2 "$client" 10.79.0.1 7780 "${modes[m]}" $bytes $replies /tmp/zc_rpc.data)
		# The first round warms up.
		[ $round = 0 ] || echo "${modes[m]} $((($(stat_of $m) - ns) / replies)) $(($(counter copied_bytes) - copied))" \
			"$(sed -E 's/.* ([0-9]+) ns each/\1/' <<<"$line")"
	done
done | tee /tmp/rows
echo "mode, nanoseconds in the server's send, in all of a request, bytes of $replies replies that the layer copied:"
for m in "${modes[@]}"; do
	grep "^$m " /tmp/rows | sort -n -k2 | sed -n 3p | while read -r mode send copied all; do
		[ "$mode" != plain ] || copied="all of $(((bytes + 40) * replies)), by TCP"
		echo "$mode $send $all $copied"
	done
done
until rmmod zc_rpc; do sleep 0.1; done
rmmod zerocopy
