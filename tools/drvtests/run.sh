#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh [TEST[:PATTERN]]...: the kernel's own driver tests over a pair of zcsim NICs, in a guest with the test kernel.
# Without names: those that apply; 'net' stands for those that patches/7.2 might break. PATTERN picks cases, as in
# 'gro.py:test.sw_ipv6*'. DEBUG=1: on the debug kernel, PATCHED=1: with patches/7.2. Logs stay in out/drvtests.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"

guest='test' variant=()
options=(--timeout 7200)
[ "${PATCHED:-0}" = 0 ] || { guest=patched; variant=(patched); }
[ "${DEBUG:-0}" = 0 ] || { guest=${guest/test/}; guest=${guest:+$guest-}debug; variant+=(debug); options=(--timeout 14400 --mem 4G); }
tests=("$@")
[ $# -gt 0 ] || tests=(ping.py stats.py queues.py ring_reconfig.py hds.py gro.py hw/gro_hw.py hw/ntuple.py
	hw/rss_ctx.py hw/rss_api.py hw/rss_drv.py hw/tso.py hw/uso.py hw/csum.py hw/toeplitz.py
	hw/nic_timestamp.py hw/pp_alloc_fail.py hw/devmem.py hw/iou-zcrx.py)
logs=$ZC_TOP/out/drvtests
if [ "$*" = net ]; then
	tests=(net/msg_zerocopy net/io_uring_zerocopy_tx net/udpgso net/ip_defrag net/tls so_txtime.py 'gro.py:test.sw_ipv4_*' 'gro.py:test.sw_ipv6_*')
	logs=$ZC_TOP/out/nettests/$guest
fi
mkdir -p "$logs"
status=0
"$ZC_VM/deps.sh" drvtests
tree=$("$ZC_VM/drvtests.sh")
ethtool=$("$ZC_VM/ethtool.sh")
kdir=$("$ZC_VM/kernel-test.sh" "${variant[@]}")
logged "$logs/modules" "$ZC_VM/modules.sh" "$kdir" "$logs/$guest" || die "the modules do not build, see out/drvtests/modules."
logged "$logs/programs" make -C "$ZC_TOP/tools/testing/selftests/zcsim" KSRC="$("$ZC_VM/source.sh")" OUTPUT="$logs/programs.d" ||
	die "the programs do not build, see out/drvtests/programs."
"$ZC_VM/run.sh" "$guest" "${options[@]}" --klog "$logs/klog" \
	"$ZC_TOP/tools/drvtests/guest.sh" "$logs/$guest" "$logs/programs.d" "$tree" "$ethtool" "${tests[@]}" | tee "$logs/log" || status=$?
awk -f "$ZC_TOP/tools/drvtests/summary.awk" "$logs/log" | tee "$logs/summary"
exit "$status"
