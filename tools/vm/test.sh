#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test.sh: 'make test'. Guests: test (7.2: KUnit, selftests), cloud (6.12), generic (6.12, the short pass);
# with DEBUG=1 only debug, with PATCHED=1 only patched (7.2 with patches/7.2), with both patched-debug. GUESTS="..."
# picks some: areas and page are 7.2 too, where all the selftests send out of registered areas, or read their
# notifications from completion pages; cloud-7.2 and generic-7.2 are Debian's own 7.2. ZC_ONLY=regex picks cases,
# ZC_PAIR=zcsim has them send over a pair of our own NICs, ZC_FULL=1 moves 1 GiB where it is a few MiB otherwise, ZC_CYCLES=n and ZC_STRESS=n set how often modules are loaded and
# areas stressed, ZC_AGAIN=n how many cases may fail once (2; 0 with DEBUG=1). With ZC_DEBUG_REFS=1, and with DEBUG=1,
# the modules look at the references of what they lend. Logs stay in out/test.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

guests=${GUESTS:-test cloud generic}
case ${PATCHED:-0}${DEBUG:-0} in
*00) ;;
0?) guests=debug ;;
?0) guests=patched ;;
*) guests=patched-debug ;;
esac
for g in $guests; do
	case $g in
	test|areas|page|debug|patched|patched-debug|cloud|generic|cloud-7.2|generic-7.2) ;;
	*) die "there is no guest $g: take test, areas, page, debug, patched, patched-debug, cloud, generic, cloud-7.2 or generic-7.2." ;;
	esac
done
selftests=$ZC_TOP/tools/testing/selftests/zerocopy
zcsim=$ZC_TOP/tools/testing/selftests/zcsim
library=$ZC_TOP/tools/testing/selftests/libzerocopy
for d in "$selftests" "$zcsim" "$library"; do
	[ -e "$d/Makefile" ] || die "there are no tests in $d."
done

: "${ZC_AGAIN=2}" # see run_kselftest.sh
logs=$ZC_TOP/out/test
mkdir -p "$logs"
work=$(mktemp -d)
others=
trap '[ -z "$others" ] || kill -- "-$others" || true; rm -rf "$work"' EXIT
source=$("$ZC_VM/source.sh")

passed=0 failed=0 skipped=0
fail() {
	printf 'not ok - %s\n' "$*"
	failed=$((failed + 1))
}
count() { # log
	local p f s
	read -r p f s < <(awk -f "$ZC_VM/tap.awk" "$1")
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	counted=$((p + f + s)) counted_bad=$f
}

kernel_of() { # guest -> as run.sh calls it
	case $1 in
	areas|page) echo test ;;
	*) echo "$1" ;;
	esac
}

kernel_test() { # guest
	local variant
	variant=$(kernel_of "$1")
	variant=${variant/test/}

	# shellcheck disable=SC2086 # no, one or two words
	"$ZC_VM/kernel-test.sh" ${variant/-/ }
}

build() { # guest -> kdir and modules in $work/<guest>
	local guest=$1 out=$ZC_CACHE/test/$1
	mkdir -p "$out"
	case $guest in
	cloud*|generic*) kdir=$("$ZC_VM/kernel-debian.sh" "$guest")/kdir vars=(ZC_TESTS=1) ;;
	*) kdir=${KDIR:-$(kernel_test "$guest")} vars=(ZC_TESTS=1) ;;
	esac || return
	case ${ZC_DEBUG_REFS:-}$guest in *debug|1*) vars+=(ZC_DEBUG_REFS=1) ;; esac
	logged "$logs/$guest.build" "$ZC_VM/modules.sh" "$kdir" "$out" "${vars[@]}" || return
	mkdir -p "$work/$guest"
	if [ -d "$selftests/mod" ]; then
		logged "$logs/$guest.mod" make -C "$selftests" modules KDIR="$kdir" OUT="$out" || return
	fi
	cp "$out"/*.ko "$work/$guest/"
}

guest() { # name
	local v name=$1 status=0 log=$logs/$1.log options=(--klog "$logs/$1.klog") env=(ZC_KERNEL=test ZC_DEBUG=0)
	[ "${ZC_PAIR:-}" = zcsim ] || options+=(--nics)
	case $name in
	test|patched) options+=(--timeout 2700) ;;
	areas) options+=(--timeout 2700) env+=(ZC_AREAS=1) ;;
	page) options+=(--timeout 2700) env+=(ZC_PAGE=1) ;;
	debug|patched-debug) options+=(--timeout 4500 --mem 4G) env=(ZC_KERNEL=test ZC_DEBUG=1) ;;
	cloud) options+=(--timeout 2400) env=(ZC_KERNEL=debian ZC_DEBUG=0) ;;
	cloud-7.2) options+=(--timeout 3600) env=(ZC_KERNEL=debian ZC_DEBUG=0) ;;
	generic*) options+=(--timeout 1500) env=(ZC_KERNEL=debian ZC_DEBUG=0 ZC_SHORT=1) ;;
	esac
	for v in ZC_ONLY ZC_PAIR ZC_FULL ZC_CYCLES ZC_STRESS ZC_AGAIN ZC_RX_MMAP ZC_SEED; do
		[ -z "${!v:-}" ] || env+=("$v=${!v}")
	done
	# A gigabyte lies in an image in a tmpfs and in the page cache, or in a program and in a tmpfs.
	[ -z "${ZC_FULL:-}" ] || options+=(--mem 6G)
	[ -z "${ZC_TIMEOUT:-}" ] || options+=(--timeout "$ZC_TIMEOUT")
	printf '# guest %s\n' "$name"
	build "$name" || { fail "$name: the modules do not build"; return; }
	# The programs come along; a guest of virtme-ng sees them anyway.
	case $name in cloud*|generic*) options+=(--add "$work/$name" --add "$work/selftests") ;; esac
	"$ZC_VM/run.sh" "$(kernel_of "$name")" "${options[@]}" "$ZC_VM/guest-test.sh" "$work/$name" "$work/selftests" "${env[@]}" |
		tee "$log" || status=${PIPESTATUS[0]}
	count "$log"
	if [ "$name" = "$(kernel_of "$name")" ] && [ -e "$work/$name/zerocopy_kunit.ko" ]; then
		# The kernel's own, empty run at boot comes first.
		awk '/\] KTAP version/ { run = "" } { run = run $0 "\n" } END { printf "%s", run }' \
			"$logs/$name.klog" >"$work/$name.ktap"
		/usr/bin/python3 "$source/tools/testing/kunit/kunit.py" parse "$work/$name.ktap" >"$logs/$name.kunit" 2>&1 ||
			fail "$name: kunit.py finds fault with the KUnit run, see out/test/$name.kunit"
	fi
	case $status in
	0) [ "$counted" != 0 ] || fail "$name: no test ran" ;;
	98) fail "$name: the guest died" ;;
	99) fail "$name: the kernel complained" ;;
	*) [ "$counted_bad" != 0 ] || fail "$name: exit status $status without a failed test" ;;
	esac
}

# What cannot be had is said before anything starts.
for g in $guests; do
	case $g in
	cloud*|generic*) built=$("$ZC_VM/kernel-debian.sh" "$g") ;;
	*) built=$(kernel_test "$g") ;;
	esac
	printf '# guest %s is %s\n' "$g" "$built"
done
[ -z "${KDIR:-}" ] || [ -e "$KDIR/Module.symvers" ] || die "KDIR=$KDIR holds no kernel headers."
mkdir -p "$work/selftests"
logged "$logs/selftests.build" make -C "$selftests" KSRC="$source" OUTPUT="$work/selftests" ||
	die "the selftests do not build, see out/test/selftests.build."
drvtests='' # the kernel's own programs, for kernels they are for
case $guests in *test* | *debug* | *patched* | *7.2*) drvtests=$("$ZC_VM/drvtests.sh") ||
	fail "ncdevmem and iou-zcrx do not build" ;; esac
logged "$logs/zcsim.build" make -C "$zcsim" KSRC="$source" DRVTESTS="$drvtests" OUTPUT="$work/selftests/zcsim" ||
	die "the tests of zcsim do not build, see out/test/zcsim.build."
logged "$logs/libzerocopy.build" make -C "$library" OUTPUT="$work/selftests/libzerocopy" ||
	die "the tests of libzerocopy do not build, see out/test/libzerocopy.build."

lane() { # guests..., one after the other -> their sums in $work/sum.<first>
	local g
	passed=0 failed=0 skipped=0 # what came before is counted outside
	for g; do
		rm -f "$logs/$g.log"
		guest "$g"
		[ ! -e "$logs/$g.log" ] || sed -n "s/^# Failed at first:/# $g: tried twice:/p" "$logs/$g.log"
	done
	printf '%d %d %d\n' "$passed" "$failed" "$skipped" >"$work/sum.$1"
}
add() { # guest a lane begins with
	local p f s
	read -r p f s <"$work/sum.$1" || die "the guests were interrupted."
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# A guest keeps one processor busy, so the first runs beside the others. What those say comes after it.
read -ra names <<<"$guests"
if [ ${#names[@]} -gt 1 ]; then
	set -m # a process group of their own, so that all of it can be ended
	(lane "${names[@]:1}") >"$work/others" 2>&1 &
	others=$!
	set +m
fi
(lane "${names[0]}")
if [ -n "$others" ]; then
	tail -n +1 -f --pid="$others" "$work/others"
	wait "$others" || true
	others=
	add "${names[1]}"
fi
add "${names[0]}"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
