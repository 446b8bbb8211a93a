#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints the command of virtme-ng: Debian's own when new enough, else sid's, unpacked into the cache.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

own=$(dpkg-query -W -f '${Version}' virtme-ng 2>/dev/null || true)
if [ -n "$own" ] && dpkg --compare-versions "$own" ge 1.30; then
	echo /usr/bin/vng
	exit
fi

lock virtme
if [ ! -e "$ZC_CACHE/virtme/usr/bin/vng" ]; then
	deb=$(for suite in sid forky; do
		apt_state "$suite" && apt_deb "$suite" virtme-ng && break
	done) || true
	[ -n "$deb" ] || die "virtme-ng is in neither sid nor forky: install virtme-ng 1.30 or newer by hand."
	tmp=$(mktemp -d "$ZC_CACHE/virtme.XXXXXX")
	dpkg -x "$deb" "$tmp"
	chmod 755 "$tmp"
	rm -rf "$ZC_CACHE/virtme"
	mv "$tmp" "$ZC_CACHE/virtme"
fi
echo "$ZC_CACHE/virtme/usr/bin/vng"
