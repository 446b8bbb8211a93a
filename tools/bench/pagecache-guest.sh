#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# pagecache-guest.sh DIR: the part of pagecache.sh that runs where it is measured. DIR holds the programs, the modules,
# and settings: repetitions, rows. Prints "idle ROW COST" and then, with received pages mapped, "held ROW COST".
set -euo pipefail
dir=$1 repetitions=1 rows=''
# shellcheck disable=SC1091 # written by pagecache.sh
. "$dir/settings"
# shellcheck source=tools/bench/net.sh
. "$dir/net.sh"

# In a memory cgroup, as programs are.
places() {
	mkdir -p ext4 tmpfs
	truncate -s 64M /dev/shm/image
	mkfs.ext4 -q -O ^has_journal /dev/shm/image
	# mount -o loop has the device open for writing, which CONFIG_BLK_DEV_WRITE_MOUNTED=n forbids.
	losetup /dev/loop0 /dev/shm/image
	mount -o noatime /dev/loop0 ext4
	mount -t tmpfs -o huge=never tmpfs tmpfs
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir /sys/fs/cgroup/zcb
	ln -s /sys/fs/cgroup/zcb cgroup
}

measure() { # state
	local i
	for ((i = 1; i <= repetitions; i++)); do
		echo "$1, repetition $i of $repetitions"
		# shellcheck disable=SC2086 # words
		(
			echo "$BASHPID" >cgroup/cgroup.procs
			exec "$dir/pagecache" $rows
		) </dev/null >out
		sed "s/^/$1 /" out
	done
}

# "-" where the kernel does not count them.
network_pages() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_network" { n = $2 } END { print n == "" ? "-" : n }' /proc/vmstat
}

work=$(mktemp -d)
cd "$work"
echo "kernel $(uname -r)"
# Pools that KUnit makes at boot would have had the static key on before the first row.
! dmesg | grep -q page_pool_charge_user || { echo "KUnit has run: boot with kunit.enable=0"; exit 1; }
places
sleep 60
echo "pages idle $(network_pages)"
# The first time reclaim has 4 % less to do.
repetitions=1 measure warm >/dev/null
measure idle

insmod "$dir/zcsim.ko" dma=none
export IP_LIB_DIR=$dir
receiver
mkfifo says
"$dir/pagecache" hold >says &
read -r held <says
[ "$held" = "held 16" ] || { echo "no pages are mapped"; exit 1; }
sleep 60
echo "pages held $(network_pages)"
measure held
echo "pages held $(network_pages)"
