#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# toolchain.sh SUITE PACKAGE: prints a directory with make and all that PACKAGE (a kernel's headers) depends on, out of
# SUITE: compiler, libraries, a few commands. For headers whose tools this machine is too old for; kmake.sh builds there.
# The packages are only unpacked: it needs no root, and nothing of this machine changes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

[ $# = 2 ] || die "usage: toolchain.sh SUITE PACKAGE"
suite=$1
need dpkg-deb
# The headers themselves lie elsewhere, and may change without the compiler.
mapfile -t packages < <(apt_closure "$suite" "$2" base-files bash binutils coreutils dash diffutils findutils grep make \
	mawk sed | grep -v "^linux-")
[ ${#packages[@]} -gt 0 ] || die "what $2 needs is not all in ${suite//+/ and }: say ZC_REFRESH=1 for a newer package list."
key=$(printf '%s\n' "${packages[@]}" | sort | cat - "$0" | sha256sum)
dir=$ZC_CACHE/toolchain/${key:0:12}
lock "toolchain-${key:0:12}"
if [ -e "$dir" ]; then
	echo "$dir"
	exit
fi

mkdir -p "$ZC_CACHE/toolchain"
tmp=$(mktemp -d "$ZC_CACHE/toolchain/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
say "Fetching and unpacking a compiler for $2 (${#packages[@]} packages of ${suite//+/ and })."
mkdir "$tmp/debs" "$tmp/root"
apt_opts "$suite"
(cd "$tmp/debs" && logged ../log apt-get "${APT_OPTS[@]}" download "${packages[@]}") ||
	die "these packages cannot be fetched: say ZC_REFRESH=1 for a newer package list."
for deb in "$tmp/debs/base-files"_*.deb "$tmp/debs"/*.deb; do # the links /bin, /lib come first
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tmp/root" --no-same-owner --keep-directory-symlink
done
# Here is what their scripts would have done.
ln -sf mawk "$tmp/root/usr/bin/awk"
[ -e "$tmp/root/usr/bin/sh" ] || ln -s dash "$tmp/root/usr/bin/sh"
chmod 755 "$tmp/root"
mv "$tmp/root" "$dir"
echo "$dir"
