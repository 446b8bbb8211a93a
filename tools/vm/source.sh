#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints the directory of the kernel source the test kernel is made of: KSRC=, or Debian's linux-source-7.2.
# What was fetched once stays in use; ZC_REFRESH=1 asks the archive for a newer one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

if [ -n "${KSRC:-}" ]; then
	{ [ -e "$KSRC/Kbuild" ] && [ -d "$KSRC/net/core" ]; } || die "KSRC=$KSRC is no kernel source."
	realpath -e "$KSRC"
	exit
fi

lock source
cached=$(compgen -G "$ZC_CACHE/src/linux-source-7.*/Makefile" | sort -V | sed -n '1s|/Makefile$||p' || true)
if [ -n "$cached" ] && [ -z "${ZC_REFRESH:-}" ]; then
	readlink -f "$cached"
	exit
fi

find_source() { # regex -> suite, package
	for suite in trixie-backports forky sid; do
		package=$(apt_newest "$suite" "$1" || true)
		[ -z "$package" ] || return 0
	done
	return 1
}
if ! find_source '^linux-source-7\.2$'; then
	find_source '^linux-source-7\.[0-9]+$' ||
		die "no linux-source-7.x in trixie-backports, forky or sid: give a kernel source with KSRC=."
	say "linux-source-7.2 is gone, taking $package: the series in patches/ may need a refresh."
fi
deb=$(apt_get_deb "$suite" "$package")
dir=$ZC_CACHE/src/$package
mkdir -p "$ZC_CACHE/src"
tmp=$(mktemp -d "$ZC_CACHE/src/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
say "Unpacking $(basename "$deb")."
dpkg -x "$deb" "$tmp/deb"
mkdir "$tmp/src"
tar -xf "$tmp/deb/usr/src/$package.tar.xz" -C "$tmp/src" --strip-components=1
dpkg-deb -f "$deb" Version >"$tmp/src/.zc-version"
rm -rf "$dir"
mv "$tmp/src" "$dir"
echo "$dir"
