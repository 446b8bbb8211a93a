#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# modules.sh KDIR OUT [VAR=VALUE]...: builds our modules for a kernel, leaves the .ko files flat in OUT.
# The sources are copied first: the tree stays clean, and one tree serves several kernels.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# -ge 2 ] || die "usage: modules.sh KDIR OUT [VAR=VALUE]..."
kdir=$(realpath -e "$1" 2>/dev/null) || die "KDIR=$1 does not exist: install this kernel's headers, or say KDIR=<headers>."
{ [ -r "$kdir/Makefile" ] && [ -r "$kdir/.config" ]; } || die "KDIR=$1 holds no kernel headers."
[ -e "$kdir/Module.symvers" ] || die "KDIR=$1 has no Module.symvers: that kernel was never built."
mkdir -p "$2" 2>/dev/null || die "cannot write to OUT=$2."
out=$(realpath -e "$2")
shift 2
need make gcc rsync objdump

build=$out/.build
mkdir -p "$build"
exec 9>"$out/.lock"
flock 9
# Objects of another kernel, or of another tree that shares the cache, are of no use.
id="$ZC_TOP $kdir $(cat "$kdir/include/config/kernel.release" 2>/dev/null || true) $*"
if [ "$(cat "$build/.for" 2>/dev/null || true)" != "$id" ]; then
	rm -rf "$build"
	mkdir -p "$build"
	echo "$id" >"$build/.for"
fi
sources=()
for s in Kbuild include mm net samples; do
	[ ! -e "$ZC_TOP/$s" ] || sources+=("$ZC_TOP/$s")
done
[ -e "$ZC_TOP/Kbuild" ] || die "there is no Kbuild in $ZC_TOP."
rsync -a --delete --filter='P *.o' --filter='P *.ko' --filter='P *.mod' --filter='P *.mod.c' --filter='P .*.cmd' \
	--filter='P .for' --filter='P Module.symvers' --filter='P modules.order' "${sources[@]}" "$build/"
find "$build" -name '*.ko' -delete
"$ZC_VM/kmake.sh" "$kdir" -j"$(nproc)" M="$build" W=1 "$@" modules
rm -f "$out"/*.ko
find "$build" -name '*.ko' -exec cp -t "$out" {} +
compgen -G "$out/*.ko" >/dev/null || die "the build produced no module."
[ ! -e "$out/zerocopy_livepatch.ko" ] || "$ZC_TOP/tools/check/tailcall.sh" "$out/zerocopy_livepatch.ko" || {
	rm -f "$out/zerocopy_livepatch.ko"
	die "zerocopy_livepatch.ko was built without tail calls and cannot be used."
}
