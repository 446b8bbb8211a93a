#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh [NAME...]: takes one solution at a time out of the layer and looks whether a test notices.
# Each NNN-name.patch here is such an edit:
#	What:	which solution is taken out, and where it is asked for
#	Tests:	who should notice: KUnit suites (zerocopy-*; with one, all run, and first), regexes of
#		selftest cases, or 'tailcall', the check of the build
# MUTATE=regex picks some by name, MUTATE_TIMEOUT=seconds is what a guest gets (150). Logs: out/mutate.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"

here=$ZC_TOP/tools/mutate
seconds=${MUTATE_TIMEOUT:-150}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "MUTATE_TIMEOUT is a number of seconds, not '$seconds'."

names=()
for f in "$here"/*.patch; do
	name=$(basename "$f" .patch)
	[[ -z ${MUTATE:-} || $name =~ $MUTATE ]] || continue
	[ $# = 0 ] || case " $* " in *" $name "*|*" ${name#*-} "*) ;; *) continue ;; esac
	names+=("$name")
done
for arg; do
	compgen -G "$here/$arg.patch" >/dev/null || compgen -G "$here/[0-9]*-$arg.patch" >/dev/null ||
		die "there is no mutation '$arg' in tools/mutate."
done
[ ${#names[@]} -gt 0 ] || die "no mutation matches MUTATE='${MUTATE:-}'."
need git rsync patch make gcc

header() { sed -n "s/^$2:[[:space:]]*//p" "$here/$1.patch"; }

# What a mutation says of itself -> the words for a guest: a regex of selftest cases, maybe empty
cases() {
	local words=() w
	for w in $(header "$1" Tests); do
		case $w in
		zerocopy-*|tailcall) ;;
		*) words+=("$w") ;;
		esac
	done
	(IFS='|'; printf '%s' "${words[*]}")
}

with_kunit() { # names... -> 1 if one of them names a suite
	local name
	for name; do
		[[ " $(header "$name" Tests)" != *" zerocopy-"* ]] || { echo 1; return; }
	done
	echo 0
}

kdir=${KDIR:-$("$ZC_VM/kernel-test.sh")}
logs=$ZC_TOP/out/mutate
mkdir -p "$logs"
work=$(mktemp -d)
builder=
cleanup() {
	[ -z "$builder" ] || wait "$builder" || true
	rm -rf "$work"
}
trap cleanup EXIT

tree=$work/tree
mkdir -p "$tree" "$work/selftests"
git -C "$ZC_TOP" ls-files -z --cached --others --exclude-standard |
	(cd "$ZC_TOP" && while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done) |
	rsync -a --from0 --files-from=- "$ZC_TOP/" "$tree/"

# Everything that can be wrong with the list is said before anything is built.
logged "$logs/selftests.build" make -C "$tree/tools/testing/selftests/zerocopy" \
	KSRC="$("$ZC_VM/source.sh")" OUTPUT="$work/selftests" ||
	die "the selftests do not build, see out/mutate/selftests.build."
listed=$(for p in "$work"/selftests/[rt]x_*; do [[ ${p##*/} == *.* || ! -x $p ]] || "$p" --list; done | cut -d' ' -f1)
# No fuzz: an edit that lands elsewhere proves nothing.
edit() { patch -d "$tree" -p1 -s -F0 --no-backup-if-mismatch -r - "${@:2}" <"$here/$1.patch"; }
bad=0
for name in "${names[@]}"; do
	if [ -z "$(header "$name" What)" ] || [ -z "$(header "$name" Tests)" ]; then
		say "$name.patch does not say What: it takes out, or which Tests: should notice."
		bad=1
	fi
	edit "$name" --dry-run >"$logs/$name.build" 2>&1 || {
		say "$name.patch no longer applies: find where its solution has gone, and refresh it."
		bad=1
	}
	for w in $(header "$name" Tests); do
		case $w in
		tailcall) continue ;;
		zerocopy-*) grep -rqF "\"$w\"" "$tree"/mm/*_kunit.c "$tree"/net/*/*_kunit.c && continue ;;
		*) grep -qE -- "$w" <<<"$listed" && continue ;;
		esac
		say "$name.patch names tests that do not exist: $w"
		bad=1
	done
done
[ "$bad" = 0 ] || die "the list of mutations does not fit the tree."

# patch(1) stamps what it writes with the time of day, so only that is built again.
build() { # name -> $work/built/name
	local out=$work/built/$1 status=0
	mkdir -p "$out"
	[ "$1" = baseline ] || edit "$1" || return
	"$tree/tools/vm/modules.sh" "$kdir" "$work/modules" ZC_TESTS=1 >"$logs/$1.build" 2>&1 </dev/null || status=$?
	[ "$1" = baseline ] || edit "$1" -R || return
	[ "$status" = 0 ] || return "$status"
	mv "$work"/modules/*.ko "$out/"
}
build_ahead() { # the next one is built while a guest runs
	[ -n "${1:-}" ] || return 0
	build "$1" &
	builder=$!
}
built() {
	local status=0
	wait "$builder" || status=$?
	builder=
	return "$status"
}

# What the test kernel has as a module and the tests need; a plain guest has no modules directory.
extras=()
tls=$kdir/net/tls/tls.ko
[ ! -e "$tls" ] || extras+=(--add "$tls:$work/built/extra/tls.ko")

boot() { # name, seconds, with KUnit, regex -> exit status of the guest, output in its log
	"$ZC_VM/run.sh" test --plain --nics --timeout "$2" --klog "$logs/$1.klog" --add "$work/built/$1" \
		--add "$work/selftests" "${extras[@]}" "$here/guest.sh" "$work/built/$1" "$work/selftests" "$3" "$4" >"$logs/$1.log" 2>&1
}

splats=$(. "$ZC_VM/guest.sh" && printf '%s' "$splats")
noticed() { # name, exit status of its guest -> who noticed; fails if nobody did
	local line
	if line=$(grep -m1 -E '^ *not ok ' "$logs/$1.log"); then
		sed -E 's/^ *not ok [0-9]+ (- )?//; s/ *#.*//' <<<"$line"
	elif [ "$2" = 99 ]; then
		printf 'the kernel: %s\n' "$(grep -m1 -aoE "($splats).*" "$logs/$1.klog" | head -c 100)"
	elif [ "$2" = 98 ] && line=$(grep -m1 -aoE "($splats).*" "$logs/$1.klog"); then
		printf 'the kernel: %s\n' "$(head -c 100 <<<"$line")"
	elif [ "$2" = 98 ]; then
		printf 'a guest that hangs behind: %s\n' "$(grep -E '^ *ok ' "$logs/$1.log" | tail -n 1 | sed 's/^ *//')"
	else
		return 1
	fi
}

passed=0 failed=0
verdict() { # ok or not ok, name, remark
	n=$((n + 1))
	printf '%s %d %s # %s\n' "$1" "$n" "$2" "$3"
	if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

printf 'TAP version 13\n1..%d\n' $((${#names[@]} + 1))
n=0
all=$(for name in "${names[@]}"; do cases "$name" | tr '|' '\n'; echo; done | sort -u | sed '/^$/d' | paste -sd'|')
build_ahead baseline
built || { tail -n 30 "$logs/baseline.build" >&2; die "the modules do not build as they are."; }
build_ahead "${names[0]}"
status=0
boot baseline 3600 "$(with_kunit "${names[@]}")" "$all" || status=$?
if [ "$status" != 0 ]; then
	verdict 'not ok' baseline "without a mutation: $(noticed baseline "$status" || echo "exit status $status"), see out/mutate/baseline.log"
	printf 'Bail out! tests that fail anyway notice nothing\n'
	exit 1
fi
verdict ok baseline "$(grep -cE '^ *ok ' "$logs/baseline.log") results without a mutation"

for i in "${!names[@]}"; do
	name=${names[i]}
	status=0
	built || status=$?
	build_ahead "${names[i + 1]:-}"
	if [ "$status" != 0 ]; then
		if [[ " $(header "$name" Tests) " == *" tailcall "* ]] && who=$(grep -m1 '^tailcall: ' "$logs/$name.build"); then
			verdict ok "$name" "noticed by the build, $who"
		else
			verdict 'not ok' "$name" "does not build, see out/mutate/$name.build"
		fi
		continue
	fi
	boot "$name" "$seconds" "$(with_kunit "$name")" "$(cases "$name")" || status=$?
	if [ "$status" = 0 ]; then
		verdict 'not ok' "$name" "no test noticed: $(header "$name" What)"
	elif who=$(noticed "$name" "$status"); then
		verdict ok "$name" "noticed by $who"
	else
		verdict 'not ok' "$name" "nothing can be said: exit status $status, see out/mutate/$name.log"
	fi
	rm -rf "${work:?}/built/$name"
done
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
