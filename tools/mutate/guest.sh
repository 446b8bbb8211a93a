#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh MODULES TESTS 0|1 [REGEX]: payload of run.sh: KUnit if asked for, then the selftests that
# match, up to the first failure: one that notices is enough.
modules=$1
tests=$2
export ZC_MODULES=$modules ZC_ONLY=${4:-} ZC_KERNEL=test ZC_DEBUG=0

for m in "${modules%/*}"/extra/*.ko; do
	[ ! -e "$m" ] || insmod "$m"
done

kunit() {
	local results
	if ! insmod "$modules/zerocopy.ko" || ! insmod "$modules/zerocopy_kunit.ko"; then
		echo "not ok 1 loading the modules"
		return 1
	fi
	results=$(cat /sys/kernel/debug/kunit/zerocopy-*/results)
	printf '%s\n' "$results"
	! grep -q '^ *not ok' <<<"$results" || return 1
	if ! rmmod zerocopy_kunit zerocopy; then
		echo "not ok 1 unloading the modules"
		return 1
	fi
}
[ "$3" = 0 ] || kunit || exit 1

[ -n "$ZC_ONLY" ] || exit 0
# Leaving the loop ends the guest, whatever is still running there.
ended=0
while IFS= read -r line; do
	printf '%s\n' "$line"
	case $line in
	"not ok "*|"Bail out!"*) exit 1 ;;
	"# Totals:"*) ended=1 ;;
	esac
done < <("$tests/run_kselftest.sh" 2>&1)
[ "$ended" = 1 ]
