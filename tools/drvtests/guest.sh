#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh MODULES PROGRAMS TREE ETHTOOL TEST[:PATTERN]...: payload of run.sh. For each TEST.py a fresh pair: zs0 here,
# its peer in the namespace "remote". Many of gro.py's 318 cases take several seconds each. The others, net/NAME, make what
# they need themselves.
modules=$1 programs=$2 tree=$3/tools/testing/selftests/drivers/net
export IP_LIB_DIR=$programs PYTHONDONTWRITEBYTECODE=1 PATH=$4:/usr/bin:$PATH
shift 4
export NETIF=zs0 REMOTE_TYPE=netns REMOTE_ARGS=remote
export LOCAL_V4=10.79.0.1 REMOTE_V4=10.79.0.2 LOCAL_V6=fd79::1 REMOTE_V6=fd79::2
insmod "$modules/zcsim.ko" || exit 1
[ -e /dev/udmabuf ] || modprobe -q udmabuf
# Some tests take the NIC down and up again.
echo 1 >/proc/sys/net/ipv6/conf/all/keep_addr_on_down
# iou-zcrx wants huge pages for buffers larger than a page.
echo 64 >/proc/sys/vm/nr_hugepages

pair() {
	ip link del zs0 2>/dev/null
	ip netns del remote 2>/dev/null
	ip netns add remote && ip -n remote link set lo up &&
		ip link add zs0 numtxqueues 16 numrxqueues 16 type zcsim peer name zs1 netns remote \
			numtxqueues 16 numrxqueues 16 || return 1
	ip addr add 10.79.0.1/24 dev zs0 && ip -n remote addr add 10.79.0.2/24 dev zs1 &&
		ip addr add fd79::1/64 dev zs0 nodad && ip -n remote addr add fd79::2/64 dev zs1 nodad &&
		ip link set zs0 up && ip -n remote link set zs1 up && ethtool -L zs0 combined "${ZC_QUEUES:-4}"
}

# What these two say when they begin with something, in TAP: it passed if there is another, or an end.
staged() { # command... -> TAP
	local n=0 line stage='' status out
	out=$("$@" 2>&1)
	status=$?
	while IFS= read -r line; do
		[[ $line == ipv[46]\ * ]] || { printf '# %s\n' "$line"; continue; }
		[ -z "$stage" ] || printf 'ok %d %s\n' $((++n)) "$stage"
		stage=$line
	done <<<"$out"
	case $status in
	0) printf 'ok %d %s\n' $((++n)) "$stage" ;;
	127) printf 'ok %d %s # SKIP a program is missing\n' $((++n)) "$stage" ;;
	*) printf 'not ok %d %s\n' $((++n)) "$stage" ;;
	esac
	return "$status"
}

each() { # number, name, command...: one line of TAP
	local n=$1 name=$2 out
	shift 2
	if out=$("$@" 2>&1); then
		printf 'ok %d %s\n' "$n" "$name"
	else
		printf '# %s\n' "${out//$'\n'/$'\n# '}"
		printf 'not ok %d %s\n' "$n" "$name"
		return 1
	fi
}

# Their receivers get a fifth of a second to begin to listen, in $NS2. Where they need more, the sender is refused, and the
# receiver waits for ever.
# shellcheck disable=SC2317 # they call it
sleep() {
	local i
	if [ "$1" != 0.2 ] || [ -z "${NS2:-}" ]; then
		command sleep "$@"
		return
	fi
	for ((i = 0; i < 300; i++)); do
		[ -z "$(ip netns exec "$NS2" ss -Hltun)" ] || return 0
		command sleep 0.1
	done
}
export -f sleep

# As the scripts do when they are called without arguments, but one by one.
net() { # name
	local ip proto mode n=0 bad=0
	case $1 in
	msg_zerocopy)
		for ip in 4 6; do for proto in tcp udp; do
			each $((++n)) "ipv$ip $proto" timeout 300 ./msg_zerocopy.sh $ip $proto -t 1 || bad=1
		done; done ;;
	io_uring_zerocopy_tx)
		for ip in 4 6; do for mode in 1 2 3; do
			each $((++n)) "ipv$ip udp mode $mode" timeout 300 ./io_uring_zerocopy_tx.sh $ip udp -m $mode -t 1 -n 32 || bad=1
			each $((++n)) "ipv$ip tcp mode $mode" timeout 300 ./io_uring_zerocopy_tx.sh $ip tcp -m $mode -t 1 -n 1 || bad=1
		done; done ;;
	udpgso) staged timeout 1500 ./udpgso.sh || bad=1 ;;
	ip_defrag)
		# A kernel without conntrack has four of the six, and none of its sysctls.
		staged timeout 1500 sh -c '
			modprobe() { command modprobe "$@" || :; }
			none() {
				echo "ipv6 nf_conntrack defrag # SKIP no ip6tables in this kernel"
				echo "ipv6 nf_conntrack defrag with overlaps # SKIP no ip6tables in this kernel"
				exit 0
			}
			ip() {
				case "$*" in
				*nf_conntrack*) command ip "$@" || :; return ;;
				*ip6tables*) [ -e /proc/net/ip6_tables_names ] || none ;;
				esac
				command ip "$@"
			}
			. ./ip_defrag.sh' || bad=1 ;;
	tls) modprobe -q tls; timeout 1500 ./tls || bad=1 ;;
	*) echo "not ok 1 nobody knows $1"; return 1 ;;
	esac
	return $bad
}

rc=0
for t; do
	case $t in net/*)
		echo "# $t"
		(cd "$tree/../../net" && net "${t#*/}") || rc=1
		continue
		;;
	esac
	only=()
	case $t in *:*) only=(-t "${t#*:}") t=${t%%:*} ;; esac
	echo "# $t"
	pair || exit 1
	start=$SECONDS
	(cd "$tree/$(dirname "$t")" && timeout 3000 "./${t##*/}" "${only[@]}" 2>&1) || rc=1
	echo "# $t took $((SECONDS - start)) s"
done
ip link del zs0
ip netns del remote
rmmod zcsim || rc=1
exit $rc
