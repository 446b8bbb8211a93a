#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh: 'make demo'. The main job on Debian's unmodified 6.12, without and with the modules, side by side.
# Exit status 0 only if each cell of the table is what it should be. ZC_DEMO_MIB= sends another size.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"

here=$ZC_TOP/tools/demo
mib=${ZC_DEMO_MIB:-256}
[[ $mib =~ ^[1-9][0-9]{1,3}$ ]] || die "ZC_DEMO_MIB is a number from 10 to 9999, not '$mib'."
[ $# = 0 ] || die "takes no arguments."

# Every line with the time since the start; a sign of life when there is none. What the table is made of stays as it is.
show() {
	local line='' part
	while :; do
		if IFS= read -r -t 10 part; then
			line=${line%$'\r'}$part
			line=${line%$'\r'}
			case $line in
			ZC-EXIT*) ;;
			''|'|'[\ -]*) printf '%s\n' "$line" ;;
			*) printf '[%3d s] %s\n' "$SECONDS" "$line" ;;
			esac
			line=''
		elif [ $? -gt 128 ]; then
			line+=$part
			printf '[%3d s]   ...\n' "$SECONDS"
		else
			break
		fi
	done
}

demo() {
	local dir memory
	echo "demo: what is missing from Debian"
	"$ZC_VM/deps.sh"
	need gcc
	echo "demo: Debian's own 6.12 kernel and its headers"
	dir=$("$ZC_VM/kernel-debian.sh" cloud)
	echo "demo: building the modules for ${dir##*/}"
	"$ZC_VM/modules.sh" "$dir/kdir" "$work/ko" >"$work/log" 2>&1 || {
		tail -n 30 "$work/log"
		die "the modules do not build."
	}
	mkdir "$work/demo"
	cp "$work"/ko/zerocopy{,_livepatch}.ko "$work/demo"
	gcc -D_GNU_SOURCE -O2 -Wall -Wextra -o "$work/demo/demo" "$here/demo.c"
	echo "demo: booting it in QEMU"
	"$ZC_VM/initramfs.sh" -o "$work/initramfs" -m "$(readlink -f "$dir/modules")" -a "$work/demo:/demo" \
		"$here/guest.sh" "$mib"
	memory=$((mib + 1024))M
	"$ZC_VM/boot.sh" --nics --mem "$memory" --timeout 480 "$dir/vmlinuz" "$work/initramfs"
}

# The pipe is closed when all of it has ended, so that nothing is printed after the last word.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
set +e
(
	set -e
	demo
) 2>&1 | show
status=${PIPESTATUS[0]}

if [ "$status" = 0 ]; then
	cat <<-END
	All as expected, after $SECONDS seconds.

	On a machine of your own (x86-64, a 6.12 or 7.2 kernel with CONFIG_LIVEPATCH, its headers installed):
	    make && sudo insmod out/zerocopy.ko && sudo insmod out/zerocopy_livepatch.ko
	From then on every program that uses SO_ZEROCOPY and MSG_ZEROCOPY goes through it. Look at it with
	    cat /proc/net/zerocopy
	    sysctl net.zerocopy
	and take it out again with
	    echo 0 | sudo tee /sys/kernel/livepatch/zerocopy_livepatch/enabled
	    sudo rmmod zerocopy_livepatch zerocopy      # EBUSY: a send is still under way, try again
	END
else
	echo "Not all as expected (status $status), after $SECONDS seconds." >&2
fi
exit "$status"
