#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh MODULES PROGRAMS TREE ETHTOOL TEST.py[:PATTERN]...: payload of run.sh. A fresh pair for each test: zs0 here,
# its peer in the namespace "remote". Many of gro.py's 318 cases take several seconds each.
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

rc=0
for t; do
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
