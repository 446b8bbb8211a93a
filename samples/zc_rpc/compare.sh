#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# compare.sh [KERNEL]: what a reply costs with kernel_sendmsg() and through the layer, in a guest that counts
# instructions as nanoseconds. KERNEL is cloud (Debian's 6.12, unmodified) or test (7.2).
set -euo pipefail
. "$(dirname "$0")/../../tools/vm/lib.sh"

kernel=${1:-cloud}
case $kernel in
test) kdir=$("$ZC_VM/kernel-test.sh") plain=(--plain) ;;
cloud) kdir=$("$ZC_VM/kernel-debian.sh" cloud)/kdir plain=() ;;
*) die "there is no kernel $kernel: take cloud or test." ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
logged "$work/log" "$ZC_VM/modules.sh" "$kdir" "$work/modules" ZC_SAMPLES=1
logged "$work/log" make -C "$ZC_TOP/samples/zc_rpc" OUTPUT="$work"
"$ZC_VM/run.sh" "$kernel" "${plain[@]}" --icount --nics --timeout 900 --add "$work/modules" --add "$work/client" \
	"$ZC_TOP/samples/zc_rpc/guest.sh" "$work/modules" "$work/client"
