#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh KERNEL [OPTION]... [--add PATH]... SCRIPT [ARG...]: gets the kernel, boots it, runs SCRIPT in it.
# KERNEL: cloud, generic, cloud-7.2, generic-7.2 (Debian's own, 6.12 or 7.2, plain QEMU), test, debug, patched,
# patched-debug (7.2, virtme-ng; with --plain: plain QEMU).
# --add puts a file or directory into a plain guest, at the path it has here.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/guest.sh"

usage="usage: run.sh cloud|generic|cloud-7.2|generic-7.2|test|debug|patched|patched-debug $VM_USAGE [--plain]"
usage+=" [--add PATH[:DST]]... SCRIPT [ARG...]"
kind=${1:-}
case $kind in
cloud|generic|cloud-7.2|generic-7.2) plain=1 ;;
test|debug|patched|patched-debug) plain='' ;;
*) die "$usage" ;;
esac
shift
options=() add=()
while [ $# -gt 0 ]; do
	case $1 in
	--plain) plain=1; shift; continue ;;
	--add)
		[ $# -ge 2 ] || die "--add needs a value."
		add+=(-a "$2")
		shift 2
		continue
		;;
	esac
	vm_option "$@" || break
	options+=("${@:1:VM_SHIFT}")
	shift "$VM_SHIFT"
done
case ${1:--} in -*) die "$usage" ;; esac
[ -f "$1" ] || die "there is no script $1."
vm_check

modules=()
case $kind in
cloud*|generic*)
	dir=$("$ZC_VM/kernel-debian.sh" "$kind")
	image=$dir/vmlinuz
	modules=(-m "$(readlink -f "$dir/modules")")
	;;
test) dir=$("$ZC_VM/kernel-test.sh") image=$dir/arch/x86/boot/bzImage ;;
debug|patched|patched-debug)
	# shellcheck disable=SC2086 # one or two words
	dir=$("$ZC_VM/kernel-test.sh" ${kind/-/ })
	image=$dir/arch/x86/boot/bzImage
	;;
esac
[ -n "$plain" ] || exec "$ZC_VM/vng.sh" "${options[@]}" "$image" "$@"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$ZC_VM/initramfs.sh" -o "$work/initramfs" "${modules[@]}" "${add[@]}" "$@"
"$ZC_VM/boot.sh" "${options[@]}" "$image" "$work/initramfs"
