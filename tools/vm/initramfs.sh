#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initramfs.sh -o FILE [-m MODULES_DIR] [-k "NAME..."] [-a PATH[:DST]]... SCRIPT [ARG...]
# A small guest: bash, coreutils, iproute2, the named modules, what is added, and SCRIPT to run.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Without these nothing runs; the others are there if the machine has them.
essential='bash sh ip mount insmod rmmod modprobe dmesg grep sed awk ps'
programs='bash sh ip tc ss ping ethtool kmod modprobe insmod rmmod lsmod depmod modinfo
	mount umount mountpoint findmnt dmesg flock setsid getopt rev unshare setpriv prlimit nsenter taskset
	mkfs.ext4 losetup grep egrep fgrep sed awk gawk mawk xargs find cmp diff ps pgrep sysctl strace'
programs+=" $(dpkg -L coreutils | sed -n 's|^\(/usr\)\?/s\?bin/||p' | tr '\n' ' ')"
out='' mods='' names='vmxnet3 veth dummy tun tls 8021q sch_netem sch_fq sch_tbf sch_ingress cls_u32 cls_matchall
	cls_bpf act_mirred ifb inet_diag tcp_diag udp_diag mptcp_diag unix_diag bridge esp4 esp6 xfrm_user seqiv echainiv
	vsock_loopback udmabuf gcm ctr ghash_generic ext4 loop'
add=()
while getopts o:m:k:a: opt; do
	case $opt in
	o) out=$OPTARG ;;
	m) mods=$OPTARG ;;
	k) names+=" $OPTARG" ;;
	a) add+=("$OPTARG") ;;
	*) die "usage: initramfs.sh -o FILE [-m MODULES_DIR] [-k NAMES] [-a PATH[:DST]]... SCRIPT [ARG...]" ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$out" ] || die "say where to write the image: -o FILE."
[ $# -gt 0 ] || die "say which script the guest shall run."
[ -f "$1" ] || die "there is no script $1."
need cpio zstd kmod ldd

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},etc,proc,sys,dev,run,tmp,root,var/lib}
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
ln -s /run "$root/var/run"

copy() { # file, place in the guest
	mkdir -p "$root${2%/*}"
	cp -L "$1" "$root$2"
}

binaries=()
for p in $programs; do
	if ! f=$(type -P "$p"); then
		[[ " $essential " != *" $p "* ]] || die "$p is missing: run 'make deps' as root."
		continue
	fi
	case $f in
	/bin/*|/sbin/*) f=/usr$f ;;
	/usr/bin/*|/usr/sbin/*) ;;
	*) continue ;; # a private build is not what a Debian user has
	esac
	[ -e "$f" ] || f=${f#/usr}
	copy "$f" "$f"
	binaries+=("$f")
done

for a in "${add[@]}"; do
	from=$(realpath -e "${a%%:*}" 2>/dev/null) || die "there is no ${a%%:*} to add."
	to=$(realpath -m -s "${a#*:}")
	mkdir -p "$root${to%/*}"
	cp -rLT "$from" "$root$to"
done
script=$(realpath -e "$1")
shift
copy "$script" "$script"
chmod +x "$root$script"
# Programs that were added bring their libraries along.
mapfile -t -O "${#binaries[@]}" binaries < <(
	for a in "${add[@]}"; do
		find -L "${a%%:*}" -type f -perm -u+x ! -name '*.ko' ! -name '*.sh'
	done)
{ ldd "${binaries[@]}" 2>/dev/null || true; } |
	awk '$2 == "=>" && $3 ~ /^\// { print $3; next } $1 ~ /^\// && $1 !~ /:$/ { print $1 }' | sort -u |
	while read -r lib; do
		[ -e "$root$lib" ] || copy "$lib" "$lib"
	done

if [ -n "$mods" ]; then
	[ -e "$mods/modules.dep" ] || die "$mods is no modules directory: it has no modules.dep."
	mods=$(realpath -e "$mods")
	release=${mods##*/}
	base=${mods%/lib/modules/*}
	to=$root/usr/lib/modules/$release
	mkdir -p "$to"
	for n in $names; do
		modprobe -d "$base" -S "$release" --show-depends "$n" 2>/dev/null || true
	done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r f; do
		f=$(realpath -e "$f")
		copy "$f" "${to#"$root"}/${f#"$mods"/}"
	done
	cp "$mods"/modules.{builtin,order} "$to/"
	[ ! -e "$mods/modules.builtin.modinfo" ] || cp "$mods/modules.builtin.modinfo" "$to/"
	depmod -b "$root" "$release"
fi

printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
copy "$ZC_VM/guest-init.sh" /init
chmod 755 "$root/init"
printf '%q ' "$script" "$@" >"$root/etc/zc-command"

(cd "$root" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) | zstd -q -3 -T0 -f -o "$out.tmp"
mv "$out.tmp" "$out"
