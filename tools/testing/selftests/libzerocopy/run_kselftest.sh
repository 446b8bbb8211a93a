#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs what comes with libzerocopy as root on the running kernel, prints TAP 13.
#
#   ZC_MODULES=dir   where zerocopy*.ko and zcsim.ko are
#   ZC_DEBUG=1       a kernel with sanitizers: less data
#   ZC_SHORT=1       the core subset
#   ZC_ONLY=regex    only the cases whose name matches
#
# --list prints the names of the cases. Exit status 0 only if nothing failed.
#
# "a && b || fail" means what it says; the cases are called by name.
# shellcheck disable=SC2015,SC2016,SC2317,SC2329
set -u
export LC_ALL=C
cd "$(dirname "$0")" || exit 1
: "${ZC_DEBUG=0}" "${ZC_SHORT=0}" "${ZC_ONLY=}" "${ZC_MODULES=.}"
large=8000001
[ "$ZC_DEBUG" = 0 ] || large=2000001
mapfile -t cases < <(
	if [ "$ZC_SHORT" = 0 ]; then
		sed -n 's/^t_\([a-z0-9_-]*\)() .*/\1/p' "${0##*/}"
	else
		printf '%s\n' lib_serve_plain lib_sum_veth lib_api lib_unload
	fi | grep -E "$ZC_ONLY")
if [ "${1-}" = --list ]; then
	printf '%s\n' "${cases[@]}"
	exit
fi
export IP_LIB_DIR=$PWD/../zcsim
dir=/tmp/zl

say() { printf '# %s\n' "$*"; }
bail() { printf 'Bail out! %s\n' "$*"; exit 1; }
fail() { say "$*"; return 1; }
skip() { why=$*; return 4; }
A() { ip netns exec zlA "$@"; }
B() { ip netns exec zlB "$@"; }

wait_for() { # tenths of a second, command
	local i
	for ((i = 0; i < $1; i++)); do
		"${@:2}" && return
		sleep 0.1
	done
	return 1
}

layer_up() {
	local entry=zerocopy_livepatch
	[ -d /sys/module/zerocopy ] || insmod "$ZC_MODULES/zerocopy.ko" || return 1
	[ ! -e "$ZC_MODULES/zerocopy_entry.ko" ] || entry=zerocopy_entry
	[ -d /sys/module/$entry ] || insmod "$ZC_MODULES/$entry.ko" || return 1
	[ -d /sys/module/zerocopy_rx ] || insmod "$ZC_MODULES/zerocopy_rx.ko" || return 1
	[ $entry = zerocopy_entry ] ||
		wait_for 600 grep -q 0 /sys/kernel/livepatch/zerocopy_livepatch/transition
}

# Two hosts, zlA and zlB: zcsim between them, which does not copy, and veth, which does
net_up() {
	local n i
	ip netns add zlA && ip netns add zlB || return 1
	ip link add zl0 netns zlA type zcsim peer name zl1 netns zlB &&
		ip link add zv0 netns zlA type veth peer name zv1 netns zlB || return 1
	for n in A B; do
		i=1
		[ $n = A ] || i=2
		ip -n zl$n link set lo up
		ip -n zl$n addr add 10.80.0.$i/24 dev zl$((i - 1))
		ip -n zl$n addr add 10.81.0.$i/24 dev zv$((i - 1))
		ip -n zl$n addr add fd81::$i/64 dev zv$((i - 1)) nodad
		ip -n zl$n link set zl$((i - 1)) up
		ip -n zl$n link set zv$((i - 1)) up || return 1
	done
}

net_down() {
	[ -z "${server:-}" ] || kill "$server" 2>/dev/null
	ip -n zlA link del zl0 2>/dev/null
	ip netns del zlA 2>/dev/null
	ip netns del zlB 2>/dev/null
	return 0
}

server=
listening() { A ss -Hltn 'sport = :7070' | grep -q .; }
serve() { # [command] : starts the server, unless it runs
	[ -z "$server" ] || return 0
	ip netns exec zlA "$@" ./zcserve $dir 7070 >/tmp/zl.server 2>&1 &
	server=$!
	wait_for 300 listening || fail "the server does not listen: $(cat /tmp/zl.server)"
}
serve_end() {
	[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null
	server=
}
alive() { kill -0 "$server" 2>/dev/null || fail "the server has died: $(cat /tmp/zl.server)"; }

counter() { A awk -v n="$1" '$1 == n { print $2 }' /proc/net/zerocopy; }
no_loans() { [ "$(counter loans_out)" = 0 ]; }
sums() { (cd $dir && cksum "$@"); }
plain() { # address name: as a client that knows nothing of all this
	B bash -c "exec 3<>/dev/tcp/$1/7070; echo $2 >&3; cksum <&3" | sed "s|\$| $2|"
}
served() { # address name: to such a client, as it is
	local got
	got=$(plain "$@")
	[ "$got" = "$(sums "$2")" ] || fail "$got, expected $(sums "$2")"
}
sum() { # address name...: zcsum's answer must be cksum's; how it came is in /tmp/zl.how
	B "${zcsum[@]}" "$1" 7070 "${@:2}" >/tmp/zl.sum 2>/tmp/zl.how || fail "zcsum: $(cat /tmp/zl.sum /tmp/zl.how)" || return 1
	say "$(tail -n 1 /tmp/zl.how)"
	[ "$(cat /tmp/zl.sum)" = "$(sums "${@:2}")" ] || fail "$(cat /tmp/zl.sum), expected $(sums "${@:2}")"
}
zcsum=(./zcsum)
how() { # bytes copied: of the last sum()
	local b c
	read -r b _ c _ < <(tail -n 1 /tmp/zl.how)
	[ "$b $c" = "$1 $2" ] || fail "$b bytes, $c copied; expected $1, $2"
}

# ---- the cases ----

t_lib_serve_plain() {
	local f
	serve || return 1
	for f in empty one some large; do
		served 10.81.0.1 $f || return 1
	done
	alive
}

t_lib_serve_uncopied() { # out of the area, and nothing is copied
	local bytes copied
	serve || return 1
	bytes=$(counter area_bytes) copied=$(counter copied_bytes)
	: >/tmp/zl.server
	served 10.80.0.1 large || return 1
	[ "$(($(counter area_bytes) - bytes))" = $large ] || fail "$(($(counter area_bytes) - bytes)) bytes out of areas" || return 1
	[ "$(counter copied_bytes)" = "$copied" ] || fail "$(($(counter copied_bytes) - copied)) bytes copied" || return 1
	wait_for 100 grep -q '^[1-9][0-9]* sends, 0 copied$' /tmp/zl.server || fail "it says: $(cat /tmp/zl.server)"
}

t_lib_serve_many() { # more clients than it has threads, and one that asks for nothing
	local i pids=() bad=0
	serve || return 1
	B bash -c 'exec 3<>/dev/tcp/10.80.0.1/7070; read -r -t 60 <&3' &
	local silent=$!
	for i in 1 2 3 4 5 6 7 8; do
		plain 10.80.0.1 some >/tmp/zl.$i &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4 5 6 7 8; do
		[ "$(cat /tmp/zl.$i)" = "$(sums some)" ] || fail "client $i: $(cat /tmp/zl.$i)" || bad=1
	done
	kill $silent 2>/dev/null
	wait $silent 2>/dev/null
	[ $bad = 0 ] && alive
}

t_lib_serve_nothing() { # no such file, and none of those outside
	local f got
	serve || return 1
	for f in missing /etc/passwd ../etc/passwd; do
		got=$(plain 10.81.0.1 $f)
		[ "$got" = "4294967295 0 $f" ] || fail "$got" || return 1
	done
	alive
}

t_lib_serve_gone() { # clients that go away in the middle: what they had in flight comes back
	local i
	serve || return 1
	for i in 1 2 3 4 5; do
		B bash -c 'exec 3<>/dev/tcp/10.80.0.1/7070; echo large >&3; head -c 100000 <&3 >/dev/null'
	done
	served 10.80.0.1 large || return 1
	wait_for 300 no_loans || fail "$(counter loans_out) loans are out" || return 1
	alive
}

t_lib_sum_veth() { # copied, since no NIC is bound
	serve || return 1
	sum 10.81.0.1 large && how $large $large && sum fd81::1 large && how $large $large
}

t_lib_sum_zcsim() {
	serve || return 1
	sum 10.80.0.1 large && how $large $large
}

t_lib_sum_sizes() {
	local f
	serve || return 1
	for f in empty one some; do sum 10.80.0.1 $f || return 1; done
}

t_lib_sum_many() { # by one receiver
	serve || return 1
	sum 10.80.0.1 some large empty one some large one some && how $((2 * large + 3 * 300000 + 2)) $((2 * large + 3 * 300000 + 2))
}

t_lib_sum_buffers() { # an area of 1 MiB, in small buffers and in large ones
	local b
	serve || return 1
	for b in 4096 65536; do
		zcsum=(./zcsum -a 1 -b "$b")
		sum 10.80.0.1 large some || { zcsum=(./zcsum); return 1; }
		grep -q "buffers of $b\$" /tmp/zl.how || fail "$(cat /tmp/zl.how)" || { zcsum=(./zcsum); return 1; }
	done
	zcsum=(./zcsum)
}

t_lib_sum_missing() { # no such file: the end of the stream, and nothing else
	serve || return 1
	B ./zcsum 10.81.0.1 7070 missing >/tmp/zl.sum 2>/tmp/zl.how || fail "$(cat /tmp/zl.how)" || return 1
	[ "$(cat /tmp/zl.sum)" = "4294967295 0 missing" ] || fail "$(cat /tmp/zl.sum)"
}

t_lib_sum_shared() { # with the shared library
	serve || return 1
	zcsum=(./zcsum-shared)
	sum 10.81.0.1 some
	local err=$?
	zcsum=(./zcsum)
	return $err
}

t_lib_sum_nobody() { # without any privilege, and with the usual limit
	local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all prlimit --memlock=8388608)
	command -v setpriv >/dev/null || skip "there is no setpriv" || return
	serve_end
	serve "${nobody[@]}" || return 1
	zcsum=("${nobody[@]}" ./zcsum)
	sum 10.80.0.1 large some
	local err=$?
	zcsum=(./zcsum)
	serve_end
	return $err
}

t_lib_sum_killed() { # the receiver, in the middle: nothing of it stays, and the server goes on
	local i
	serve || return 1
	for i in 1 2 3; do
		B timeout -s KILL 0.$i ./zcsum 10.80.0.1 7070 large large large >/dev/null 2>&1
	done
	sum 10.80.0.1 some && alive
}

split() { # on|off: header/data split of B's NIC, if the kernel has it
	wait_for 100 B ../zcsim/rings zl1 tcp-data-split "$1" hds-thresh 0 >/dev/null 2>&1
}
can_split() { B ../zcsim/rings zl1 2>/dev/null | grep -q '^tcp-data-split'; }

bound() { # what zcsum says of it, [options]: a queue of its own for what the server sends
	zcsum=(./zcsum -q zl1:2 "${@:2}")
	sum 10.80.0.1 large some
	local err=$?
	zcsum=(./zcsum)
	[ $err = 0 ] || return 1
	grep -qE "^bound: $1" /tmp/zl.how || fail "$(cat /tmp/zl.how)"
}

queue2() { # on|off: a queue of its own for what the server sends
	if [ "$1" = on ]; then
		B ethtool -L zl1 combined 3 && B ethtool -X zl1 equal 2 &&
			B ethtool -N zl1 flow-type tcp4 src-port 7070 action 2 loc 2
	else
		B ethtool -N zl1 delete 2 && B ethtool -X zl1 default && B ethtool -L zl1 combined 2
	fi >/dev/null
}

cgroup=/run/zl.cgroup
cgroup_up() {
	mkdir -p $cgroup
	mountpoint -q $cgroup || mount -t cgroup2 none $cgroup 2>/dev/null || return 1
	echo +memory >$cgroup/cgroup.subtree_control 2>/dev/null && mkdir -p $cgroup/zl && [ -e $cgroup/zl/memory.stat ]
}
memory() { awk -v n="$1" '$1 == n { print $2 }' $cgroup/zl/memory.stat; }
queued() { B ss -Htn 'dport = :7070' | awk '{ n += $2 } END { print n + 0 }'; }
asked() { [ "$(A ss -Htn 'sport = :7070' | awk '$2 { n++ } END { print n + 0 }')" = "$1" ]; } # and is not answered yet
much_queued() { [ "$(queued)" -gt 1000000 ]; }
no_sock() { [ "$(memory sock)" -lt 300000 ]; } # but for what CPUs keep in stock

t_lib_charge() { # packets that wait are charged as sock, beside the area that they may lie in, and then no more
	local pid empty waiting rmem err=0 options=() names=(large large large large)
	cgroup_up || skip "no memory cgroups" || return
	serve && queue2 on || return 1
	! can_split || split on
	! can_split || options=(-q zl1:2)
	# it is to queue much for a program that takes none of it
	rmem=$(B sysctl -n net.ipv4.tcp_rmem)
	B sysctl -qw net.ipv4.tcp_rmem='4096 4000000 6291456'
	kill -STOP "$server"
	(
		echo $BASHPID >$cgroup/zl/cgroup.procs
		exec ip netns exec zlB ./zcsum -a 32 "${options[@]}" 10.80.0.1 7070 "${names[@]}" >/tmp/zl.sum 2>/tmp/zl.how
	) &
	pid=$!
	wait_for 600 asked ${#names[@]} || fail "it asks for nothing" || err=1
	kill -STOP $pid
	kill -CONT "$server"
	wait_for 300 much_queued
	# until windows are full
	waiting=0
	while empty=$waiting waiting=$(queued) && [ "$waiting" -gt "$empty" ]; do sleep 1; done
	say "stopped: $waiting bytes wait, anon $(memory anon), sock $(memory sock), current $(cat $cgroup/zl/memory.current)"
	[ "$waiting" -gt 1000000 ] && [ "$(memory sock)" -gt "$waiting" ] || fail "not charged" || err=1
	[ "$(memory anon)" -gt $((32 << 20)) ] || fail "the area is not charged" || err=1
	kill -CONT $pid
	wait $pid || err=1
	say "$(tr '\n' ' ' </tmp/zl.how)"
	[ "$(cat /tmp/zl.sum)" = "$(sums "${names[@]}")" ] || fail "$(cat /tmp/zl.sum)" || err=1
	B sysctl -qw net.ipv4.tcp_rmem="$rmem"
	wait_for 100 no_sock || fail "sock $(memory sock) stays" || err=1
	rmdir $cgroup/zl && umount $cgroup || err=1
	! can_split || split off || err=1
	queue2 off && [ $err = 0 ]
}

t_lib_sum_bound() { # not copied, if the NIC can and the kernel can; said so, if not
	local err=0 all=$((large + 300000))
	serve || return 1
	queue2 on || return 1
	if can_split; then
		split off
		bound 'copy, device' && how $all $all || err=1
		split on
		bound '(dmabuf|provider), none$' -a 16 && how $all 0 || err=1
		# so small that the NIC and the copies take turns
		bound '(dmabuf|provider), none$' -a 1 || err=1
		split off || fail "the queue stays bound" || err=1
	else
		bound 'copy, (device|kernel)' && how $all $all || err=1
	fi
	queue2 off && [ $err = 0 ]
}

netdev_says() { # words, as netdev prints them
	[ "$(B ./netdev zl1 1 2>&1)" = "$1" ]
}
t_lib_bind_netdev() { # the netlink half of zcpy_rx_bind(), with a udmabuf
	[ -e /dev/udmabuf ] || modprobe -q udmabuf
	[ -e /dev/udmabuf ] || skip "this kernel has no udmabuf" || return
	if ! can_split; then
		netdev_says 'EOPNOTSUPP: ' || fail "it says: $(B ./netdev zl1 1 2>&1)"
		return
	fi
	split off
	netdev_says 'EINVAL: tcp-data-split is disabled' || fail "it says: $(B ./netdev zl1 1 2>&1)" || return 1
	split on
	netdev_says bound || fail "it says: $(B ./netdev zl1 1 2>&1)" || return 1
	# with the program, its socket, and so the binding, has gone
	wait_for 100 netdev_says bound || fail "it says: $(B ./netdev zl1 1 2>&1)" || return 1
	split off
}

t_lib_api() { # the functions that the programs have no use for
	B ./api 2>/tmp/zl.api || fail "$(cat /tmp/zl.api)"
}

# Packets that are freed on another CPU than they were made on wait for that one's next softirq.
kick() {
	local c
	for ((c = 0; c < $(nproc); c++)); do
		B taskset -c "$c" bash -c 'echo >/dev/udp/127.0.0.1/9' 2>/dev/null
	done
}
unloaded() { kick; rmmod "$1" 2>/tmp/zl.rmmod; }

t_lib_unload() { # nothing of what was done holds a module
	local m entry=zerocopy_livepatch
	serve_end
	wait_for 300 no_loans || fail "$(counter loans_out) loans are out" || return 1
	wait_for 100 unloaded zerocopy_rx || fail "$(cat /tmp/zl.rmmod)" || return 1
	if [ -d /sys/module/zerocopy_entry ]; then
		entry=zerocopy_entry
	else
		echo 0 >/sys/kernel/livepatch/zerocopy_livepatch/enabled
		wait_for 600 [ ! -e /sys/kernel/livepatch/zerocopy_livepatch ] || fail "the livepatch stays" || return 1
	fi
	for m in $entry zerocopy; do
		wait_for 100 unloaded "$m" || fail "$(cat /tmp/zl.rmmod)" || return 1
	done
}

# ---- run ----

echo "TAP version 13"
[ "$(id -u)" = 0 ] || bail "these tests need root"
echo "1..${#cases[@]}"
[ ${#cases[@]} -gt 0 ] || bail "no case matches ZC_ONLY='$ZC_ONLY'"
layer_up || bail "the layer cannot be loaded"
[ -d /sys/module/zcsim ] || insmod "$ZC_MODULES/zcsim.ko" || bail "zcsim.ko cannot be loaded"
modprobe -q veth 2>/dev/null
net_down
net_up || bail "there is no network"
trap net_down EXIT
rm -rf $dir
mkdir -p $dir
: >$dir/empty
printf x >$dir/one
head -c 300000 /dev/urandom >$dir/some
head -c $large /dev/urandom >$dir/large
chmod 755 $dir

n=0 failed=0 passed=0 skipped=0
for t in "${cases[@]}"; do
	n=$((n + 1)) why='' start=$SECONDS
	layer_up || bail "the layer cannot be loaded"
	t_"$t" </dev/null
	status=$?
	[ $((SECONDS - start)) -lt 5 ] || say "$t: $((SECONDS - start)) s"
	case $status in
	0) echo "ok $n $t"; passed=$((passed + 1)) ;;
	4) echo "ok $n $t # SKIP $why"; skipped=$((skipped + 1)) ;;
	*)
		echo "not ok $n $t"
		failed=$((failed + 1))
		serve_end
		;;
	esac
done
say "Totals: pass:$passed fail:$failed skip:$skipped"
[ "$failed" = 0 ]
