# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # dir is set by whoever sources this
# Sourced in the guest, with $dir set: a zcsim pair, one end in each of two network namespaces, and the modules.

lp=/sys/kernel/livepatch/zerocopy_livepatch
A() { ip netns exec zcbA "$@"; }
B() { ip netns exec zcbB "$@"; }

load() {
	insmod "$dir/zerocopy.ko"
	if [ -e "$dir/zerocopy_entry.ko" ]; then
		insmod "$dir/zerocopy_entry.ko"
		return
	fi
	insmod "$dir/zerocopy_livepatch.ko"
	until [ "$(cat $lp/transition)" = 0 ]; do sleep 0.1; done
}

unload() {
	if [ -d $lp ]; then
		echo 0 >$lp/enabled
		while [ -d $lp ]; do sleep 0.1; done
		rmmod zerocopy_livepatch
	else
		rmmod zerocopy_entry
	fi
	rmmod zerocopy
}

one_end() { # namespace, NIC, own number, the other's
	local ip="ip -n $1" mac
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	# The timer of tail loss probes is moved with each packet, or is not, as rounding has it: 1 % and more.
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_early_retrans=0
	# Nor may it depend on the clock, or on the connection before, when slow start ends.
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_no_metrics_save=1
	[ ! -w /sys/module/tcp_cubic/parameters/hystart ] || echo 0 >/sys/module/tcp_cubic/parameters/hystart
	ip netns exec "$1" ethtool -L "$2" combined 1 >/dev/null
	# GSO packets stay whole and are received into one buffer.
	ip netns exec "$1" ethtool --set-priv-flags "$2" gso-passthrough on
	ip netns exec "$1" ethtool -K "$2" gro off
	ip netns exec "$1" ethtool -G "$2" tx 4096 rx 1024 rx-buf-len 65536 >/dev/null
	# No queueing discipline, which then needs a queue that is never stopped.
	ip netns exec "$1" sh -c "cd /sys/class/net/$2/queues/tx-0/byte_queue_limits 2>/dev/null || exit 0
		echo 1000000000 >limit_min"
	$ip link set lo up
	$ip link set "$2" mtu 65535 up
	ip netns exec "$1" tc qdisc replace dev "$2" root noqueue
	# One packet for each datagram; with TCP, 4096 bytes in each segment, so that packets end where pages do.
	$ip addr add "10.88.0.$3/24" dev "$2"
	$ip addr add "10.88.1.$3/32" dev "$2"
	$ip route add "10.88.1.$4/32" dev "$2" src "10.88.1.$3" mtu lock 4148
	mac=$(A cat /sys/class/net/zcb0/address)
	[ "$4" = 1 ] || mac=$(B cat /sys/class/net/zcb1/address)
	$ip neigh replace "10.88.0.$4" lladdr "$mac" dev "$2"
	$ip neigh replace "10.88.1.$4" lladdr "$mac" dev "$2"
}

# The dummy device of the plain sends: scatter-gather and checksums on, no payload ever touched.
dummy() {
	ip link add zcsink type dummy
	ip link set zcsink mtu 65535 up
	ip addr add 10.88.8.1/24 dev zcsink
	ip addr add fd88::1/64 dev zcsink nodad
}

setup() {
	insmod "$dir/zc_bench.ko"
	dummy
	[ -z "${ZC_BENCH_PEER:-}" ] || return 0
	export IP_LIB_DIR=$dir
	insmod "$dir/zcsim.ko" dma=none
	ip netns add zcbA
	ip netns add zcbB
	ip link add zcb0 netns zcbA type zcsim peer name zcb1 netns zcbB
	one_end zcbA zcb0 1 2
	one_end zcbB zcb1 2 1
	B "$dir/send" sink zcb1 &
	# What booting has left to do is done before anything is measured. With -icount an idle minute is over at once.
	[ -n "${ZC_BENCH_CLOCK:-}" ] || sleep 60
}

# A guest goes away with all of it.
cleanup() {
	[ -n "${ZC_BENCH_PEER:-}" ] || return 0
	[ ! -d /sys/module/zerocopy ] || unload
	ip link del zcsink
	rmmod zc_bench
}
