#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# pagecache.sh [STOCK [PATCHED]]: what patches/7.2, 0021 to 0025, cost the page cache; see README here. Both are 7.2 (the
# test kernel, the default of STOCK), patched (with all of patches/7.2, the default of PATCHED), or build directories.
#   BENCH_REPETITIONS=5    of each row in each boot, in turns
#   BENCH_BOOTS=3          of each kernel
#   BENCH_ONLY=regex       only rows that match
# Writes out/pagecache.txt; exit status 1 if a row costs more than 0.5 % more.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"
. "$ZC_TOP/tools/bench/build.sh"

here=$ZC_TOP/tools/bench
repetitions=${BENCH_REPETITIONS:-5} boots=${BENCH_BOOTS:-3}
[[ $repetitions$boots =~ ^[1-9]{2}$ ]] || die "BENCH_REPETITIONS and BENCH_BOOTS are numbers from 1 to 9."
[ $# -le 2 ] || die "usage: pagecache.sh [STOCK [PATCHED]]"
need gcc gawk mkfs.ext4
rows=$(sed -n 's/^\t{ "\([a-z0-9-]*\)", .*/\1/p' "$here/pagecache.c" | grep -E -- "${BENCH_ONLY:-.}" | tr '\n' ' ') ||
	die "BENCH_ONLY=$BENCH_ONLY matches no row."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Of the modules zcsim alone, whose objects stay for the next time.
build() { # stock|patched
	local to=$work/$1 selftests=$ZC_TOP/tools/testing/selftests/zcsim objects
	objects=$ZC_TOP/out/pagecache/$(sha256sum <<<"$kdir" | cut -c1-12)
	echo "bench: building for $kdir"
	mkdir -p "$to" "$objects"
	cp -ru "$ZC_TOP"/{Kbuild,include,mm,net,samples} "$objects"
	logged "$work/log" "$ZC_VM/kmake.sh" "$kdir" "M=$objects" zcsim.ko || die "zcsim.ko does not build."
	cp "$objects/zcsim.ko" "$here/net.sh" "$to"
	bench_program "$to/pagecache" "$here"/{pagecache,measure}.c
	bench_program "$to/rings" "$selftests"/{rings,genl}.c
	gcc -shared -fPIC -O2 -o "$to/link_zcsim.so" "$selftests/link_zcsim.c"
}

declare -A images
prepare() { # stock|patched, kernel
	local KERNEL=$2 kdir image modules
	[ "$KERNEL" != patched ] || KERNEL=$(KERNEL='' "$ZC_VM/kernel-test.sh" patched)
	export KERNEL
	bench_kernel
	build "$1"
	printf '%s\n' "repetitions=$repetitions" "rows='$rows'" >"$work/$1/settings"
	"$ZC_VM/initramfs.sh" -o "$work/$1.initramfs" "${modules[@]}" -a "$work/$1:/bench" "$here/pagecache-guest.sh" /bench
	images[$1]=$image
	echo "build $1 $kdir" >>"$work/out"
}
prepare stock "${1:-7.2}"
prepare patched "${2:-patched}"

# Where things lie depends on the length of the command line, among others.
append=kunit.enable=0
for ((boot = 1; boot <= boots; boot++)); do
	for kernel in stock patched; do
		echo "bench: $kernel, boot $boot of $boots"
		"$ZC_VM/boot.sh" --icount --mem 1G --timeout 3600 --append "$append" "${images[$kernel]}" "$work/$kernel.initramfs" |
			tee "$work/console" | sed -un '/^idle [^ ]* [0-9.]*\r*$\|^held [^ ]* [0-9.]*\r*$\|^ZC-EXIT/!s/^/bench: /p' ||
			die "the guest failed."
		sed "s/\r*$//; s/^/$kernel /" "$work/console" >>"$work/out"
	done
	append+=" zc_boot=$boot"
done

mkdir -p "$ZC_TOP/out"
gawk -f "$here/pagecache.awk" "$work/out" >"$work/table" && status=0 || status=$?
[ "$status" -le 1 ] || die "nothing was measured."
{
	echo "Commit $(git -C "$ZC_TOP" describe --always --dirty 2>/dev/null || echo unknown), $boots boots, $repetitions repetitions in each."
	cat "$work/table"
} | tee "$ZC_TOP/out/pagecache.txt"
exit "$status"
