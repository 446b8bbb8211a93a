# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are read by those who source this
# What both ways of booting share: options, the virtual machine, and the verdict.
# A run is good when the payload says so and the kernel log holds no splat.

vm_mem=2G vm_cpus=2 vm_timeout=600 vm_nics='' vm_icount='' vm_append='' vm_klog='' vm_plugin='' vm_kvm=''
VM_USAGE='[--mem 2G] [--cpus 2] [--nics] [--icount|--kvm] [--timeout SECONDS] [--append CMDLINE] [--klog FILE] [--plugin FILE.so,ARG=VALUE]'

vm_option() { # sets VM_SHIFT to what was eaten; fails on what is not an option of ours
	VM_SHIFT=2
	case $1 in
	--nics) vm_nics=1 VM_SHIFT=1 ;;
	--icount) vm_icount=1 vm_cpus=1 VM_SHIFT=1 ;;
	--kvm) vm_kvm=1 VM_SHIFT=1 ;;
	--mem|--cpus|--timeout|--append|--klog|--plugin)
		[ $# -ge 2 ] || die "$1 needs a value."
		printf -v "vm_${1#--}" '%s' "$2"
		;;
	*) return 1 ;;
	esac
}

vm_check() {
	[[ $vm_mem =~ ^[1-9][0-9]*[MG]$ ]] || die "memory is given like 512M or 2G, not '$vm_mem'."
	[[ $vm_cpus =~ ^[1-9][0-9]*$ ]] || die "cpus is a number from 1, not '$vm_cpus'."
	[[ $vm_timeout =~ ^[1-9][0-9]*$ ]] || die "timeout is a number of seconds, not '$vm_timeout'."
	[ -z "$vm_icount" ] || [ "$vm_cpus" = 1 ] || die "--icount counts on one CPU only."
}

# Two NICs that really do not copy, joined by a hub (virtio-net would copy silently).
vm_nic_args() {
	[ -n "$vm_nics" ] || return 0
	local i
	for i in 0 1; do
		printf '%s\n' -netdev "hubport,hubid=0,id=h$i" -device "vmxnet3,netdev=h$i,mac=52:54:00:00:00:0$((i + 1))"
	done
}

vm_cmdline() {
	printf '%s' 'panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check rcupdate.rcu_expedited=1 log_buf_len=8M'
	[ -z "$vm_icount" ] || printf ' %s' 'norandmaps random.trust_cpu=off quiet'
	[ -z "$vm_append" ] || printf ' %s' "$vm_append"
}

splats='BUG:|WARNING:|KASAN:|Oops|UBSAN:|unreferenced object|new suspected memory leaks|possible recursive locking'
splats+='|possible circular locking|inconsistent lock state|suspicious RCU usage|held lock freed|lock held when returning'
splats+='|RCU stall|detected stalls|self-detected stall|blocked for more than|general protection fault|refcount_t:'
splats+='|ref_tracker:|ODEBUG:|scheduling while atomic|Kernel panic|Bad page state|unregister_netdevice: waiting'

vm_verdict() { # console, kernel log, status of the emulator -> exit status of the run
	local status
	status=$(sed -n 's/^ZC-EXIT \([0-9]\{1,3\}\)\r*$/\1/p' "$1" | tail -n 1)
	if grep -aqE "$splats" "$2"; then
		say "The kernel complained:"
		grep -aE -A 40 "$splats" "$2" | head -n 120 >&2
		[ "${status:-0}" != 0 ] || status=99
	fi
	if [ -n "$status" ]; then
		[ "$status" != 99 ] || say "The run failed because of what the kernel said above."
		return "$status"
	fi
	tail -n 25 "$2" >&2
	case $3 in
	124|137) say "The guest did not finish within $vm_timeout seconds." ;;
	*) say "The guest died without reporting a status." ;;
	esac
	return 98
}
