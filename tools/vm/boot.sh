#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# boot.sh [OPTION]... VMLINUZ INITRAMFS: plain QEMU, no KVM. Exit status is the guest's.
# 98: the guest died or did not finish; 99: its kernel complained.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/guest.sh"

while [ $# -gt 0 ] && vm_option "$@"; do shift "$VM_SHIFT"; done
[ $# = 2 ] || die "usage: boot.sh $VM_USAGE VMLINUZ INITRAMFS"
vm_check
for f; do [ -r "$f" ] || die "cannot read $f."; done
need qemu-system-x86_64 timeout

guest_slot
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
klog=${vm_klog:-$work/klog}
: >"$klog"
mapfile -t args < <(vm_nic_args)
cpu=max,-erms,-fsrm,la57=off # string instructions are emulated byte by byte
# One thread for all CPUs: with one each, a livepatch transition (which rewrites code that
# every CPU runs) sometimes ends in "Oops: int3", on kernels of any kind.
accel=tcg,thread=single
if [ -n "$vm_icount" ]; then
	cpu+=,-rdrand,-rdseed
	args+=(-icount 'shift=0,sleep=off' -rtc 'base=2026-01-01,clock=vm')
fi
[ -z "$vm_kvm" ] || accel=kvm cpu=host
[ -z "$vm_plugin" ] || args+=(-plugin "$vm_plugin")

set +e
timeout -k 10 "$vm_timeout" qemu-system-x86_64 -M q35 -accel "$accel" -cpu "$cpu" \
	-smp "$vm_cpus" -m "$vm_mem" -display none -nodefaults -no-user-config -no-reboot \
	-serial "file:$klog" -serial stdio -kernel "$1" -initrd "$2" "${args[@]}" \
	-append "console=ttyS0 $(vm_cmdline)" </dev/null 2>"$work/stderr" | tee "$work/console"
status=${PIPESTATUS[0]}
grep -v 'not connected to host network' "$work/stderr" >&2 # that is what the hub is for
vm_verdict "$work/console" "$klog" "$status"
