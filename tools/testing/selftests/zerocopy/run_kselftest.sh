#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the zerocopy tests as root on the running kernel, prints TAP 13.
#
#   ZC_MODULES=dir     where zerocopy.ko and its entry are: zerocopy_entry.ko or zerocopy_livepatch.ko
#   ZC_KERNEL=test|debian
#   ZC_DEBUG=1         a kernel with sanitizers: smaller and more patient
#   ZC_SHORT=1         the core subset
#   ZC_ONLY=regex      only the cases whose name matches
#   ZC_AGAIN=n         up to n cases that fail may try once more, and are named at the end: an emulator that shares
#                      its host lets timers end that should not. None on its own, nor with ZC_DEBUG=1
#   ZC_PAIR=zcsim      the pair of NICs is one of zcsim's, out of ZC_MODULES, where nobody copies tiny packets
#   ZC_AREAS=1         the memory they send is registered first; what is about pins is skipped
#   ZC_PAGE=1          notifications are read from completion pages; what is about the error queue is skipped
#   ZC_NOLAYER=1|dry   without the modules: checks the tests themselves on a
#                      stock kernel. Comparisons pass there, the rest must
#                      fail; dry leaves out what only the layer can satisfy
#
# --list prints the names of the cases. Exit status 0 only if nothing failed.
set -u
export LC_ALL=C
cd "$(dirname "$0")" || exit 1

PROGS=${PROGS:-'tx_basic tx_iovec tx_notify tx_limits tx_errors tx_nonblock tx_fork tx_stream
	tx_path tx_passthrough tx_fault tx_concurrent tx_sysctl tx_upstream
	tx_area tx_area_stress tx_page tx_stat tx_seg tx_splice tx_write tx_sunrpc tx_lifecycle
	rx_basic rx_socket rx_wait rx_errors rx_ring rx_lifetime rx_account rx_stress'}
# These register areas, and open pages, of their own; what receives is the same either way.
[ -z "${ZC_AREAS:-}" ] || PROGS=${PROGS/tx_area tx_area_stress/}
[ -z "${ZC_PAGE:-}" ] || PROGS=${PROGS/tx_page/}
[ -z "${ZC_AREAS:-}${ZC_PAGE:-}" ] || PROGS=${PROGS%rx_basic*}
: "${ZC_KERNEL=test}" "${ZC_DEBUG=0}" "${ZC_SHORT=0}" "${ZC_ONLY=}" "${ZC_NOLAYER=0}" "${ZC_MODULES=}" "${ZC_AGAIN=0}" "${ZC_PAIR=}"
export ZC_KERNEL ZC_DEBUG ZC_SHORT ZC_NOLAYER ZC_MODULES
export ZC_PROGS=$PWD ZC_PAIR
# The plugin that teaches ip what "type zcsim peer" means
export IP_LIB_DIR=$PWD/zcsim
[ -n "$ZC_MODULES" ] || unset ZC_MODULES
[ "$ZC_NOLAYER" = 0 ] || unset ZC_MODULES

say() { printf '# %s\n' "$*"; }
bail() { printf 'Bail out! %s\n' "$*"; exit 1; }

tests=()
for p in $PROGS; do
	[ -x "./$p" ] || bail "$p is not built"
	while read -r name core flags; do
		[ "$ZC_SHORT" = 0 ] || [ "$core" = short ] || continue
		[[ -z $ZC_ONLY || $name =~ $ZC_ONLY ]] || continue
		tests+=("$p $name $flags")
	done < <("./$p" --list)
done
if [ "${1-}" = --list ]; then
	printf '%s\n' "${tests[@]}" | cut -d' ' -f2
	exit
fi
echo "TAP version 13"
[ "$(id -u)" = 0 ] || bail "these tests need root"
echo "1..${#tests[@]}"
[ ${#tests[@]} -gt 0 ] || bail "no case matches ZC_ONLY='$ZC_ONLY'"

# Where the pair is, whichever namespace a crashed run left it in
nic_by_mac() { # MAC [ip options]
	local mac=$1
	shift
	ip "$@" -o link 2>/dev/null | sed -n "s/^[0-9]*: \([^:@]*\)[:@].* link\/ether $mac .*/\1/p" | head -n 1
}

home_nic() { # namespace MAC: back to the initial namespace
	local nic
	nic=$(nic_by_mac "$2" -n "$1")
	[ -z "$nic" ] || ip -n "$1" link set "$nic" netns 1
}

# A pair that was made for the tests goes with its namespaces.
make_pair() {
	[ -d /sys/module/zcsim ] || insmod "$ZC_MODULES/zcsim.ko" || return 1
	ip link add zcsA address 52:54:00:00:00:01 type zcsim peer name zcsB address 52:54:00:00:00:02
}

ns_down() {
	if [ "$ZC_PAIR" = zcsim ]; then
		ip -n zcA link del zcsA 2>/dev/null
	else
		home_nic zcA 52:54:00:00:00:01
		home_nic zcB 52:54:00:00:00:02
	fi
	ip netns del zcA 2>/dev/null
	ip netns del zcB 2>/dev/null
	return 0
}

ns_up() {
	local ns i nic
	ip netns add zcA && ip netns add zcB || return 1
	[ "$ZC_PAIR" != zcsim ] || make_pair || return 1
	for ns in zcA zcB; do
		i=1
		[ $ns = zcA ] || i=2
		ip -n $ns link set lo up
		nic=$(nic_by_mac 52:54:00:00:00:0$i)
		if [ -n "$nic" ]; then
			ip link set "$nic" netns $ns
			ip -n $ns addr add 10.77.0.$i/24 dev "$nic"
			ip -n $ns addr add fd77::$i/64 dev "$nic" nodad
			ip -n $ns link set "$nic" up
		fi
	done
	if ip -n zcA link add zcvA type veth peer name zcvB netns zcB 2>/dev/null; then
		for ns in zcA zcB; do
			i=1
			[ $ns = zcA ] || i=2
			ip -n $ns addr add 10.78.0.$i/24 dev zcv${ns#zc}
			ip -n $ns addr add fd78::$i/64 dev zcv${ns#zc} nodad
			ip -n $ns link set zcv${ns#zc} up
		done
	fi
	# shellcheck disable=SC2086
	set -- $PROGS
	"./$1" --setup
}

# An emulated CPU shares its host with others: 24 s are no lockup there
echo 60 2>/dev/null >/proc/sys/kernel/watchdog_thresh

modprobe -q -a vmxnet3 veth tls 2>/dev/null
ns_down
ns_up || bail "cannot make network namespaces"
trap ns_down EXIT
nic=$(nic_by_mac 52:54:00:00:00:01 -n zcA)
say "kernel $(uname -r), NIC pair: ${nic:-none}, modules: ${ZC_MODULES:-none}"

layer_up() {
	local i entry=zerocopy_livepatch
	[ "$ZC_NOLAYER" = 0 ] || return 0
	[ ! -e "${ZC_MODULES:-}/zerocopy_entry.ko" ] || entry=zerocopy_entry
	if [ -n "${ZC_MODULES:-}" ]; then
		[ -d /sys/module/zerocopy ] || insmod "$ZC_MODULES/zerocopy.ko" || return 1
		[ -d /sys/module/$entry ] || insmod "$ZC_MODULES/$entry.ko" || return 1
	fi
	[ ! -d /sys/module/zerocopy_entry ] || return 0
	# up to 17 s were seen on a loaded machine
	for ((i = 0; i < 600; i++)); do
		[ "$(cat /sys/kernel/livepatch/zerocopy_livepatch/transition 2>/dev/null)" = 0 ] && return 0
		[ -d /sys/kernel/livepatch/zerocopy_livepatch ] || break
		sleep 0.1
	done
	[ -e /proc/sys/net/zerocopy/enabled ] && [ -d /sys/kernel/livepatch/zerocopy_livepatch ]
}

run() { # program case -> $line, its verdict, which is not printed yet
	local out
	line=
	while IFS= read -r out; do
		case $out in
		"ok $n "* | "not ok $n "*) line=$out ;;
		*) printf '%s\n' "$out" ;;
		esac
	done < <("./$1" "$2" "$n" 2>&1)
}

[ "$ZC_DEBUG" = 0 ] || ZC_AGAIN=0
again=()
n=0 failed=0 passed=0 skipped=0
dirty=
for t in "${tests[@]}"; do
	n=$((n + 1))
	read -r p name fresh bare _ <<<"$t"
	if [ "$bare" != bare ] && ! layer_up; then
		echo "not ok $n $name # the modules cannot be loaded"
		failed=$((failed + 1))
		continue
	fi
	if [ "$fresh" = fresh ] && [ -n "$dirty" ]; then
		ns_down
		ns_up
	fi
	dirty=1
	run "$p" "$name"
	# What the kernel says and what is left behind is never a matter of time.
	if [[ $line == "not ok $n "* && ! $line =~ \#\ (kernel:|afterwards)\  && ${#again[@]} -lt $ZC_AGAIN ]]; then
		say "$line: once more"
		again+=("$name")
		run "$p" "$name"
	fi
	[ -z "$line" ] || printf '%s\n' "$line"
	case $line in
	"ok $n "*"# SKIP"*) skipped=$((skipped + 1)) ;;
	"ok $n "*) passed=$((passed + 1)) ;;
	"not ok $n "*) failed=$((failed + 1)) ;;
	*)
		echo "not ok $n $name # the test program died"
		failed=$((failed + 1))
		;;
	esac
done

[ ${#again[@]} = 0 ] || say "Failed at first: ${again[*]}"
say "Totals: pass:$passed fail:$failed skip:$skipped"
[ "$failed" = 0 ]
