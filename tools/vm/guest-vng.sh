# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced in the guest by the payload of vng.sh: what guest-init.sh does, where virtme has not done it.

run() {
	local status
	exec </dev/null >/dev/ttyS1 2>&1
	stty -F /dev/ttyS1 raw -echo
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TERM=dumb
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
	mkdir -p /dev/hugepages
	mountpoint -q /dev/hugepages || mount -t hugetlbfs hugetlbfs /dev/hugepages
	mount --make-rshared /
	ulimit -c 0
	ulimit -n 65536
	ip link set lo up
	cd /tmp || exit
	bash "$@"
	status=$?
	echo "ZC-EXIT $status"
	stty -F /dev/ttyS1 raw # waits until the line is drained
	exit "$status"
}
