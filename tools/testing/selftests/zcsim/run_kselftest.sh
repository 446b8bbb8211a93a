#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the zcsim tests as root on the running kernel, prints TAP 13.
#
#   ZC_MODULES=dir   where zcsim.ko is, and zerocopy*.ko if they are to be used
#   ZC_DEBUG=1       a kernel with sanitizers: less data
#   ZC_FULL=1        1 GiB in each bulk transfer
#   ZC_BYTES=n       so many bytes
#   ZC_RX_MMAP=n     so many steps in rx_mmap random; ZC_SEED=n the same ones again
#   ZC_SHORT=1       the core subset
#   ZC_ONLY=regex    only the cases whose name matches
#   ZC_AGAIN=n       up to n cases that fail may try once more, and are named at the end
#
# --list prints the names of the cases. Exit status 0 only if nothing failed.
#
# "a && b || fail" means what it says; some scripts are for another shell; the
# cases are called by name.
# shellcheck disable=SC2015,SC2016,SC2317,SC2329
set -u
export LC_ALL=C
cd "$(dirname "$0")" || exit 1
: "${ZC_DEBUG=0}" "${ZC_FULL=0}" "${ZC_SHORT=0}" "${ZC_ONLY=}" "${ZC_MODULES=.}"
if [ "$ZC_FULL" != 0 ]; then
	: "${ZC_BYTES=1073741824}"
elif [ "$ZC_DEBUG" = 0 ]; then
	: "${ZC_BYTES=8388608}"
else
	: "${ZC_BYTES=2097152}"
fi
mapfile -t cases < <(
	if [ "$ZC_SHORT" = 0 ]; then
		sed -n 's/^t_\([a-z0-9_-]*\)() .*/\1/p' "${0##*/}"
	else
		printf '%s\n' create_names tcp4_tso tcp6_tso udp_gso zerocopy delete_traffic rmmod
	fi | grep -E "$ZC_ONLY")
if [ "${1-}" = --list ]; then
	printf '%s\n' "${cases[@]}"
	exit
fi
# The plugin that teaches ip what "type zcsim peer" means
export IP_LIB_DIR=$PWD
debugfs=/sys/kernel/debug/zcsim
[ -d /sys/kernel/debug/kprobes ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null

say() { printf '# %s\n' "$*"; }
bail() { printf 'Bail out! %s\n' "$*"; exit 1; }
fail() { say "$*"; return 1; }
skip() { why=$*; return 4; }
ask() { # what a command says is expected
	local got
	got=$("${@:3}" 2>&1)
	[ "$got" = "$2" ] || fail "$1: '$got', expected '$2'"
}

A() { ip netns exec zsA "$@"; }
B() { ip netns exec zsB "$@"; }

pair_del() {
	ip -n zsA link del zs0 2>/dev/null
	ip netns del zsA 2>/dev/null
	ip netns del zsB 2>/dev/null
	return 0
}

pair_up() {
	local n i
	for n in A B; do
		i=1
		[ $n = A ] || i=2
		ip -n zs$n link set lo up
		ip -n zs$n addr replace 10.79.0.$i/24 dev zs$((i - 1))
		ip -n zs$n addr replace fd79::$i/64 dev zs$((i - 1)) nodad
		ip -n zs$n link set zs$((i - 1)) up || return 1
	done
	dirA=$(nic_dir zsA zs0) dirB=$(nic_dir zsB zs1)
}

pair_new() {
	pair_del
	ip netns add zsA && ip netns add zsB || return 1
	ip link add zs0 netns zsA type zcsim peer name zs1 netns zsB && pair_up
}

nic_dir() { # netns device: its directory in debugfs
	printf '%s/%s' "$debugfs" "$(ip netns exec "$1" ethtool -i "$2" | sed -n 's/^bus-info: //p')"
}

stat_of() { # A|B regex: sum over the counters of ethtool -S
	local dev=zs0
	[ "$1" = A ] || dev=zs1
	"$1" ethtool -S $dev | awk -v re="^ *$2:" '$0 ~ re { n += $2 } END { print n + 0 }'
}

knob() { # directory queues(tx|rx) name value
	local q
	for q in "$1/$2"[0-9]*; do printf '%s' "$4" >"$q/$3" || return 1; done
}

count_of() { # directory tx|rx name
	cat "$1/$2"[0-9]*/"${3}_count" | awk '{ n += $1 } END { print n + 0 }'
}

# Bytes that the stack believes are still being sent (CONFIG_BQL)
byte_limits() {
	A bash -c "grep -v '^0$' /sys/class/net/zs0/queues/tx-*/byte_queue_limits/inflight /dev/null" 2>/dev/null
	B bash -c "grep -v '^0$' /sys/class/net/zs1/queues/tx-*/byte_queue_limits/inflight /dev/null" 2>/dev/null
}

# Every buffer is in a ring and every packet has come back
balanced() {
	local f i bad
	for ((i = 0; i < 100; i++)); do
		bad=
		for f in "$dirA" "$dirB"; do
			bad+=$(awk '$1 == "running" { r = $2; p = w = n = 0 }
				$1 == "posted" { p = $2 } $1 == "waiting" { w = $2 }
				$1 == "out" && r && ($2 != p || w) { print FILENAME ": " $2 " out, " p " posted, " w " waiting" }' \
				"$f"/rx*/state)
			bad+=$(awk '($1 == "posted" || $1 == "sent") && $2 { print FILENAME ": " $0 }' "$f"/tx*/state)
		done
		[ -n "$bad" ] || bad=$(byte_limits)
		[ -n "$bad" ] || return 0
		# Kick what waits for its CPU's next softirq.
		A ./traffic send udp 10.79.0.2 9 1 64 1 >/dev/null 2>&1
		sleep 0.1
	done
	fail "not balanced: $bad"
}

bulk() { # address bytes [zc]: one TCP transfer from A to B, compared
	local rx tx
	ip netns exec zsB timeout 900 ./traffic recv tcp 7000 >/tmp/zs.rx 2>&1 &
	local pid=$!
	A timeout 900 ./traffic send tcp "$1" 7000 "$2" ${3:+"$3"} >/tmp/zs.tx 2>&1 || {
		kill $pid 2>/dev/null
		fail "sender: $(cat /tmp/zs.tx)"
		return 1
	}
	wait $pid || { fail "receiver: $(cat /tmp/zs.rx)"; return 1; }
	rx=$(head -n 1 /tmp/zs.rx) tx=$(head -n 1 /tmp/zs.tx)
	[ "$rx" = "$tx" ] || fail "received $rx, sent $tx"
}

listening() { # tcp|udp port: B does
	local i
	for ((i = 0; i < 300; i++)); do
		B ss -Hln "--$1" "sport = :$2" | grep -q . && return 0
		sleep 0.1
	done
	fail "nobody listens on port $2"
}

udp() { # address count segment segments -> good bad twice late
	ip netns exec zsB timeout 120 ./traffic recv udp 7001 1000 >/tmp/zs.rx &
	local pid=$!
	listening udp 7001 || return 1
	A ./traffic send udp "$1" 7001 "${@:2}" >/tmp/zs.tx || return 1
	wait $pid
	read -r _ good _ bad _ twice _ late </tmp/zs.rx
}

# ---- the cases ----

t_create_names() {
	pair_new || return 1
	A test -e /sys/class/net/zs0/device || return 1
	A ip link show zs0 >/dev/null && B ip link show zs1 >/dev/null || return 1
	ip link add type zcsim || return 1
	ip link add zsx type zcsim || return 1
	ip -o link | grep -q ' zsx@zcsim' || fail "no peer for zsx" || return 1
	ip link del zsx && ip link del zcsim0 && ! ip link show zcsim1 2>/dev/null
}

t_create_queues() {
	ip link add zsq numtxqueues 3 numrxqueues 3 type zcsim peer name zsr || return 1
	ask "queues" 3 bash -c "ls -d /sys/class/net/zsq/queues/tx-* >/dev/null; ethtool -l zsq | awk '/Combined/ { print \$2; exit }'"
	local err=$?
	ip link del zsq
	return $err
}

t_create_many() {
	local i
	for ((i = 0; i < 5; i++)); do ip link add zsm$i type zcsim peer name zsn$i || return 1; done
	for ((i = 0; i < 5; i++)); do ip link del zsn$i || return 1; done
	! ip -o link | grep -q 'zs[mn][0-9]'
}

t_create_needs_capability() {
	unshare -Urn true 2>/dev/null || skip "no user namespaces" || return
	! unshare -Urn ip link add zs9 type zcsim 2>/tmp/zs.err || fail "a user namespace's root made one" || return 1
	grep -qi 'not permitted\|initial user' /tmp/zs.err || fail "$(cat /tmp/zs.err)"
}

t_xdp_refused() {
	[ "$(A ethtool -i zs0 | sed -n 's/^driver: //p')" = zcsim ] || return 1
	! ip -n zsA link set zs0 xdpdrv pinned /nonexistent 2>/dev/null
}

tso() { # on|off
	local n
	A ethtool -K zs0 tso "$1" tx-udp-segmentation "$1" >/dev/null
	B ethtool -K zs1 tso "$1" >/dev/null
	n=$(stat_of A 'tx[0-9]+_posted')
	bulk "$2" "$ZC_BYTES" || return 1
	n=$(($(stat_of A 'tx[0-9]+_posted') - n))
	A ethtool -K zs0 tso on tx-udp-segmentation on >/dev/null
	B ethtool -K zs1 tso on >/dev/null
	if [ "$1" = on ]; then
		[ $n -lt $((ZC_BYTES / 1400)) ] || fail "$n packets: not segmented by the NIC"
	else
		[ $n -ge $((ZC_BYTES / 1500)) ] || fail "$n packets: still segmented by the NIC"
	fi
	balanced
}
t_tcp4_tso() { tso on 10.79.0.2; }
t_tcp6_tso() { tso on fd79::2; }
t_tcp4_no_tso() { tso off 10.79.0.2; }
t_tcp6_no_tso() { tso off fd79::2; }

t_tcp_no_offload() {
	A ethtool -K zs0 tx off sg off >/dev/null
	B ethtool -K zs1 rx off gro off >/dev/null
	bulk 10.79.0.2 $((ZC_BYTES / 4)) && bulk fd79::2 $((ZC_BYTES / 4))
	local err=$?
	A ethtool -K zs0 tx on sg on tso on >/dev/null
	B ethtool -K zs1 rx on gro on >/dev/null
	[ $err = 0 ] || return 1
	ask "bad checksums" 0 stat_of B 'rx[0-9]+_csum_bad'
}

t_tcp_mtu() {
	local mtu
	for mtu in 1280 9000 65535; do
		ip -n zsA link set zs0 mtu $mtu
		ip -n zsB link set zs1 mtu $mtu
		bulk 10.79.0.2 "$ZC_BYTES" || { fail "mtu $mtu"; return 1; }
		bulk fd79::2 "$ZC_BYTES" || { fail "mtu $mtu"; return 1; }
	done
	ip -n zsA link set zs0 mtu 1500
	ip -n zsB link set zs1 mtu 1500
	balanced
}

t_gso_passthrough() {
	local frames err
	A ethtool --set-priv-flags zs0 gso-passthrough on
	frames=$(stat_of A 'tx[0-9]+_frames')
	bulk 10.79.0.2 "$ZC_BYTES" && bulk fd79::2 "$ZC_BYTES"
	err=$?
	frames=$(($(stat_of A 'tx[0-9]+_frames') - frames))
	[ $err = 0 ] && udp 10.79.0.2 100 1000 20 && [ "$good $bad" = "2000 0" ] || fail "udp: $good good, $bad bad, $err" || err=1
	A ethtool --set-priv-flags zs0 gso-passthrough off
	[ $err = 0 ] || return 1
	[ $frames -lt $((ZC_BYTES / 700)) ] || fail "$frames frames: segmented"
}

t_udp() {
	udp 10.79.0.2 200 1400 1 && [ "$good $bad $twice $late" = "200 0 0 0" ] || fail "$good $bad $twice $late" || return 1
	udp fd79::2 200 33 1 && [ "$good $bad $twice $late" = "200 0 0 0" ] || fail "$good $bad $twice $late"
}

t_udp_fragments() {
	udp 10.79.0.2 50 9000 1 && [ "$good $bad $twice $late" = "50 0 0 0" ] || fail "$good $bad $twice $late" || return 1
	udp fd79::2 50 9001 1 && [ "$good $bad $twice $late" = "50 0 0 0" ] || fail "$good $bad $twice $late"
}

t_udp_gso() {
	local n
	n=$(stat_of A 'tx[0-9]+_posted')
	udp 10.79.0.2 100 1001 40 && [ "$good $bad $twice $late" = "4000 0 0 0" ] || fail "$good $bad $twice $late" || return 1
	udp fd79::2 100 1231 30 && [ "$good $bad $twice $late" = "3000 0 0 0" ] || fail "$good $bad $twice $late" || return 1
	n=$(($(stat_of A 'tx[0-9]+_posted') - n))
	[ $n -lt 600 ] || fail "$n packets"
}

# Frames sent and not accounted for, in each direction: restarts of a queue apart, it does not change
missing() {
	local a b
	a=$(A ethtool -S zs0) b=$(B ethtool -S zs1)
	# shellcheck disable=SC2046
	set -- $(printf '%s\n%s\n' "$a" "x $b" | awk '
		BEGIN { second = 0 }
		$1 == "x" { second = 1 }
		/ tx[0-9]+_frames:/ { sent[second] += $2 }
		/ tx[0-9]+_frames_lost:/ { sent[second] -= $2 }
		/ rx[0-9]+_(packets|drops|overruns|length_errors):/ { got[second] += $2 }
		END { print sent[0] - got[1], sent[1] - got[0] }')
	echo $(($1 + $(count_of "$dirA" tx duplicate))) $(($2 + $(count_of "$dirB" tx duplicate)))
}

# The same, once three readings in a row agree: a connection that ends sends a few frames more, and they may pass while
# the counters are read
missing_settled() {
	local now last='' same=0 i
	for ((i = 0; i < 60 && same < 2; i++)); do
		now=$(missing)
		if [ "$now" = "$last" ]; then same=$((same + 1)); else same=0; fi
		last=$now
	done
	echo "$now"
}

# a fault at work in bulk transfers, v4 and v6, with TSO and without: the bytes are right, and it happened
fault() { # A|B tx|rx knob value
	local dir=$dirA before after err lost bytes=$((ZC_BYTES / 8))
	[ "$ZC_FULL" = 0 ] || bytes=$ZC_BYTES
	[ "$1" = A ] || dir=$dirB
	before=$(count_of "$dir" "$2" "$3") lost=$(missing_settled)
	knob "$dir" "$2" "$3" "$4" || return 1
	bulk 10.79.0.2 "$bytes" && bulk fd79::2 "$bytes" &&
		A ethtool -K zs0 tso off >/dev/null && bulk 10.79.0.2 "$bytes" && bulk fd79::2 "$bytes"
	err=$?
	A ethtool -K zs0 tso on >/dev/null
	knob "$dir" "$2" "$3" 0
	after=$(count_of "$dir" "$2" "$3")
	say "$1 $2 $3=$4: $((after - before)) times"
	[ $err = 0 ] || return 1
	[ "$after" -gt "$before" ] || fail "nothing happened" || return 1
	balanced || return 1
	after=$(missing_settled)
	[ "$after" = "$lost" ] || fail "frames unaccounted for: $after, before: $lost"
}
t_fault_tx_drop() { fault A tx drop 97; }
t_fault_tx_duplicate() { fault A tx duplicate 10; }
t_fault_tx_reorder() { fault A tx reorder 11; }
t_fault_tx_corrupt() { fault A tx corrupt 101 && [ "$(stat_of B 'rx[0-9]+_csum_bad')" -gt 0 ]; }
t_fault_tx_delay() { fault A tx delay_us 2000; }
t_fault_ack_drop() { fault B tx drop 5; }
t_fault_rx_drop() { fault B rx drop 89; }
t_fault_rx_corrupt() { fault B rx corrupt 103; }
t_fault_rx_delay() { fault B rx delay_us 1000; }
t_fault_all() {
	knob "$dirA" tx drop 211
	knob "$dirA" tx duplicate 53
	knob "$dirA" tx reorder 17
	fault A tx delay_us 500
	local err=$?
	knob "$dirA" tx drop 0
	knob "$dirA" tx duplicate 0
	knob "$dirA" tx reorder 0
	[ $err = 0 ] && balanced
}

t_fault_udp_duplicate() {
	knob "$dirA" tx duplicate 10
	udp 10.79.0.2 200 500 1
	knob "$dirA" tx duplicate 0
	[ "$twice" -gt 0 ] && [ "$bad" = 0 ] || fail "$good $bad $twice $late"
}

t_fault_udp_reorder() {
	knob "$dirA" tx reorder 10
	udp 10.79.0.2 100 500 20
	knob "$dirA" tx reorder 0
	[ "$late" -gt 0 ] && [ "$good $bad $twice" = "2000 0 0" ] || fail "$good $bad $twice $late"
}

t_fault_hold_tx() {
	knob "$dirA" tx hold 1
	A ./traffic send udp 10.79.0.2 9 20 100 1 >/dev/null
	local sent
	sent=$(awk '$1 == "sent" { n += $2 } END { print n }' "$dirA"/tx*/state)
	[ "$sent" -ge 20 ] || fail "$sent held" || { knob "$dirA" tx hold 0; return 1; }
	knob "$dirA" tx hold 0
	[ "$(count_of "$dirA" tx hold)" -ge 20 ] && balanced
}

t_fault_hold_rx() {
	knob "$dirB" rx hold 1
	A ./traffic send udp 10.79.0.2 9 20 100 1 >/dev/null
	sleep 0.2
	local waiting
	waiting=$(awk '$1 == "waiting" { n += $2 } END { print n }' "$dirB"/rx*/state)
	knob "$dirB" rx hold 0
	[ "$waiting" -ge 20 ] || fail "$waiting held" || return 1
	balanced
}

t_fault_starve() {
	local before after
	before=$(stat_of B 'rx[0-9]+_overruns')
	knob "$dirB" rx starve 1
	A ./traffic send udp 10.79.0.2 9 50 1000 40 >/dev/null
	knob "$dirB" rx starve 0
	after=$(stat_of B 'rx[0-9]+_overruns')
	[ "$after" -gt "$before" ] || fail "the ring never ran dry" || return 1
	[ "$(count_of "$dirB" rx starve)" -gt 0 ] || return 1
	bulk 10.79.0.2 1000000 && balanced
}

t_fault_fail_start() {
	ip -n zsA link set zs0 down
	echo 1 >"$dirA/rx1/fail_start"
	! ip -n zsA link set zs0 up 2>/dev/null || fail "it came up" || return 1
	ask "left" 0 cat "$dirA/rx1/fail_start" || return 1
	echo 1 >"$dirA/tx1/fail_start"
	! ip -n zsA link set zs0 up 2>/dev/null || fail "it came up" || return 1
	pair_up && bulk 10.79.0.2 1000000
}

t_fault_unplug_queue() {
	local lost
	knob "$dirA" tx unplug 1
	A ./traffic send udp 10.79.0.2 9 20 100 1 >/dev/null
	knob "$dirA" tx unplug 0
	lost=$(count_of "$dirA" tx unplug)
	[ "$lost" -ge 20 ] || fail "$lost lost" || return 1
	bulk 10.79.0.2 1000000
}

t_fault_unplug_cable() {
	echo 1 >"$dirB/unplug"
	ask "carrier" 0 ip netns exec zsA bash -c 'for i in {1..20}; do c=$(cat /sys/class/net/zs0/carrier); [ $c = 1 ] || break; sleep 0.1; done; echo $c' || return 1
	echo 0 >"$dirB/unplug"
	ask "carrier" 1 ip netns exec zsA bash -c 'for i in {1..20}; do c=$(cat /sys/class/net/zs0/carrier); [ $c = 0 ] || break; sleep 0.1; done; echo $c' || return 1
	bulk 10.79.0.2 1000000
}

traffic_bg() { # a transfer in the background that may break
	ip netns exec zsB timeout 600 ./traffic recv tcp 7002 >/dev/null 2>&1 &
	bg1=$!
	ip netns exec zsA timeout 600 ./traffic send tcp 10.79.0.2 7002 $((1 << 40)) ${1:+"$1"} >/dev/null 2>&1 &
	bg2=$!
	sleep 1
}
traffic_end() {
	kill "$bg1" "$bg2" 2>/dev/null
	wait "$bg1" "$bg2" 2>/dev/null
	return 0
}

t_rings() {
	local n err=0
	traffic_bg
	for n in 64 100 4096 512; do
		B ethtool -G zs1 rx $n tx $n || err=1
		A ethtool -G zs0 rx $n tx $n || err=1
	done
	# Only ethtool netlink knows it.
	if A ethtool -G zs0 rx-buf-len 8192 2>/dev/null; then
		B ethtool -G zs1 rx-buf-len 16384 || err=1
		! A ethtool -G zs0 rx-buf-len 5000 2>/dev/null || err=1
	fi
	! A ethtool -G zs0 rx 5000 2>/dev/null || err=1
	kill -0 $bg2 2>/dev/null || fail "the transfer broke" || err=1
	traffic_end
	[ $err = 0 ] || return 1
	bulk 10.79.0.2 "$ZC_BYTES" || return 1
	A ethtool -G zs0 rx-buf-len 4096 2>/dev/null
	B ethtool -G zs1 rx-buf-len 4096 2>/dev/null
	balanced
}

t_channels() {
	local n err=0
	traffic_bg
	for n in 1 8 3 2; do
		A ethtool -L zs0 combined $n || err=1
		B ethtool -L zs1 combined $n || err=1
	done
	kill -0 $bg2 2>/dev/null || fail "the transfer broke" || err=1
	traffic_end
	! A ethtool -L zs0 combined 9 2>/dev/null || err=1
	[ $err = 0 ] && bulk 10.79.0.2 "$ZC_BYTES" && balanced
}

packets_on() { stat_of B "rx$1_packets"; }

t_ntuple() {
	local n loc q
	B ethtool -L zs1 combined 4 || return 1
	for q in 3 1; do
		B ethtool -N zs1 flow-type tcp4 dst-port 7000 action $q loc 5 >/dev/null || return 1
		n=$(packets_on $q)
		bulk 10.79.0.2 1000000 || return 1
		[ $(($(packets_on $q) - n)) -gt 100 ] || fail "not on queue $q" || return 1
	done
	# The same match anywhere is the same rule.
	ask "rule" 5 bash -c 'ip netns exec zsB ethtool -N zs1 flow-type tcp4 dst-port 7000 action 2 | sed -n "s/.*ID \([0-9]*\).*/\1/p"' || return 1
	loc=$(B ethtool -N zs1 flow-type tcp6 dst-port 7000 dst-ip fd79::2 action 2 | sed -n 's/.*ID \([0-9]*\).*/\1/p')
	n=$(packets_on 2)
	bulk fd79::2 1000000 || return 1
	[ $(($(packets_on 2) - n)) -gt 100 ] || fail "v6 not on queue 2" || return 1
	B ethtool -n zs1 | grep -q "Total 2 rules" || fail "rules are not listed" || return 1
	B ethtool -N zs1 delete "$loc" && B ethtool -N zs1 delete 5 || return 1
	# what is dropped does not arrive
	B ethtool -N zs1 flow-type udp4 dst-port 7001 action -1 loc 0 >/dev/null || return 1
	ip netns exec zsB timeout 3 ./traffic recv udp 7001 100 >/tmp/zs.rx &
	local pid=$!
	listening udp 7001 || return 1
	A ./traffic send udp 10.79.0.2 7001 5 100 1 >/dev/null
	wait $pid
	[ ! -s /tmp/zs.rx ] || fail "$(cat /tmp/zs.rx)" || return 1
	B ethtool -N zs1 flow-type tcp4 dst-port 1 action 4 >/tmp/zs.err 2>&1
	B ethtool -n zs1 | grep -q "Total 1 rules" || fail "a queue that is not there: $(cat /tmp/zs.err)" || return 1
	B ethtool -N zs1 delete 0 && B ethtool -L zs1 combined 2
}

t_rss() {
	local n i
	B ethtool -L zs1 combined 4 && B ethtool -X zs1 weight 0 0 1 0 || return 1
	n=$(packets_on 2)
	bulk 10.79.0.2 1000000 || return 1
	[ $(($(packets_on 2) - n)) -gt 100 ] || fail "not on queue 2" || return 1
	B ethtool -X zs1 default || return 1
	for ((i = 0; i < 40; i++)); do A ./traffic send udp 10.79.0.2 9 1 64 1 >/dev/null; done
	for ((i = 0; i < 4; i++)); do [ "$(packets_on $i)" -gt 0 ] || fail "nothing on queue $i" || return 1; done
	B ethtool -L zs1 combined 2
}

udp_queues() { # how many of B's queues get 20 flows that differ in their port
	local i before
	mapfile -t before < <(for i in 0 1 2 3; do packets_on $i; done)
	for ((i = 0; i < 20; i++)); do A ./traffic send udp 10.79.0.2 9 5 64 1 >/dev/null; done
	for i in 0 1 2 3; do echo $(($(packets_on $i) - before[i])); done | awk '$1 >= 5' | wc -l
}

t_rss_fields() {
	B ethtool -L zs1 combined 4 || return 1
	B ethtool -N zs1 rx-flow-hash udp4 sd 2>/tmp/zs.err || skip "$(cat /tmp/zs.err)" || return
	ask "queues without ports" 1 udp_queues || return 1
	B ethtool -N zs1 rx-flow-hash udp4 sdfn || return 1
	[ "$(udp_queues)" -gt 1 ] || fail "one queue with ports" || return 1
	B ethtool -L zs1 combined 2
}

t_rss_context() {
	local ctx n
	B ethtool -L zs1 combined 4 || return 1
	ctx=$(B ethtool -X zs1 context new start 3 equal 1 2>/dev/null | sed -n 's/.*context is \([0-9]*\).*/\1/p')
	[ -n "$ctx" ] || skip "ethtool makes no RSS context" || return
	B ethtool -N zs1 flow-type tcp4 dst-port 7000 context "$ctx" loc 1 >/dev/null || return 1
	n=$(packets_on 3)
	bulk 10.79.0.2 1000000 || return 1
	[ $(($(packets_on 3) - n)) -gt 100 ] || fail "not on queue 3" || return 1
	B ethtool -N zs1 delete 1 && B ethtool -X zs1 context "$ctx" delete && B ethtool -L zs1 combined 2
}

hds() { # header/data split on, if the kernel has it
	B ./rings zs1 2>/dev/null | grep -q '^tcp-data-split' || skip "this kernel has no header/data split" || return
	B ./rings zs1 tcp-data-split on hds-thresh "${1:-0}" >/dev/null
}

hds_off() { # a queue that was bound a moment ago may still be
	local i
	for ((i = 0; i < 100; i++)); do
		B ./rings zs1 tcp-data-split off hds-thresh 0 >/dev/null 2>/tmp/zs.err && return 0
		sleep 0.1
	done
	fail "split stays on: $(cat /tmp/zs.err)"
}

udmabuf() {
	[ -e /dev/udmabuf ] || modprobe -q udmabuf
	[ -e /dev/udmabuf ] || skip "this kernel has no udmabuf"
}

# Queue 2 of B is for the rule's flow alone
queue2() { # rule
	B ethtool -L zs1 combined 3 && B ethtool -X zs1 equal 2 && B ethtool -N zs1 "$@" action 2 loc 2 >/dev/null
}

queue2_off() {
	B ethtool -N zs1 delete 2 && B ethtool -X zs1 default && hds_off && B ethtool -L zs1 combined 2
}

t_header_split() {
	local n
	hds || return
	n=$(stat_of B 'rx[0-9]+_split')
	bulk 10.79.0.2 "$ZC_BYTES" && bulk fd79::2 "$ZC_BYTES" || return 1
	[ $(($(stat_of B 'rx[0-9]+_split') - n)) -gt $((ZC_BYTES / 2000)) ] || fail "nothing was split" || return 1
	udp 10.79.0.2 100 1000 20 && [ "$good $bad" = "2000 0" ] || fail "udp $good $bad" || return 1
	udp 10.79.0.2 50 9000 1 && [ "$good $bad" = "50 0" ] || fail "fragments $good $bad" || return 1
	balanced && hds_off
}

t_devmem() { # unreadable memory: a udmabuf, bound to a queue
	hds || return
	udmabuf || return
	queue2 flow-type tcp4 dst-port 7003 || return 1
	ip netns exec zsB timeout 120 ./devmem zs1 2 7003 >/tmp/zs.rx 2>&1 &
	local pid=$!
	A timeout 100 ./traffic send tcp 10.79.0.2 7003 "$ZC_BYTES" >/tmp/zs.tx 2>&1
	wait $pid || fail "devmem: $(cat /tmp/zs.rx)" || return 1
	[ "$(head -n 1 /tmp/zs.rx)" = "$(head -n 1 /tmp/zs.tx)" ] || fail "$(cat /tmp/zs.rx /tmp/zs.tx)" || return 1
	say "$(sed -n 2p /tmp/zs.rx)"
	queue2_off && balanced
}

t_hds_thresh() { # payload up to it stays with the headers
	local n
	hds 512 || return
	n=$(stat_of B 'rx[0-9]+_split')
	udp 10.79.0.2 50 512 1 && [ "$good $bad" = "50 0" ] || fail "short: $good $bad" || return 1
	ask "split of 50 short datagrams" "$n" stat_of B 'rx[0-9]+_split' || return 1
	udp 10.79.0.2 50 513 1 && [ "$good $bad" = "50 0" ] || fail "long: $good $bad" || return 1
	ask "split of 50 long datagrams" $((n + 50)) stat_of B 'rx[0-9]+_split' || return 1
	! B ./rings zs1 hds-thresh 100000 >/dev/null 2>&1 || fail "any threshold will do" || return 1
	bulk 10.79.0.2 $((ZC_BYTES / 4)) && bulk fd79::2 $((ZC_BYTES / 4)) && balanced && hds_off
}

t_rx_page_size() { # buffers larger than a page, split and not
	local len
	B ethtool -G zs1 rx-buf-len 8192 2>/tmp/zs.err || skip "ethtool netlink: $(cat /tmp/zs.err)" || return
	ip -n zsA link set zs0 mtu 9000
	ip -n zsB link set zs1 mtu 9000
	for len in 8192 32768; do
		B ethtool -G zs1 rx-buf-len $len || return 1
		ask "buffer" $len awk '$1 == "buf_len" { print $2 }' "$dirB/rx0/state" || return 1
		bulk 10.79.0.2 $((ZC_BYTES / 8)) && balanced || return 1
		if B ./rings zs1 tcp-data-split on >/dev/null 2>&1; then
			bulk fd79::2 $((ZC_BYTES / 8)) && balanced && hds_off || return 1
		fi
	done
	ip -n zsA link set zs0 mtu 1500
	ip -n zsB link set zs1 mtu 1500
	B ethtool -G zs1 rx-buf-len 4096 && bulk 10.79.0.2 1000000 && balanced
}

ncdevmem_rx() { # address family
	local pid n=$((ZC_BYTES / 8))
	[ -x ./ncdevmem ] || skip "ncdevmem is not built: it is for 7.2" || return
	hds || return
	udmabuf || return
	B ethtool -L zs1 combined 3 || return 1
	n=$((n - n % 7))
	ip netns exec zsB timeout 300 ./ncdevmem -l -f zs1 -s "$1" -p 5201 -v 7 >/tmp/zs.rx 2>&1 &
	pid=$!
	listening tcp 5201 || { fail "$(tail -n 20 /tmp/zs.rx)"; return 1; }
	A bash -c "yes \$'\\x01\\x02\\x03\\x04\\x05\\x06' | head -c $n >/dev/tcp/$1/5201" || fail "sender" || return 1
	wait $pid || fail "$(tail -n 20 /tmp/zs.rx)" || return 1
	# Its exit status forgives some errors.
	! grep -q 'Failed validation\|SCM_DEVMEM_LINEAR' /tmp/zs.rx || fail "$(grep -m 3 'Failed\|LINEAR' /tmp/zs.rx)" || return 1
	ask "bytes in the DMA-BUF" $n awk -F= '/^total_received=/ { n = $2 } END { print n }' /tmp/zs.rx || return 1
	say "$n bytes in $(grep -c '^Validated' /tmp/zs.rx) validated fragments"
	B ethtool -X zs1 default && hds_off && B ethtool -L zs1 combined 2 && balanced
}
t_ncdevmem__receive_ipv4() { ncdevmem_rx 10.79.0.2; }
t_ncdevmem__receive_ipv6() { ncdevmem_rx fd79::2; }

# Binds several queues, refuses without queues, without split, and to take a bound queue away
t_ncdevmem__bind() {
	[ -x ./ncdevmem ] || skip "ncdevmem is not built: it is for 7.2" || return
	hds || return
	udmabuf || return
	B ethtool -L zs1 combined 4 || return 1
	B timeout 60 ./ncdevmem -f zs1 >/tmp/zs.rx 2>&1 || fail "$(tail -n 20 /tmp/zs.rx)" || return 1
	B ethtool -X zs1 default && hds_off && B ethtool -L zs1 combined 2 && balanced
}

ncdevmem_tx() { # address, bytes of a line, lines, [option]...
	local pid n
	[ -x ./ncdevmem ] || skip "ncdevmem is not built: it is for 7.2" || return
	A ./rings zs0 2>/dev/null | grep -q '^tcp-data-split' || skip "this kernel has no netmem_tx" || return
	udmabuf || return
	seq 1 100000000 | tr -d '\n' | fold -w "$2" | head -n "$3" >/tmp/zs.file
	n=$(stat_of A 'tx[0-9]+_netmem')
	ip netns exec zsB timeout 300 ./traffic recv tcp 5202 >/tmp/zs.rx 2>&1 &
	pid=$!
	listening tcp 5202 || return 1
	A timeout 300 ./ncdevmem -f zs0 -s "$1" -p 5202 "${@:4}" </tmp/zs.file >/tmp/zs.tx 2>&1 || fail "$(tail -n 5 /tmp/zs.tx)" || return 1
	wait $pid || fail "$(cat /tmp/zs.rx)" || return 1
	ask "received" "$(./traffic hash </tmp/zs.file)" cat /tmp/zs.rx || return 1
	n=$(($(stat_of A 'tx[0-9]+_netmem') - n))
	[ $n -ge "$3" ] || fail "$n packets out of the DMA-BUF" || return 1
	say "$(stat -c %s /tmp/zs.file) bytes, $(grep -c '^tx complete' /tmp/zs.tx) completions, $n packets out of the DMA-BUF"
	balanced
}
t_ncdevmem__transmit_ipv4() { ncdevmem_tx 10.79.0.2 60000 $((ZC_BYTES / 400000 + 1)); }
t_ncdevmem__transmit_ipv6() { ncdevmem_tx fd79::2 60000 $((ZC_BYTES / 400000 + 1)); }
t_ncdevmem__transmit_chunks() { ncdevmem_tx 10.79.0.2 999 20 -z 3; }
t_ncdevmem__transmit_no_tso() {
	A ethtool -K zs0 tso off >/dev/null
	ncdevmem_tx 10.79.0.2 60000 4
	local err=$?
	A ethtool -K zs0 tso on >/dev/null
	return $err
}

t_ncdevmem__both() { # out of one DMA-BUF into another
	local pid
	[ -x ./ncdevmem ] || skip "ncdevmem is not built: it is for 7.2" || return
	hds || return
	udmabuf || return
	B ethtool -L zs1 combined 3 || return 1
	ip netns exec zsB timeout 120 ./ncdevmem -l -f zs1 -s fd79::2 -p 5203 -v 0 >/tmp/zs.rx 2>&1 &
	pid=$!
	listening tcp 5203 || { fail "$(tail -n 20 /tmp/zs.rx)"; return 1; }
	seq -f 'line %g' 1 20 | A timeout 100 ./ncdevmem -f zs0 -s fd79::2 -p 5203 >/tmp/zs.tx 2>&1 || fail "$(tail -n 5 /tmp/zs.tx)" || return 1
	wait $pid || fail "$(tail -n 20 /tmp/zs.rx)" || return 1
	ask "bytes in the DMA-BUF" "$(seq -f 'line %g' 1 20 | wc -c)" awk -F= '/^total_received=/ { n = $2 } END { print n }' /tmp/zs.rx || return 1
	B ethtool -X zs1 default && hds_off && B ethtool -L zs1 combined 2 && balanced
}

iou_zcrx() { # address family of the rule, bytes, options of the receiver
	local pid bytes=$2 i
	[ -x ./iou-zcrx ] || skip "iou-zcrx is not built: it is for 7.2" || return
	hds || return
	queue2 flow-type "$1" dst-port 8000 || return 1
	# shellcheck disable=SC2086
	ip netns exec zsB timeout 60 ./iou-zcrx -s -p 8000 -i zs1 -q 2 $3 >/tmp/zs.rx 2>&1 &
	pid=$!
	listening tcp 8000 || { fail "$(cat /tmp/zs.rx)"; return 1; }
	A timeout 60 ./iou-zcrx -c -h fd79::2 -p 8000 -l 12840 -z "$bytes" >/tmp/zs.tx 2>&1 || fail "$(cat /tmp/zs.tx /tmp/zs.rx)" || return 1
	wait $pid || fail "$(cat /tmp/zs.rx)" || return 1
	[ "$(packets_on 2)" -gt 0 ] || fail "nothing on queue 2" || return 1
	# The queue is given back behind the program's back.
	for ((i = 0; i < 200; i++)); do
		grep -q '^unreadable 0' "$dirB/rx2/state" && break
		sleep 0.1
	done
	queue2_off && balanced
}
# A receiver that gets no CPU meanwhile must find room in its 1024 CQEs, one for each packet
if [ "$ZC_DEBUG" = 0 ]; then iou_bytes=1048576; else iou_bytes=262144; fi
t_iou-zcrx__4k() { iou_zcrx tcp6 $iou_bytes ""; }
t_iou-zcrx__8k() {
	[ -x ./iou-zcrx ] || skip "iou-zcrx is not built: it is for 7.2" || return
	echo 32 >/proc/sys/vm/nr_hugepages
	[ "$(cat /proc/sys/vm/nr_hugepages)" -ge 16 ] || skip "no huge pages" || return
	iou_zcrx tcp6 $iou_bytes "-x 2"
	local err=$?
	echo 0 >/proc/sys/vm/nr_hugepages
	return $err
}
t_iou-zcrx__oneshot() { iou_zcrx tcp6 16384 "-o 4"; }

t_devmem_faults() { # a bound queue that cannot be stopped or started
	hds || return
	udmabuf || return
	B ethtool -L zs1 combined 3 && B ethtool -X zs1 equal 2 || return 1
	echo 1 >"$dirB/rx2/fail_start"
	! B timeout 20 ./devmem zs1 2 7003 >/tmp/zs.rx 2>&1 || fail "started" || return 1
	[ "$(cat "$dirB/rx2/fail_start_count")" -gt 0 ] || fail "not asked to start" || return 1
	echo 1 >"$dirB/rx2/fail_stop"
	! B timeout 20 ./devmem zs1 2 7003 >/tmp/zs.rx 2>&1 || fail "stopped" || return 1
	[ "$(cat "$dirB/rx2/fail_stop_count")" -gt 0 ] || fail "not asked to stop" || return 1
	B ethtool -X zs1 default && hds_off && B ethtool -L zs1 combined 2 && bulk 10.79.0.2 1000000 && balanced
}

# ---- what is removed with traffic, bound queues and unreadable skbs in flight ----

# Every pool that was destroyed has to get its last buffer back: the kernel traces how many are out
pools=/sys/kernel/tracing/events/page_pool/page_pool_release
pools_watch() {
	[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
	[ -e $pools/enable ] || fail "page_pool_release cannot be traced" || return 1
	echo 0 >$pools/enable
	echo >/sys/kernel/tracing/trace
	echo 1 >$pools/enable
}
pools_drained() { # within a minute; the kernel looks once a second
	local i out
	for ((i = 0; i < 120; i++)); do
		out=$(awk '/page_pool_release:/ {
			for (f = 1; f <= NF; f++) {
				if ($f ~ /^page_pool=/) p = $f
				if ($f ~ /^inflight=/) n = substr($f, 10)
			}
			last[p] = n
		} END { for (p in last) { pools++; out += last[p] } print pools + 0, out + 0 }' /sys/kernel/tracing/trace)
		[ "${out#* }" = 0 ] && [ "${out% *}" -gt 0 ] && break
		# Kick what waits for a CPU's next softirq.
		./traffic send udp 127.0.0.1 9 1 64 1 >/dev/null 2>&1
		sleep 0.5
	done
	echo 0 >$pools/enable
	[ "${out#* }" = 0 ] && [ "${out% *}" -gt 0 ] || fail "pools, buffers out: $out"
}

devmem_bg() { # [keep]: a transfer into a DMA-BUF, under way
	local i
	hds || return
	udmabuf || return
	queue2 flow-type tcp4 dst-port 7003 || return 1
	# The receiver's FIN has nowhere to go: its socket, and what it holds, would wait for minutes.
	B sysctl -qw net.ipv4.tcp_orphan_retries=1 || return 1
	ip netns exec zsB timeout 600 ./devmem zs1 2 7003 ${1:+"$1"} >/tmp/zs.rx 2>&1 &
	bg1=$!
	ip netns exec zsA timeout 600 ./traffic send tcp 10.79.0.2 7003 $((1 << 40)) >/dev/null 2>&1 &
	bg2=$!
	for ((i = 0; i < 300; i++)); do
		[ "$(packets_on 2)" -gt 50 ] && break
		sleep 0.1
	done
	[ $i -lt 300 ] || fail "nothing on queue 2: $(cat /tmp/zs.rx)" || return 1
	pools_watch
}

devmem_removed() { # command that removes something: then the rest, and nothing is left behind
	local err=0
	"$@" || err=1
	traffic_end
	pair_del
	pools_drained || err=1
	pair_new || err=1
	bulk 10.79.0.2 1000000 && balanced || err=1
	return $err
}

t_devmem_delete_nic() { devmem_bg || return; devmem_removed ip -n zsB link del zs1; }
t_devmem_delete_peer() { devmem_bg || return; devmem_removed ip -n zsA link del zs0; }
t_devmem_delete_netns() { devmem_bg || return; devmem_removed ip netns del zsB; }
t_devmem_delete_peer_netns() { devmem_bg || return; devmem_removed ip netns del zsA; }
t_devmem_down() { devmem_bg || return; devmem_removed ip -n zsB link set zs1 down; }
t_devmem_killed() { devmem_bg || return; devmem_removed kill_program; }
kill_program() { kill -9 "$(pgrep -P "$bg1")"; }
t_devmem_rmmod() {
	devmem_bg || return
	rmmod zcsim || { traffic_end; return 1; }
	traffic_end
	insmod "$ZC_MODULES/zcsim.ko" && devmem_removed true
}

# frames in the rings that nobody has seen yet
t_devmem_delete_held() {
	devmem_bg || return
	knob "$dirB" rx hold 1
	devmem_removed ip -n zsB link del zs1
}

# buffers in the hands of a program, which dies after the NIC
t_devmem_delete_kept() {
	devmem_bg keep || return
	devmem_removed ip -n zsB link del zs1
}

line_once_connected() { # and packets are held from there on
	local i
	for ((i = 0; i < 300; i++)); do
		B ss -Htn state established "sport = :5202" | grep -q . && break
		sleep 0.1
	done
	[ $i -lt 300 ] && balanced >&2 && knob "$dirA" tx hold 1 && echo "a line"
}

# packets out of a DMA-BUF that are not completed, of a program that is gone
t_devmem_tx_delete_held() {
	[ -x ./ncdevmem ] || skip "ncdevmem is not built: it is for 7.2" || return
	A ./rings zs0 2>/dev/null | grep -q '^tcp-data-split' || skip "this kernel has no netmem_tx" || return
	udmabuf || return
	ip netns exec zsB timeout 60 ./traffic recv tcp 5202 >/tmp/zs.rx 2>&1 &
	bg1=$! bg2=$!
	listening tcp 5202 || return 1
	# Held behind the handshake: a queue that never sent takes one packet and stops (byte queue limits).
	! line_once_connected | A timeout 60 ./ncdevmem -f zs0 -s 10.79.0.2 -p 5202 >/tmp/zs.tx 2>&1 || fail "completed" || return 1
	grep -q 'did not receive tx completion' /tmp/zs.tx || fail "$(cat /tmp/zs.tx)" || return 1
	[ "$(stat_of A 'tx[0-9]+_netmem')" -gt 0 ] || fail "nothing out of the DMA-BUF was sent" || return 1
	pools_watch || return 1
	ip -n zsA link del zs0 || return 1
	devmem_removed true
}

# ---- memory of a module: samples/zc_provider ----

sample=/sys/module/zc_provider/parameters
provider_says() { sed -n "s/^$1 //p" $sample/result; }

provider() { # [parameter]...: the sample listens on B, and has queue 2 for its port
	local m
	[ -e "$ZC_MODULES/zc_provider.ko" ] || skip "this kernel takes no memory from modules" || return
	[ ! -d /sys/module/zc_provider ] || provider_off || return 1
	hds || return
	queue2 flow-type tcp4 dst-port 7790 || return 1
	for m in zerocopy zerocopy_rx; do
		[ -d /sys/module/$m ] || insmod "$ZC_MODULES/$m.ko" || return 1
	done
	B insmod "$ZC_MODULES/zc_provider.ko" "$@" && echo zs1 2 >$sample/bind
}

# The last buffer is back, then the last pool is gone, then the module is not in use any more.
provider_off() {
	local i
	echo >$sample/bind
	echo >$sample/hangup
	for ((i = 0; i < 300; i++)); do
		ask "buffers" "$(provider_says allocated)" provider_says freed >/dev/null && rmmod zc_provider 2>/dev/null && break
		./traffic send udp 127.0.0.1 9 1 64 1 >/dev/null 2>&1
		sleep 0.2
	done
	[ $i -lt 300 ] || fail "zc_provider stays: $(cat $sample/result)" || return 1
	rmmod zerocopy_rx && layer_down
}

provider_sent() { # bytes: a stream to the sample, compared
	local i
	A timeout 300 ./traffic send tcp 10.79.0.2 7790 "$1" >/tmp/zs.tx || fail "$(cat /tmp/zs.tx)" || return 1
	for ((i = 0; i < 100; i++)); do
		[ "$(provider_says over)" = 1 ] && break
		sleep 0.1
	done
	[ "$(head -n 1 /tmp/zs.tx)" = "$(head -n 1 $sample/result)" ] || fail "$(cat /tmp/zs.tx $sample/result)"
}

t_provider() { # bit-exact, in place, and page_pool recycles (S4.1, S4.5, S4.6)
	local packets asked
	# More than a socket may hold
	provider buffers=4096 || return
	provider_sent "$ZC_BYTES" || return 1
	ask "copied" 0 provider_says copied || return 1
	asked=$(provider_says allocs)
	packets=$(packets_on 2)
	provider_sent "$ZC_BYTES" || return 1
	asked=$(($(provider_says allocs) - asked)) packets=$(($(packets_on 2) - packets))
	say "asked for memory $asked times for $packets packets"
	[ $((asked * 100)) -lt $packets ] || fail "page_pool does not recycle: $(cat $sample/result)" || return 1
	! rmmod zc_provider 2>/dev/null || fail "removed while a queue has it" || return 1
	! rmmod zerocopy_rx 2>/dev/null || fail "removed while a queue has it" || return 1
	! bash -c "echo zs1 1 >$sample/bind" 2>/dev/null || fail "one provider, two queues" || return 1
	provider_off && queue2_off && balanced
}

t_provider_page_size() { # buffers of two pages
	provider order=1 buffers=4096 || return
	ask "buffer" 8192 awk '$1 == "buf_len" { print $2 }' "$dirB/rx2/state" || return 1
	provider_sent "$ZC_BYTES" && ask "copied" 0 provider_says copied || return 1
	provider_off && queue2_off && balanced
}

bounced() { # is all DMA to go through bounce buffers?
	grep -qw swiotlb=force /proc/cmdline || skip "for a guest with swiotlb=force"
}

t_provider_sync() { # page_pool and the driver sync, the provider does not (S4.8)
	bounced || return
	provider buffers=4096 || return
	provider_sent "$ZC_BYTES" && ask "copied" 0 provider_says copied || return 1
	provider_off && queue2_off && balanced
}

t_provider_refused() { # what cannot be opened is as it was
	provider || return
	echo >$sample/bind
	! bash -c "echo zs1 7 >$sample/bind" 2>/dev/null || fail "there is no queue 7" || return 1
	! bash -c "echo lo 0 >$sample/bind" 2>/dev/null || fail "lo has no queue" || return 1
	echo 1 >"$dirB/rx2/fail_start"
	! bash -c "echo zs1 2 >$sample/bind" 2>/dev/null || fail "started" || return 1
	echo 1 >"$dirB/rx2/fail_stop"
	! bash -c "echo zs1 2 >$sample/bind" 2>/dev/null || fail "stopped" || return 1
	hds_off || return 1
	! bash -c "echo zs1 2 >$sample/bind" 2>/dev/null || fail "without header/data split" || return 1
	hds && echo zs1 2 >$sample/bind || return 1
	if udmabuf; then
		! B timeout 20 ./devmem zs1 2 7003 >/tmp/zs.rx 2>&1 || fail "a queue, two providers" || return 1
	fi
	provider_sent "$ZC_BYTES" && ask "copied" 0 provider_says copied || return 1
	provider_off && queue2_off && balanced
}

provider_grows() { # in_place|copied: while the sender is at it
	local was
	was=$(provider_says "$1")
	while [ "$(provider_says "$1")" = "$was" ]; do
		kill -0 "$bg1" 2>/dev/null || fail "it is over: $(cat $sample/result)" || return 1
	done
}

t_provider_rebind() { # while data comes: none of it is lost, some of it comes another way
	local i
	provider || return
	echo >$sample/bind
	ip netns exec zsA timeout 600 ./traffic send tcp 10.79.0.2 7790 $((ZC_BYTES * 24)) >/tmp/zs.tx &
	bg1=$!
	for ((i = 0; i < 3; i++)); do
		provider_grows copied && echo zs1 2 >$sample/bind && provider_grows in_place && echo >$sample/bind && continue
		kill "$bg1"
		return 1
	done
	wait "$bg1" || fail "$(cat /tmp/zs.tx)" || return 1
	for ((i = 0; i < 100; i++)); do
		[ "$(provider_says over)" = 1 ] && break
		sleep 0.1
	done
	[ "$(head -n 1 /tmp/zs.tx)" = "$(head -n 1 $sample/result)" ] || fail "$(cat /tmp/zs.tx $sample/result)" || return 1
	say "in place $(provider_says in_place), copied $(provider_says copied)"
	provider_off && queue2_off && balanced
}

provider_removed() { # command that removes something while data comes
	local i err=0
	provider || return
	ip netns exec zsA timeout 600 ./traffic send tcp 10.79.0.2 7790 $((1 << 40)) >/dev/null 2>&1 &
	bg1=$!
	bg2=$bg1
	for ((i = 0; i < 300; i++)); do
		[ "$(packets_on 2)" -gt 50 ] && break
		sleep 0.1
	done
	[ $i -lt 300 ] || fail "nothing on queue 2: $(cat $sample/result)" || err=1
	"$@" || err=1
	traffic_end
	pair_del
	provider_off || err=1
	pair_new || err=1
	bulk 10.79.0.2 1000000 && balanced || err=1
	return $err
}
t_provider_delete_nic() { provider_removed ip -n zsB link del zs1; }
t_provider_delete_peer() { provider_removed ip -n zsA link del zs0; }
t_provider_down() { provider_removed ip -n zsB link set zs1 down; }
provider_hold() { # frames in the rings that nobody has seen yet
	knob "$dirB" rx hold 1
	ip -n zsB link del zs1
}
t_provider_delete_held() { provider_removed provider_hold; }
provider_rmmod_nic() { rmmod zcsim && insmod "$ZC_MODULES/zcsim.ko"; }
t_provider_rmmod_nic() { provider_removed provider_rmmod_nic; }

t_qstats() { # netdev-genl: nothing is forgotten when there are fewer queues
	local before after q
	B ethtool -L zs1 combined 4 || return 1
	bulk 10.79.0.2 1000000 && bulk fd79::2 1000000 || return 1
	# A late packet (neighbour discovery) is not a wrong count: all readings are of the same moment.
	for ((q = 0; q < 20; q++)); do
		before=$(B cat /sys/class/net/zs1/statistics/rx_packets)
		B ./qstats zs1 >/tmp/zs.dev && B ./qstats zs1 queue >/tmp/zs.queues || return 1
		B ethtool -S zs1 >/tmp/zs.stat
		[ "$(B cat /sys/class/net/zs1/statistics/rx_packets)" = "$before" ] && break
	done
	ask "rx_packets" "$before" awk '/^rx packets/ { print $3 }' /tmp/zs.dev || return 1
	for q in 0 1 2 3; do
		ask "rx$q" "$(awk -v q="rx${q}_packets:" '$1 == q { print $2 }' /tmp/zs.stat)" awk -v q=rx$q '$1 == q && $2 == "packets" { print $3 }' /tmp/zs.queues || return 1
	done
	before=$(awk '/^rx packets/ { print $3 }' /tmp/zs.dev)
	[ "$before" -gt 1000 ] || fail "$before packets" || return 1
	B ethtool -L zs1 combined 1 || return 1
	after=$(B ./qstats zs1 | awk '/^rx packets/ { print $3 }')
	[ "$after" -ge "$before" ] || fail "$after packets, $before before" || return 1
	ask "queues" 1 bash -c 'ip netns exec zsB ./qstats zs1 queue | grep -c "^rx[0-9]* packets"' || return 1
	B ethtool -L zs1 combined 2
}

t_timestamps() {
	local pid addr
	A ethtool -T zs0 | grep -q hardware-transmit && A ethtool -T zs0 | grep -q software-transmit || return 1
	for addr in 10.79.0.2 fd79::2; do
		ip netns exec zsB ./stamp recv zs1 7004 >/tmp/zs.rx 2>&1 &
		pid=$!
		listening udp 7004 || return 1
		ask "sender" "software yes hardware yes" ip netns exec zsA ./stamp send zs0 $addr 7004 || return 1
		wait $pid
		ask "receiver" "software yes hardware yes" cat /tmp/zs.rx || return 1
	done
}

# TCP_ZEROCOPY_RECEIVE: segments of a page each, and nothing else in the page
rx_mmap() { # case
	local err
	hds || return
	ip -n zsA link set zs0 mtu 4148
	ip -n zsB link set zs1 mtu 4148
	timeout 1500 ./rx_mmap "$1" >/tmp/zs.rx 2>&1
	err=$?
	pair_new # some take the link down
	[ $err != 4 ] || skip "$(tail -n 1 /tmp/zs.rx)" || return
	[ $err = 0 ] || fail "$(cat /tmp/zs.rx)" || return 1
	while read -r line; do say "$line"; done </tmp/zs.rx
}
t_rx_mmap__munmap() { rx_mmap munmap; }
t_rx_mmap__dontneed() { rx_mmap dontneed; }
t_rx_mmap__replaced() { rx_mmap replaced; }
t_rx_mmap__again() { rx_mmap again; }
t_rx_mmap__exit() { rx_mmap exit; }
t_rx_mmap__kill() { rx_mmap kill; }
t_rx_mmap__fork() { rx_mmap fork; }
t_rx_mmap__splice() { rx_mmap splice; }
t_rx_mmap__skb_last() { rx_mmap skb_last; }
t_rx_mmap__rmdir() { rx_mmap rmdir; }
t_rx_mmap__limit() { rx_mmap limit; }
t_rx_mmap__down() { rx_mmap down; }
t_rx_mmap__kept() { rx_mmap kept; }
t_rx_mmap__stock() { rx_mmap stock; }
t_rx_mmap__sysctl() { rx_mmap sysctl; }
t_rx_mmap__random() { rx_mmap random; }

# Upstream's tcp_mmap, its receiver in a cgroup; it compares hashes itself
tcp_mmap() { # [limit]: with a cgroup that something else fills
	local cg=/tmp/zs.cgroup/zs err=0 pid start now
	local traced=/sys/kernel/tracing/events/network_folio max=0 i
	[ -x ./tcp_mmap ] || skip "tcp_mmap is not built: it needs libssl-dev" || return
	[ -d $traced ] || skip "this kernel does not charge who maps" || return
	hds || return
	ip -n zsA link set zs0 mtu 4148
	ip -n zsB link set zs1 mtu 4148
	mkdir -p /tmp/zs.cgroup && mount -t cgroup2 none /tmp/zs.cgroup && echo +memory >/tmp/zs.cgroup/cgroup.subtree_control &&
		mkdir $cg || return 1
	echo 1 >/proc/sys/vm/stat_refresh
	start=$(awk '$1 == "nr_network" { print $2 }' /proc/vmstat)
	echo >/sys/kernel/tracing/trace
	echo 1 >$traced/enable
	export FILE_SZ=$ZC_BYTES
	ip netns exec zsB bash -c "echo \$\$ >$cg/cgroup.procs; exec ./tcp_mmap -4 -s -z -i ${1:+-r 262144}" >/tmp/zs.rx 2>&1 &
	pid=$!
	listening tcp 8787 || err=1
	now=$(cat $cg/memory.current)
	if [ -n "${1-}" ]; then
		echo $((now + (24 << 20))) >$cg/memory.max
		bash -c "echo \$\$ >$cg/cgroup.procs; head -c $((22876 << 10)) /dev/zero >/dev/shm/zs.fill"
	fi
	A timeout 300 ./tcp_mmap -4 -z -i -H 10.79.0.2 >/tmp/zs.tx 2>&1 || err=1
	for ((i = 0; i < 300; i++)); do
		grep -q SHA256 /tmp/zs.rx && grep -q received /tmp/zs.rx && break
		sleep 0.1
	done
	kill -9 $pid
	wait $pid 2>/dev/null
	echo 0 >$traced/enable
	unset FILE_SZ
	i=$(grep -c 'network_folio_charge: .*err=0' /sys/kernel/tracing/trace)
	[ -z "${1-}" ] || max=$(grep -c 'network_folio_charge: .*err=-12' /sys/kernel/tracing/trace)
	say "$(grep received /tmp/zs.rx), $i pages charged, $max refused, memory.peak $(cat $cg/memory.peak), at start $now"
	grep -q 'SHA256 is correct' /tmp/zs.rx || fail "$(cat /tmp/zs.rx /tmp/zs.tx)" || err=1
	[ -n "${1-}" ] || [ "$i" -gt 100 ] || fail "$i pages were charged" || err=1
	[ "$(awk '$1 == "oom_kill" { print $2 }' $cg/memory.events)" = 0 ] || fail "somebody died" || err=1
	[ -z "${1-}" ] || [ "$max" -gt 0 ] || fail "no limit was met" || err=1
	for ((i = 0; i < 100; i++)); do
		echo 1 >/proc/sys/vm/stat_refresh
		now=$(awk '$1 == "nr_network" { print $2 }' /proc/vmstat)
		[ "$now" != "$start" ] || break
		sleep 0.1
	done
	[ "$now" = "$start" ] || fail "nr_network $now, $start at the start" || err=1
	rm -f /dev/shm/zs.fill
	for ((i = 0; i < 100; i++)); do rmdir $cg 2>/dev/null && break; sleep 0.1; done
	umount /tmp/zs.cgroup
	pair_new
	return $err
}
t_tcp_mmap() { tcp_mmap; }
t_tcp_mmap__limit() { tcp_mmap limit; }

t_zerocopy() { # MSG_ZEROCOPY: nothing is copied, all of it comes back
	local n
	bulk 10.79.0.2 "$ZC_BYTES" zc || return 1
	say "$(sed -n 2p /tmp/zs.tx)"
	grep -q ' copied 0$' /tmp/zs.tx || fail "$(cat /tmp/zs.tx)" || return 1
	bulk fd79::2 "$ZC_BYTES" zc || return 1
	grep -q ' copied 0$' /tmp/zs.tx || fail "$(cat /tmp/zs.tx)" || return 1
	balanced
}

# While the completion is held, the memory is not given back.
t_zerocopy_held() {
	B ./traffic recv tcp 7000 >/tmp/zs.rx 2>&1 &
	knob "$dirA" tx delay_us 300000
	local t=$SECONDS
	A ./traffic send tcp 10.79.0.2 7000 100000 zc >/tmp/zs.tx 2>&1
	local err=$?
	knob "$dirA" tx delay_us 0
	wait
	[ $err = 0 ] && grep -q ' copied 0$' /tmp/zs.tx || fail "$(cat /tmp/zs.tx), $((SECONDS - t)) s"
}

upstream() { # family protocol
	local addr=10.79.0.2 src=10.79.0.1 pid
	[ -x ./msg_zerocopy ] || skip "msg_zerocopy is not built" || return
	[ "$1" = -4 ] || addr=fd79::2 src=fd79::1
	# A datagram that must be fragmented is copied.
	ip -n zsA link set zs0 mtu 65535
	ip -n zsB link set zs1 mtu 65535
	B ./msg_zerocopy "$1" -t 3 -C 0 -D $addr -S $src -r "$2" >/tmp/zs.rx 2>&1 &
	pid=$!
	sleep 0.5 # it prints nothing when it is ready, and for UDP a test that starts too early loses packets only
	A ./msg_zerocopy "$1" -t 1 -C 1 -D $addr -S $src -z -Z 1 "$2" >/tmp/zs.tx 2>&1
	local err=$?
	wait $pid
	ip -n zsA link set zs0 mtu 1500
	ip -n zsB link set zs1 mtu 1500
	say "$(tail -n 1 /tmp/zs.tx)"
	[ $err = 0 ] || fail "$(cat /tmp/zs.tx /tmp/zs.rx)"
}
t_msg_zerocopy_tcp4() { upstream -4 tcp; }
t_msg_zerocopy_tcp6() { upstream -6 tcp; }
t_msg_zerocopy_udp4() { upstream -4 udp; }
t_msg_zerocopy_udp6() { upstream -6 udp; }

layer_down() {
	local i
	[ ! -d /sys/module/zerocopy_entry ] || rmmod zerocopy_entry || return 1
	if [ -d /sys/module/zerocopy_livepatch ]; then
		echo 0 2>/dev/null >/sys/kernel/livepatch/zerocopy_livepatch/enabled
		for ((i = 0; i < 600; i++)); do
			[ -e /sys/kernel/livepatch/zerocopy_livepatch ] || break
			sleep 0.1
		done
		rmmod zerocopy_livepatch || return 1
	fi
	[ ! -d /sys/module/zerocopy ] || rmmod zerocopy
}

layer_up() {
	local i entry=zerocopy_livepatch
	[ ! -e "$ZC_MODULES/zerocopy_entry.ko" ] || entry=zerocopy_entry
	[ -e "$ZC_MODULES/$entry.ko" ] || skip "no $entry.ko" || return
	# Tests that ran before may have left it.
	[ -e /sys/module/zerocopy ] || insmod "$ZC_MODULES/zerocopy.ko" || return 1
	[ -e /sys/module/$entry ] || insmod "$ZC_MODULES/$entry.ko" || return 1
	for ((i = 0; i < 600; i++)); do
		[ $entry != zerocopy_entry ] || break
		[ "$(cat /sys/kernel/livepatch/zerocopy_livepatch/transition 2>/dev/null)" = 0 ] && break
		sleep 0.1
	done
}

layer_stat() { A awk -v name="$1" '$1 == name { print $2 }' /proc/net/zerocopy; }

t_layer() { # the same with the layer above
	local err
	layer_up || return
	t_zerocopy && upstream -4 tcp && upstream -6 udp
	err=$?
	A cat /proc/net/zerocopy | grep -E '^(sends|loans|loans_out|copied_bytes) ' | while read -r line; do say "$line"; done
	[ "$(layer_stat copied_bytes)" = 0 ] || err=1
	[ "$(layer_stat sends)" -gt 10 ] || err=1
	layer_down || err=1
	return $err
}

dmabuf_send() { # address [only]: out of a udmabuf to B, compared; what it says of itself is in $said
	local pid sum
	ip netns exec zsB timeout 300 ./traffic recv tcp 7004 >/tmp/zs.rx 2>&1 &
	pid=$!
	listening tcp 7004 || return 1
	sum=$(set -o pipefail; A timeout 300 ./dmabuf_tx zs0 "$1" 7004 "$ZC_BYTES" "${@:2}" 2>/tmp/zs.tx | ./traffic hash) ||
		fail "$(cat /tmp/zs.tx)" || return 1
	wait $pid || fail "receiver: $(cat /tmp/zs.rx)" || return 1
	ask "received" "$sum" cat /tmp/zs.rx || return 1
	said=$(cat /tmp/zs.tx)
	say "$said"
}

# Unreadable packets are the kernel's own to make: they pass the layer, in turns with what it lends, and neither the
# bytes nor the ids get out of order. Nobody can have copied them: they have no pages.
t_layer_dmabuf() {
	local said n passed err=0
	A ./rings zs0 2>/dev/null | grep -q '^tcp-data-split' || skip "this kernel has no netmem_tx" || return
	udmabuf || return
	layer_up || return
	n=$(stat_of A 'tx[0-9]+_netmem') passed=$(layer_stat passed_devmem)
	dmabuf_send 10.79.0.2 only && [[ $said == *' copied 0 lent 0 '* ]] || err=1
	[ $(($(layer_stat passed_devmem) - passed)) -ge $((ZC_BYTES / 1000000)) ] || fail "the layer saw none" || err=1
	[ $(($(stat_of A 'tx[0-9]+_netmem') - n)) -ge $((ZC_BYTES / 65536)) ] || fail "not out of the DMA-BUF" || err=1
	dmabuf_send 10.79.0.2 && [[ $said == dmabuf*' copied 0 lent '* ]] || err=1
	dmabuf_send fd79::2 && [[ $said == dmabuf*' copied 0 lent '* ]] || err=1
	layer_down || err=1
	[ $err = 0 ] && balanced
}

# Another device cannot be sent by: the errno says so, and what was sent before and is sent after arrives
t_layer_dmabuf_refused() {
	local pid sum i err=0
	A ./rings zs0 2>/dev/null | grep -q '^tcp-data-split' || skip "this kernel has no netmem_tx" || return
	udmabuf || return
	layer_up || return
	A ./dmabuf_tx lo unbound 95 2>/tmp/zs.tx || fail "lo: $(cat /tmp/zs.tx)" || err=1 # EOPNOTSUPP
	ip netns exec zsA timeout 60 ./traffic recv tcp 7005 >/tmp/zs.rx 2>&1 &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		A ss -Hlnt "sport = :7005" | grep -q . && break
		sleep 0.1
	done
	sum=$(set -o pipefail; A timeout 60 ./dmabuf_tx zs0 127.0.0.1 7005 refused 19 2>/tmp/zs.tx | ./traffic hash) || # ENODEV
		fail "$(cat /tmp/zs.tx)" || err=1
	wait $pid || fail "receiver: $(cat /tmp/zs.rx)" || err=1
	ask "received" "$sum" cat /tmp/zs.rx || err=1
	say "$(cat /tmp/zs.tx)"
	layer_down || err=1
	return $err
}

t_move_netns() {
	ip netns add zsC || return 1
	traffic_bg
	ip -n zsB link set zs1 netns zsC || { traffic_end; return 1; }
	sleep 0.3
	ip -n zsC link set zs1 netns zsB || { traffic_end; return 1; }
	traffic_end
	ip netns del zsC
	pair_up && bulk 10.79.0.2 1000000 && balanced
}

t_down_up_traffic() {
	local i
	traffic_bg zc
	for ((i = 0; i < 5; i++)); do
		ip -n zsB link set zs1 down && ip -n zsB link set zs1 up || return 1
		ip -n zsA link set zs0 down && ip -n zsA link set zs0 up || return 1
	done
	traffic_end
	pair_up && bulk 10.79.0.2 1000000 && balanced
}

t_delete_traffic() { traffic_bg zc; ip -n zsA link del zs0; local err=$?; traffic_end; pair_new; return $err; }
t_delete_peer_traffic() { traffic_bg; ip -n zsB link del zs1; local err=$?; traffic_end; pair_new; return $err; }
t_delete_netns_traffic() {
	traffic_bg
	ip netns del zsB
	kill $bg1 2>/dev/null
	traffic_end
	local i
	for ((i = 0; i < 100; i++)); do
		ip -n zsA link show zs0 >/dev/null 2>&1 || break
		sleep 0.1
	done
	[ $i -lt 100 ] || fail "the peer is still there" || return 1
	pair_new
}
t_delete_held() {
	knob "$dirA" tx hold 1
	traffic_bg zc
	ip -n zsA link del zs0
	local err=$?
	traffic_end
	pair_new
	return $err
}

t_example() { # the one in Documentation/networking/zcsim.rst, word for word
	hds || return
	udmabuf || return
	pair_del
	rmmod zcsim || return 1
	rm -rf /tmp/zs.example
	cp -r . /tmp/zs.example && cp "$ZC_MODULES/zcsim.ko" /tmp/zs.example || return 1
	local err=0
	(cd /tmp/zs.example && bash -e ./example.sh) >/tmp/zs.out 2>/tmp/zs.err || fail "$(cat /tmp/zs.out /tmp/zs.err)" || err=1
	# Two programs print at once.
	cmp -s <(sort ./example.out) <(sort /tmp/zs.out) || fail "it says: $(cat /tmp/zs.out)" || err=1
	[ -d /sys/module/zcsim ] || insmod "$ZC_MODULES/zcsim.ko" || err=1
	pair_new && [ $err = 0 ]
}

t_rmmod() {
	traffic_bg
	rmmod zcsim || fail "rmmod" || { traffic_end; return 1; }
	traffic_end
	[ ! -e $debugfs ] || fail "debugfs is still there" || return 1
	insmod "$ZC_MODULES/zcsim.ko" && pair_new
}

t_dma_none() {
	pair_del
	rmmod zcsim && insmod "$ZC_MODULES/zcsim.ko" dma=none && pair_new || return 1
	local err=0 zero
	A ethtool -i zs0 | grep -q 'dma=none' || err=1
	zero=$(head -c 65536 /dev/zero | cksum)
	B bash -c 'timeout 20 ./traffic recv tcp 7000' >/tmp/zs.rx &
	A ./traffic send tcp 10.79.0.2 7000 1000000 >/tmp/zs.tx || err=1
	wait $!
	# as many bytes, but others
	[ "$(awk '{ print $2; exit }' /tmp/zs.rx)" = "$(awk '{ print $2; exit }' /tmp/zs.tx)" ] || err=1
	[ "$(head -n 1 /tmp/zs.rx)" != "$(head -n 1 /tmp/zs.tx)" ] || err=1
	: "$zero"
	pair_del
	rmmod zcsim
	! insmod "$ZC_MODULES/zcsim.ko" dma=nonsense 2>/dev/null || err=1
	insmod "$ZC_MODULES/zcsim.ko" && pair_new || err=1
	return $err
}

# ---- areas that the NIC fills, as a DMA-BUF ----

rx_up() { # B's queue 2 for port 7003, split; the modules
	[ -e "$ZC_MODULES/zerocopy_rx.ko" ] || skip "no zerocopy_rx.ko" || return
	hds || return
	[ -e /sys/module/zerocopy ] || insmod "$ZC_MODULES/zerocopy.ko" || return 1
	[ -e /sys/module/zerocopy_rx ] || insmod "$ZC_MODULES/zerocopy_rx.ko" || return 1
	queue2 flow-type tcp4 dst-port 7003
}

pins() { # the counters are each CPU's own, until somebody asks for that
	cat /proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_(acquired|released) / { n = $2 - n } END { print n < 0 ? -n : n }' /proc/vmstat
}

# Nobody is left: no pin (when the last pool is drained), no file, no socket
rx_down() {
	local i
	for ((i = 0; i < 300; i++)); do
		[ "$(pins)" = 0 ] && rmmod zerocopy_rx 2>/dev/null && break
		# Kick what waits for a CPU's next softirq.
		./traffic send udp 127.0.0.1 9 1 64 1 >/dev/null 2>&1
		sleep 0.2
	done
	# Not asked again: others pin a page for a moment, too.
	[ $i -lt 300 ] || fail "pins: $(pins), zerocopy_rx is used by $(cat /sys/module/zerocopy_rx/refcnt)" || return 1
	layer_down
}

rx_off() {
	queue2_off || return 1
	rx_down && balanced
}

rx() { # bytes, rx_area's MiB, [bytes action]...: a transfer into an area, compared; what became of it is in $said
	local pid
	ip netns exec zsB timeout 550 ./rx_area zs1 2 7003 "${@:2}" >/tmp/zs.rx 2>/tmp/zs.err &
	pid=$!
	A timeout 500 ./traffic send tcp 10.79.0.2 7003 "$1" >/tmp/zs.tx 2>&1
	wait $pid || fail "rx_area: $(tail -n 4 /tmp/zs.rx /tmp/zs.err)" || return 1
	said=$(tail -n 1 /tmp/zs.rx)
	say "$said"
	ask "received" "$(head -n 1 /tmp/zs.tx)" grep ^bytes /tmp/zs.rx
}

of() { # name: from what became of it
	local n
	n=${said#*"$1 "}
	echo "${n%% *}"
}

t_rx_dmabuf() { # nothing is copied
	local said n
	rx_up || return
	n=$(packets_on 2)
	rx "$ZC_BYTES" 16 || return 1
	ask "copied" 0 of copied || return 1
	ask "in the area" "$ZC_BYTES" of 'in the area' || return 1
	[ $(($(packets_on 2) - n)) -gt $((ZC_BYTES / 2000)) ] || fail "not by queue 2" || return 1
	ask "copied_bytes" 0 B awk '$1 == "copied_bytes" { print $2 }' /proc/net/zerocopy_rx || return 1
	rx_off
}

t_rx_dmabuf_steered() { # away in mid-connection, and back
	local said n=$((ZC_BYTES * 4))
	rx_up || return
	rx $n 16 $((n / 4)) 'ethtool -N zs1 delete 2' \
		$((n / 2)) 'ethtool -N zs1 flow-type tcp4 dst-port 7003 action 2 loc 2' || return 1
	[ "$(of host)" -gt $((n / 8)) ] || fail "not steered away" || return 1
	[ "$(of 'in the area')" -gt $((n / 2)) ] || fail "not steered back" || return 1
	[ $(($(of host) + $(of linear) + $(of 'in the area'))) = $n ] || return 1
	rx_off
}

# Unbound while tokens are out: what they are for stays as it is; then bound again
t_rx_dmabuf_unbind() {
	local said n=$((ZC_BYTES * 4))
	[ ! -e "$ZC_MODULES/zc_provider.ko" ] || skip "this kernel takes our own provider" || return
	rx_up || return
	rx $n 16 0 keep $((n / 8)) unbind $((n / 2)) kept $((n * 5 / 8)) bind || return 1
	[ "$(sed -n 's/^kept //p' /tmp/zs.rx | head -n 1)" -gt 1000000 ] || fail "nothing was kept" || return 1
	[ "$(of host)" -gt $((n / 4)) ] || fail "still bound" || return 1
	[ "$(of 'in the area')" -gt $((n / 4)) ] || fail "not bound again" || return 1
	rx_off
}

# What lies in somebody else's DMA-BUF is not touched: the socket ends
t_rx_dmabuf_foreign() {
	local pid tx
	rx_up && udmabuf || return
	ip netns exec zsB timeout 100 ./devmem zs1 2 7999 >/tmp/zs.devmem 2>&1 &
	pid=$!
	listening tcp 7999 || return 1
	ip netns exec zsA timeout 100 ./traffic send tcp 10.79.0.2 7003 1000000 >/tmp/zs.tx 2>&1 &
	tx=$!
	! B timeout 60 ./rx_area - 0 7003 1 >/tmp/zs.rx 2>&1 || fail "received" || return 1
	ask "end" "end: Bad address" tail -n 1 /tmp/zs.rx || return 1
	kill $tx
	pools_watch
	kill $pid
	wait
	pools_drained && rx_off
}

# Others' traffic is not for root of a user namespace
t_rx_dmabuf_needs_capability() {
	unshare -Ur true 2>/dev/null || skip "no user namespaces" || return
	rx_up || return
	! B unshare -Ur ./rx_area zs1 2 7003 1 >/tmp/zs.rx 2>&1 || fail "bound" || return 1
	ask "bind" "RX_BIND: Operation not permitted" cat /tmp/zs.rx || return 1
	rx_off
}

# A program that gives nothing back gets copies, in buffers that it does give back: the NIC goes on
t_rx_dmabuf_hoarded() {
	local said n=$((ZC_BYTES * 4))
	rx_up || return
	rx $n 16 0 hoard $((n / 2)) kept || return 1
	[ "$(of reserve)" -gt $((n / 4)) ] || fail "no reserve" || return 1
	[ "$(of 'in the area')" -gt $((n / 4)) ] || fail "nothing without a copy" || return 1
	ask "all of it" $n bash -c "echo $(($(of reserve) + $(of 'in the area')))" || return 1
	rx_off
}

t_rx_dmabuf_no_split() { # a queue that cannot be bound: copied, and said so
	local said
	rx_up || return
	hds_off || return 1
	rx "$ZC_BYTES" 16 || return 1
	ask "bind" "bind: copy, device" grep ^bind /tmp/zs.rx || return 1
	ask "copied" "$ZC_BYTES" of unbound || return 1
	rx_off
}

rx_bg() { # [bytes action]...: a transfer without an end
	rx_up || return
	B sysctl -qw net.ipv4.tcp_orphan_retries=1 || return 1
	pools_watch || return 1
	ip netns exec zsB timeout 600 ./rx_area zs1 2 7003 16 "$@" >/tmp/zs.rx 2>&1 &
	bg1=$!
	ip netns exec zsA timeout 600 ./traffic send tcp 10.79.0.2 7003 $((1 << 40)) >/dev/null 2>&1 &
	bg2=$!
}

t_rx_dmabuf_killed() { # with tokens, and data that waits
	local i err=0
	rx_bg 0 keep || return
	for ((i = 0; i < 300; i++)); do
		[ "$(packets_on 2)" -gt 500 ] && break
		sleep 0.1
	done
	[ $i -lt 300 ] || fail "nothing on queue 2: $(cat /tmp/zs.rx)" || err=1
	devmem_removed kill_program || err=1
	rx_down || err=1
	return $err
}

t_rx_dmabuf_delete_nic() { # with tokens: what they are for stays as it is
	local err=0
	rx_bg 0 keep 1000000 'ip link del zs1' 1000000 kept 1000000 end || return
	wait "$bg1" || fail "$(cat /tmp/zs.rx)" || err=1
	[ "$(sed -n 's/^kept //p' /tmp/zs.rx | head -n 1)" -gt 500000 ] || fail "nothing was kept" || err=1
	devmem_removed true || err=1
	rx_down || err=1
	return $err
}

rx_stat() { B sed -n "s/^$1 //p" /proc/net/zerocopy_rx; }

# By our own provider, of which page_pool asks for a page once in a hundred packets, or less often (S4.2, S4.5)
t_rx_provider() {
	local said packets
	[ -e "$ZC_MODULES/zc_provider.ko" ] || skip "this kernel takes no memory from modules" || return
	rx_up || return
	packets=$(packets_on 2)
	rx $((ZC_BYTES * 2)) 16 || return 1
	packets=$(($(packets_on 2) - packets))
	ask "bind" "bind: provider" grep ^bind /tmp/zs.rx || return 1
	ask "copied" 0 of copied || return 1
	say "asked $(rx_stat lent_calls) times for $packets packets"
	[ $(($(rx_stat lent_calls) * 100)) -lt "$packets" ] || fail "$(B cat /proc/net/zerocopy_rx)" || return 1
	ask "lent_starved" 0 rx_stat lent_starved || return 1
	rx_off
}

t_rx_provider_sync() { # it would be copied all the same
	local said
	bounced || return
	rx_up || return
	rx "$ZC_BYTES" 16 || return 1
	ask "bind" "bind: copy, sync" grep ^bind /tmp/zs.rx || return 1
	ask "in the area" 0 of 'in the area' || return 1
	rx_off
}

t_rx_provider_huge() { # pieces of 64 KiB
	local said='' err=0
	[ -e "$ZC_MODULES/zc_provider.ko" ] || skip "this kernel takes no memory from modules" || return
	echo 16 >/proc/sys/vm/nr_hugepages
	[ "$(cat /proc/sys/vm/nr_hugepages)" -ge 16 ] || skip "no huge pages" || return
	rx_up || return
	rx "$ZC_BYTES" 32h 0 "nsenter -m/proc/1/ns/mnt grep -q '^buf_len 65536' $dirB/rx2/state" || err=1
	ask "bind" "bind: provider" grep ^bind /tmp/zs.rx || err=1
	# A packet keeps a whole piece: what is beyond the program's share is copied, and nothing else is.
	[ "$(of 'in the area')" -gt 0 ] || fail "nothing in the area" || err=1
	ask "sum" "$ZC_BYTES" echo $(($(of 'in the area') + $(of reserve))) || err=1
	rx_off || err=1
	echo 0 >/proc/sys/vm/nr_hugepages
	return $err
}

# ---- run ----

echo "TAP version 13"
[ "$(id -u)" = 0 ] || bail "these tests need root"
[ -d /sys/module/zcsim ] || insmod "$ZC_MODULES/zcsim.ko" || bail "zcsim.ko cannot be loaded"
command -v ethtool >/dev/null || bail "these tests need ethtool"

echo "1..${#cases[@]}"
[ ${#cases[@]} -gt 0 ] || bail "no case matches ZC_ONLY='$ZC_ONLY'"
# The suite of the layer leaves it loaded; here it is the stock kernel's turn.
layer_down || bail "the layer cannot be unloaded"
pair_new || bail "no pair"
trap pair_del EXIT

[ "${ZC_DEBUG:-0}" = 0 ] || ZC_AGAIN=0
again=()
n=0 failed=0 passed=0 skipped=0
for t in "${cases[@]}"; do
	n=$((n + 1)) why='' start=$SECONDS
	t_"$t" </dev/null
	status=$?
	case $status in
	0|4) ;;
	*)
		if [ ${#again[@]} -lt "${ZC_AGAIN:-0}" ]; then
			say "${t//__/ } failed: once more"
			again+=("$t")
			pair_new
			t_"$t" </dev/null
			status=$?
		fi
		;;
	esac
	[ $((SECONDS - start)) -lt 5 ] || say "$t: $((SECONDS - start)) s"
	title=${t//__/ }
	case $status in
	0) echo "ok $n $title"; passed=$((passed + 1)) ;;
	4) echo "ok $n $title # SKIP $why"; skipped=$((skipped + 1)) ;;
	*)
		echo "not ok $n $title"
		failed=$((failed + 1))
		pair_new
		;;
	esac
done
[ ${#again[@]} = 0 ] || say "Failed at first: ${again[*]}"
say "Totals: pass:$passed fail:$failed skip:$skipped"
[ "$failed" = 0 ]
