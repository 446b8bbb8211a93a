#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints the directory of a liburing that knows zero-copy receive (io_uring_register_ifq(), 2.10): this
# machine's, or sid's, built from its source package into the cache. include/ and liburing.a are in it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

wanted=2.10
knows() { # compiler options
	printf '#include <liburing.h>\nint main(void) { return !io_uring_register_ifq; }\n' |
		gcc "$@" -D_GNU_SOURCE -x c - -x none -o /dev/null "${lib:--luring}" 2>/dev/null
}

lib=''
if knows -static; then
	echo /usr
	exit
fi
lock liburing
built=$ZC_CACHE/liburing
lib=$built/liburing.a
if ! knows -I"$built/include"; then
	own=$(dpkg-query -W -f '${Version}' liburing-dev 2>/dev/null || true)
	say "iou-zcrx needs liburing $wanted, here is ${own:-none}: building the one of sid."
	apt_state sid+src || die "cannot read the list of sid's source packages."
	apt_opts sid+src
	tmp=$(mktemp -d "$ZC_CACHE/liburing.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	logged log apt-get "${APT_OPTS[@]}" source --download-only liburing ||
		die "cannot fetch the source of liburing: install liburing-dev $wanted or newer by hand."
	mkdir src out
	rm -f ./*.asc
	tar -xf liburing_*.orig.tar.* -C src --strip-components=1
	(cd src && logged ../log ./configure) || die "liburing cannot be configured."
	logged log make -C src/src -j"$(nproc)" liburing.a || die "liburing does not build."
	cp -r src/src/include src/src/liburing.a out/
	rm -rf "$built"
	mv out "$built"
	knows -I"$built/include" || die "sid's liburing does not know zero-copy receive: install liburing-dev $wanted or newer."
fi
echo "$built"
