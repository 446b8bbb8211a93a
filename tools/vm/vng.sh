#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vng.sh [OPTION]... BZIMAGE SCRIPT [ARG...]: runs SCRIPT under virtme-ng on a kernel that has 9p.
# The guest sees this machine's files read-only, with throw-away writes in /tmp, /usr, /etc, /var.
# Same contract as boot.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ZC_VM/guest.sh"

while [ $# -gt 0 ] && vm_option "$@"; do shift "$VM_SHIFT"; done
[ $# -ge 2 ] || die "usage: vng.sh $VM_USAGE BZIMAGE SCRIPT [ARG...]"
vm_check
kernel=$1
[ -r "$kernel" ] || die "cannot read $kernel."
script=$(realpath -e "$2" 2>/dev/null) || die "there is no script $2."
shift 2
need qemu-system-x86_64 timeout
vng=$("$ZC_VM/virtme.sh")
# The system's python: another one in PATH lacks Debian's modules.
case $vng in
"$ZC_CACHE"/*)
	export PYTHONPATH=$ZC_CACHE/virtme/usr/lib/python3/dist-packages
	export PATH=${vng%/*}:/usr/bin:/bin:$PATH
	;;
esac

guest_slot
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
klog=${vm_klog:-$work/klog}
: >"$klog"
mkfifo "$work/out"
# The payload has a serial port of its own, so that kernel messages do not cut its lines,
# and so that nothing depends on a udev in the host's files.
{
	printf '#!/bin/bash\n. %q\nrun' "$ZC_VM/guest-vng.sh"
	printf ' %q' "$script" "$@"
	printf '\n'
} >"$work/payload"
chmod 755 "$work" "$work/payload"
opts="-cpu max,-erms,-fsrm,la57=off -chardev file,id=zc,path=$work/out -serial chardev:zc"
opts+=" -accel tcg,thread=single" # see boot.sh
mapfile -t nics < <(vm_nic_args)
opts+=" ${nics[*]}"
if [ -n "$vm_icount" ]; then
	opts+=" -icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm"
fi

cd /tmp
exec 8<>"$work/out" # holds the pipe open, so that nobody waits for the other end
tee "$work/console" <"$work/out" 8>&- &
reader=$!
set +e
timeout -k 10 "$vm_timeout" /usr/bin/python3 "$vng" --run "$kernel" --disable-kvm --force-9p --verbose \
	--cpus "$vm_cpus" --memory "$vm_mem" --append "$(vm_cmdline)" --qemu-opts="$opts" \
	--exec "$work/payload" </dev/null 2>&1 8>&- | cat >"$klog" 8>&-
status=${PIPESTATUS[0]}
exec 8>&-
wait "$reader"
vm_verdict "$work/console" "$klog" "$status"
