#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh: 'make bench'. Instructions per send, without and with the modules in one run; see README here.
# KERNEL=7.2: the test kernel instead of Debian's 6.12. KERNEL=<build directory>: that one.
# Writes bench.json (this kernel's part of it); exit status 1 if the modules make plain sends dearer than is promised.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"

here=$ZC_TOP/tools/bench
json=$ZC_TOP/bench.json
repetitions=${ZC_BENCH_REPETITIONS:-7}
[[ $repetitions =~ ^[1-9][0-9]?$ ]] || die "ZC_BENCH_REPETITIONS is a number from 1 to 99, not '$repetitions'."
[ $# = 0 ] || die "takes no arguments."
need gcc awk

modules=()
case ${KERNEL:-6.12} in
6.12)
	dir=$("$ZC_VM/kernel-debian.sh" cloud)
	kdir=$dir/kdir image=$dir/vmlinuz
	modules=(-m "$(readlink -f "$dir/modules")")
	;;
7.2) kdir=$(KERNEL='' "$ZC_VM/kernel-test.sh") image=$kdir/arch/x86/boot/bzImage ;;
*) kdir=$("$ZC_VM/kernel-test.sh") image=$kdir/arch/x86/boot/bzImage ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "bench: building for $(basename "${dir:-$kdir}")"
"$ZC_VM/modules.sh" "$kdir" "$work/ko" >"$work/log" 2>&1 || {
	tail -n 30 "$work/log" >&2
	die "the modules do not build."
}
mkdir "$work/bench"
cp "$work"/ko/zerocopy{,_livepatch}.ko "$work/bench"
gcc -D_GNU_SOURCE -O2 -Wall -Wextra -o "$work/bench/plain" "$here/plain.c"
"$ZC_VM/initramfs.sh" -o "$work/initramfs" "${modules[@]}" -a "$work/bench:/bench" "$here/guest.sh" "$repetitions"
"$ZC_VM/boot.sh" --icount --mem 1G --timeout 1200 "$image" "$work/initramfs" |
	tee "$work/out" | sed -un '/^sample\|^kernel\|^ZC-EXIT/!s/^/bench: /p'

awk -v json="$work/json" -f "$here/table.awk" "$work/out" && status=0 || status=$?
[ "$status" -le 1 ] || die "the guest measured nothing."
# What is known of other kernels stays.
kernel=$(grep -o '"kernel": "[^"]*"' "$work/json" | head -n 1)
{
	echo '['
	{
		[ ! -e "$json" ] || grep '^ *{' "$json" | grep -vF "$kernel" | sed 's/,$//' || true
		cat "$work/json"
	} | sed '$!s/$/,/'
	echo ']'
} >"$work/bench.json"
mv "$work/bench.json" "$json"
echo "Written to $json. What these figures mean and what they do not: $here/README"
exit "$status"
