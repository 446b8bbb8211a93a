# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # dir is set by whoever sources this
# Sourced in the guest, with $dir set: zcsim pairs, one end in each of two network namespaces, and the modules.

lp=/sys/kernel/livepatch/zerocopy_livepatch
A() { ip netns exec zcbA "$@"; }
B() { ip netns exec zcbB "$@"; }
D() { ip netns exec zcbD "$@"; }

load() {
	insmod "$dir/zerocopy.ko"
	[ ! -e "$dir/zerocopy_rx.ko" ] || insmod "$dir/zerocopy_rx.ko"
	if [ -e "$dir/zerocopy_entry.ko" ]; then
		insmod "$dir/zerocopy_entry.ko"
		return
	fi
	insmod "$dir/zerocopy_livepatch.ko"
	until [ "$(cat $lp/transition)" = 0 ]; do sleep 0.1; done
}

# A queue that was bound holds an area for as long as one of its buffers is on its way, and nothing tells when that ends.
unload_module() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(cat "/sys/module/$1/refcnt")" != 0 ] || break
		sleep 0.1
	done
	rmmod "$1"
}

unload() {
	if [ -d $lp ]; then
		echo 0 >$lp/enabled
		while [ -d $lp ]; do sleep 0.1; done
		rmmod zerocopy_livepatch
	else
		rmmod zerocopy_entry
	fi
	[ ! -d /sys/module/zerocopy_rx ] || unload_module zerocopy_rx
	unload_module zerocopy
}

one_end() { # namespace, NIC, own number, the other's namespace, NIC, number; network, queues, bytes of a buffer
	local ip="ip -n $1" queue mac
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	# The timer of tail loss probes is moved with each packet, or is not, as rounding has it: 1 % and more.
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_early_retrans=0
	# Nor may it depend on the clock, or on the connection before, when slow start ends.
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_no_metrics_save=1
	[ ! -w /sys/module/tcp_cubic/parameters/hystart ] || echo 0 >/sys/module/tcp_cubic/parameters/hystart
	ip netns exec "$1" ethtool -L "$2" combined "$8" >/dev/null
	# GSO packets stay whole.
	ip netns exec "$1" ethtool --set-priv-flags "$2" gso-passthrough on
	ip netns exec "$1" ethtool -K "$2" gro off
	ip netns exec "$1" ethtool -G "$2" tx 4096 rx 1024 rx-buf-len "$9" >/dev/null
	# No queueing discipline, which then needs queues that are never stopped.
	for ((queue = 0; queue < $8; queue++)); do
		ip netns exec "$1" sh -c "cd /sys/class/net/$2/queues/tx-$queue/byte_queue_limits 2>/dev/null || exit 0
			echo 1000000000 >limit_min"
	done
	$ip link set lo up
	$ip link set "$2" mtu 65535 up
	ip netns exec "$1" tc qdisc replace dev "$2" root noqueue
	# One packet for each datagram; with TCP, 4096 bytes in each segment, so that packets end where pages do.
	$ip addr add "$7.0.$3/24" dev "$2"
	$ip addr add "$7.1.$3/32" dev "$2"
	$ip route add "$7.1.$6/32" dev "$2" src "$7.1.$3" mtu lock 4148
	mac=$(ip netns exec "$4" cat "/sys/class/net/$5/address")
	$ip neigh replace "$7.0.$6" lladdr "$mac" dev "$2"
	$ip neigh replace "$7.1.$6" lladdr "$mac" dev "$2"
}

pair() { # namespace, NIC, namespace, NIC; network, queues, bytes of a receive buffer
	ip netns add "$1"
	ip netns add "$3"
	ip link add "$2" netns "$1" type zcsim peer name "$4" netns "$3"
	one_end "$1" "$2" 1 "$3" "$4" 2 "${@:5}"
	one_end "$3" "$4" 2 "$1" "$2" 1 "${@:5}"
}

# Where receive receives: a queue of its own, which can be bound, and buffers of a page.
receiver() {
	pair zcbC zcb2 zcbD zcb3 10.89 2 4096
	D ethtool -K zcb3 ntuple on
	D ethtool -X zcb3 equal 1
	D ethtool -N zcb3 flow-type tcp4 dst-port 7101 action 1 >/dev/null
	# Not before 7.2.
	if D "$dir/rings" zcb3 | grep -q '^tcp-data-split'; then
		D "$dir/rings" zcb3 tcp-data-split on hds-thresh 0 >/dev/null
		export ZC_BENCH_SPLIT=1
	fi
	[ -e /dev/udmabuf ] || modprobe -q udmabuf || true
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
	# GSO packets are received into one buffer.
	pair zcbA zcb0 zcbB zcb1 10.88 1 65536
	if grep -q ' tcp-rx ' "$dir/rows"; then receiver; fi
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
