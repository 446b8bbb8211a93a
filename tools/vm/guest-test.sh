#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest-test.sh MODULES TESTS [VAR=VALUE]...: payload of 'make test': KUnit where the kernel has it,
# then the selftests, then those of zcsim and of libzerocopy, then kmemleak.
modules=$1 tests=$2
shift 2
export ZC_MODULES=$modules
for v; do export "${v?}"; done
leaks=/sys/kernel/debug/kmemleak
rc=0
[ ! -w $leaks ] || echo clear >$leaks # what the boot left behind is not ours

kunit() {
	local f
	for f in zerocopy zerocopy_kunit zerocopy_rx zerocopy_rx_kunit; do
		insmod "$modules/$f.ko" && continue
		echo "not ok 1 kunit modules load"
		return 1
	done
	for f in /sys/kernel/debug/kunit/*/results; do
		[ ! -e "$f" ] || cat "$f"
	done
	rmmod zerocopy_rx_kunit zerocopy_rx zerocopy_kunit zerocopy || { echo "not ok 1 kunit modules unload"; return 1; }
}
variant=${ZC_AREAS:-}${ZC_PAGE:-} # all but the selftests has had its run
if [ -z "$variant" ] && [ -e "$modules/zerocopy_kunit.ko" ]; then
	echo "# KUnit"
	kunit || rc=1
fi

# A suite in which ZC_ONLY names nothing is left out; that no test ran at all is noticed outside.
suite() { # title, directory
	[ -n "$("$2/run_kselftest.sh" --list)" ] || return 0
	echo "# $1"
	"$2/run_kselftest.sh" || rc=1
}
suite selftests "$tests"
[ -n "$variant" ] || suite zcsim "$tests/zcsim"
[ -n "$variant" ] || suite libzerocopy "$tests/libzerocopy"

if [ -w $leaks ]; then
	echo "# kmemleak"
	echo scan >$leaks
	sleep 6 # an object counts as lost only when it is older than 5 s, and nothing tells when
	echo scan >$leaks
	if [ -s $leaks ]; then
		sed 's/^/# /' $leaks
		echo "not ok 1 kmemleak"
		rc=1
	else
		echo "ok 1 kmemleak"
	fi
fi
exit $rc
