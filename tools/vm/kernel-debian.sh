#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel-debian.sh cloud|generic: Debian's newest unmodified 6.12, unpacked into the cache.
# Prints a directory holding vmlinuz, config, modules/ and kdir/ (for building modules).
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

case ${1:-} in
cloud) flavour=cloud-amd64 ;;
generic) flavour=amd64 ;;
*) die "say which kernel: cloud or generic." ;;
esac
name="linux-image-6\\.12\\.[0-9]+[^-]*(-[0-9]+)?-$flavour-unsigned"

lock "debian-$1"
link=$ZC_CACHE/debian/$1
if [ -e "$link/vmlinuz" ] && [ -z "${ZC_REFRESH:-}" ]; then
	readlink -f "$link"
	exit
fi

find_image() {
	for suite in host bookworm-backports trixie; do
		image=$(apt_newest "$suite" "^$name\$" || true)
		[ -z "$image" ] || return 0
		if [ "$suite" != host ] || [ "$(id -u)" != 0 ]; then continue; fi
		apt_update host || true # a fresh machine has no package list yet
		image=$(apt_newest host "^$name\$" || true)
		[ -z "$image" ] || return 0
	done
	return 1
}
find_image || die "no 6.12 kernel image in this machine's package lists: run apt-get update as root."

release=${image#linux-image-}
release=${release%-unsigned}
headers=linux-headers-$release
need dpkg-deb depmod
apt_opts "$suite"
deb=$(apt_get_deb "$suite" "$headers")
debs=("$deb")
# The rest is named by the headers package itself.
for p in "$image" $(dpkg-deb -f "$deb" Depends |
	grep -oE 'linux-(headers-[^ ,]+-common|kbuild-[^ ,]+)'); do
	deb=$(apt_get_deb "$suite" "$p")
	debs+=("$deb")
done

dir=$ZC_CACHE/debian/$release
mkdir -p "$ZC_CACHE/debian"
tmp=$(mktemp -d "$ZC_CACHE/debian/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
say "Unpacking $release."
for deb in "${debs[@]}"; do
	dpkg -x "$deb" "$tmp/root"
done
# Debian 12 ships modules in /lib, later ones in /usr/lib: one layout for both.
if [ -d "$tmp/root/lib" ] && [ ! -L "$tmp/root/lib" ]; then
	mkdir -p "$tmp/root/usr/lib"
	cp -al "$tmp/root/lib/." "$tmp/root/usr/lib/"
	rm -rf "$tmp/root/lib"
fi
ln -sfn usr/lib "$tmp/root/lib"
src=root/usr/src
mods=root/usr/lib/modules/$release
rm -f "$tmp/$mods/build" "$tmp/$mods/source"
sed -i "s|/usr/src/|$dir/$src/|" "$tmp/$src/$headers/Makefile"
depmod -b "$tmp/root" "$release"

vmlinuz=$(find "$tmp/root" \( -path '*/boot/vmlinuz-*' -o -path '*/modules/*/vmlinuz' \) -printf 'root/%P\n' -quit)
[ -n "$vmlinuz" ] || die "$image holds no vmlinuz."
ln -s "$vmlinuz" "$tmp/vmlinuz"
ln -s "$src/$headers/.config" "$tmp/config"
ln -s "$mods" "$tmp/modules"
ln -s "$src/$headers" "$tmp/kdir"
rm -rf "$dir"
mv "$tmp" "$dir"
ln -sfn "$release" "$link"
echo "$dir"
