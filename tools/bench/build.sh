# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are read by those who source this
# Sourced by run.sh and profile.sh, behind ../vm/lib.sh: chooses the kernel, and builds what goes into the guest.

# KERNEL -> kdir, image, modules (options of initramfs.sh)
bench_kernel() {
	local dir kernel=${KERNEL:-cloud}
	[ "$kernel" != 6.12 ] || kernel=cloud
	modules=()
	case $kernel in
	cloud|generic|cloud-7.2|generic-7.2)
		dir=$("$ZC_VM/kernel-debian.sh" "$kernel")
		kdir=$dir/kdir image=$dir/vmlinuz
		modules=(-m "$(readlink -f "$dir/modules")")
		;;
	7.2) kdir=$(KERNEL='' "$ZC_VM/kernel-test.sh") image=$kdir/arch/x86/boot/bzImage ;;
	*)
		[ -d "$kernel" ] ||
			die "KERNEL is 6.12, 7.2, cloud, generic, cloud-7.2, generic-7.2 or a kernel build directory, not '$kernel'."
		kdir=$("$ZC_VM/kernel-test.sh") image=$kdir/arch/x86/boot/bzImage
		;;
	esac
}

bench_program() { # output, sources
	gcc -D_GNU_SOURCE -O2 -Wall -Wextra -static -I"$ZC_TOP/include/uapi" -o "$@" || die "${1##*/} does not build."
}

bench_build() { # directory for the guest
	local to=$1 here=$ZC_TOP/tools/bench selftests=$ZC_TOP/tools/testing/selftests/zcsim scratch
	scratch=$(mktemp -d)
	mkdir -p "$to"
	echo "bench: building for $(cat "$kdir/include/config/kernel.release")"
	logged "$scratch/log" "$ZC_VM/modules.sh" "$kdir" "$scratch/ko" || die "the modules do not build."
	cp "$scratch"/ko/{zerocopy,zcsim}.ko "$to"
	cp "$scratch/ko/zerocopy_rx.ko" "$to" 2>/dev/null || true # there may be none yet
	# The entry that is for this kernel.
	cp "$scratch"/ko/zerocopy_{entry,livepatch}.ko "$to" 2>/dev/null || [ -n "$(compgen -G "$to/zerocopy_*.ko")" ] ||
		die "this kernel can have no entry."
	mkdir "$scratch/zc_bench"
	cp "$here"/{Kbuild,zc_bench.c,zc_bench.h} "$scratch/zc_bench"
	logged "$scratch/log" "$ZC_VM/kmake.sh" "$kdir" "M=$scratch/zc_bench" W=1 modules || die "zc_bench.ko does not build."
	cp "$scratch/zc_bench/zc_bench.ko" "$here/net.sh" "$to"
	bench_program "$to/plain" "$here/plain.c"
	bench_program "$to/send" "$here"/{send,uring,ring,measure}.c
	bench_program "$to/receive" "$here"/{receive{,_queue,_devmem,_uring,_area},ring,measure}.c "$selftests/genl.c"
	bench_program "$to/rings" "$selftests"/{rings,genl}.c
	gcc -shared -fPIC -O2 -o "$to/link_zcsim.so" "$selftests/link_zcsim.c"
	rm -rf "$scratch"
}
