#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel-debian.sh cloud|generic|cloud-7.2|generic-7.2: Debian's newest unmodified 6.12 or 7.2, unpacked into the cache.
# Prints a directory holding vmlinuz, config, modules/ and kdir/ (for building modules). The headers of 7.2 want a newer
# compiler and C library than Debian 12 has: kdir/.toolchain leads to them, and modules are built by kmake.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/apt.sh"

case ${1:-} in
cloud|cloud-7.2) flavour=cloud-amd64 ;;
generic|generic-7.2) flavour=amd64 ;;
*) die "say which kernel: cloud, generic, cloud-7.2 or generic-7.2." ;;
esac
case $1 in
*-7.2)
	version=7.2 suites='trixie+trixie-backports forky sid'
	name="linux-binary-unsigned-7\\.2\\.[0-9]+[^-]*(-[0-9]+)?-$flavour"
	;;
*)
	version=6.12 suites='host bookworm-backports trixie'
	name="linux-image-6\\.12\\.[0-9]+[^-]*(-[0-9]+)?-$flavour-unsigned"
	;;
esac

lock "debian-$1"
link=$ZC_CACHE/debian/$1
if [ -e "$link/vmlinuz" ] && { [ "$version" = 6.12 ] || [ -e "$link/kdir/.toolchain/" ]; } && [ -z "${ZC_REFRESH:-}" ]; then
	readlink -f "$link"
	exit
fi

find_image() {
	for suite in $suites; do
		image=$(apt_newest "$suite" "^$name\$" || true)
		[ -z "$image" ] || return 0
		if [ "$suite" != host ] || [ "$(id -u)" != 0 ]; then continue; fi
		apt_update host || true # a fresh machine has no package list yet
		image=$(apt_newest host "^$name\$" || true)
		[ -z "$image" ] || return 0
	done
	return 1
}
find_image || case $version in
6.12) die "no 6.12 kernel image in this machine's package lists: run apt-get update as root." ;;
*) die "no $version kernel image (linux-binary-unsigned-$version.*) in trixie-backports, forky or sid:" \
	"say ZC_REFRESH=1 for newer package lists, or leave out the guest $1." ;;
esac

release=${image#linux-image-}
release=${release#linux-binary-unsigned-}
release=${release%-unsigned}
images=("$image")
[ "$version" = 6.12 ] || images+=("linux-modules-$release" "linux-base-$release")
headers=linux-headers-$release
need dpkg-deb depmod
apt_opts "$suite"
deb=$(apt_get_deb "$suite" "$headers")
debs=("$deb")
# The rest is named by the headers package itself.
for p in "${images[@]}" $(dpkg-deb -f "$deb" Depends |
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
if [ "$version" != 6.12 ]; then
	toolchain=$("$ZC_VM/toolchain.sh" "$suite" "$headers")
	ln -s "$toolchain" "$tmp/$src/$headers/.toolchain"
fi

vmlinuz=$(find "$tmp/root" \( -path '*/boot/vmlinuz-*' -o -path '*/modules/*/vmlinuz*' \) -printf 'root/%P\n' -quit)
[ -n "$vmlinuz" ] || die "$image holds no vmlinuz."
ln -s "$vmlinuz" "$tmp/vmlinuz"
ln -s "$src/$headers/.config" "$tmp/config"
ln -s "$mods" "$tmp/modules"
ln -s "$src/$headers" "$tmp/kdir"
rm -rf "$dir"
mv "$tmp" "$dir"
ln -sfn "$release" "$link"
echo "$dir"
