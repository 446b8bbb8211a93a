#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# First process of the small guest. The kernel talks on ttyS0, the payload on ttyS1.
export PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C TERM=dumb

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/hugepages
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
chmod 1777 /tmp
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
mount -t hugetlbfs hugetlbfs /dev/hugepages 2>/dev/null
mount --make-rshared /
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd

exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 raw -echo
ulimit -c 0
ulimit -n 65536
ip link set lo up
modprobe -q -a vmxnet3 2>/dev/null

cd /tmp || exit
bash -c "$(cat /etc/zc-command)"
status=$?
echo "ZC-EXIT $status"
stty -F /dev/ttyS1 raw # waits until the line is drained
echo b >/proc/sysrq-trigger
