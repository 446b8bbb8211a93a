#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints a directory with an ethtool new enough for the kernel's driver tests (6.14: JSON, RSS contexts,
# --disable-netlink): this machine's, or a later suite's, unpacked into the cache with the C library it wants.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

wanted=6.14
own=$(ethtool --version 2>/dev/null | awk '{ print $3 }')
if [ -n "$own" ] && printf '%s\n' "$wanted" "$own" | sort -CV; then
	dirname "$(type -P ethtool)"
	exit
fi
lock ethtool
dir=$ZC_CACHE/ethtool
if [ ! -x "$dir/bin/ethtool" ]; then
	say "The driver tests need ethtool $wanted, here is ${own:-none}: taking a later suite's."
	tmp=$(mktemp -d "$ZC_CACHE/ethtool.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	for suite in forky trixie sid; do
		apt_state "$suite" || continue
		for p in ethtool libmnl0 libc6; do
			deb=$(apt_deb "$suite" "$p") || continue 2
			dpkg -x "$deb" "$tmp"
		done
		break
	done
	program=$(compgen -G "$tmp/usr/sbin/ethtool" || compgen -G "$tmp/sbin/ethtool") ||
		die "no suite has an ethtool $wanted: install one by hand."
	mkdir "$tmp/bin"
	{
		echo '#!/bin/sh'
		echo "exec $dir/usr/lib64/ld-linux-x86-64.so.2 --library-path $dir/usr/lib/x86_64-linux-gnu $dir/${program#"$tmp/"} \"\$@\""
	} >"$tmp/bin/ethtool"
	# The loader moved from /lib64 to /usr/lib64.
	[ -e "$tmp/usr/lib64" ] || ln -s ../lib64 "$tmp/usr/lib64"
	chmod 755 "$tmp" "$tmp/bin/ethtool"
	rm -rf "$dir"
	mv "$tmp" "$dir"
	"$dir/bin/ethtool" --version >/dev/null || { rm -rf "$dir"; die "ethtool of $suite does not run here."; }
fi
echo "$dir/bin"
