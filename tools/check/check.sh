#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh: 'make check': style, types, comments, scripts, and the rules of the architecture.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"
cd "$ZC_TOP"
need perl sparse shellcheck
source=$("$ZC_VM/source.sh")
sparse=$("$ZC_TOP/tools/check/sparse.sh" "$source")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

wrong() { # title, file with what is wrong (nothing in it: all is well)
	if [ -s "$2" ]; then
		printf '%s:\n' "$1"
		sed 's/^/  /' "$2"
		bad=1
	else
		printf '%s: clean\n' "$1"
	fi
}

ours() { # extension...
	local e
	for e; do
		find Kbuild include mm net samples tools patches -name "*.$e" -type f ! -path '*/out/*' 2>/dev/null || true
	done | sort
}

mapfile -t c < <(ours c h)
mapfile -t kernel < <(printf '%s\n' "${c[@]}" | grep -E '^(include|mm|net|samples)/' || true)
mapfile -t programs < <(printf '%s\n' "${c[@]}" | grep -vE '^(include|mm|net|samples)/' || true)
checkpatch() { # ignored types, files
	[ $# -gt 1 ] || return 0
	perl "$source/scripts/checkpatch.pl" --no-tree --strict --no-summary --terse --ignore "$1" \
		-f "${@:2}" >>"$work/checkpatch" 2>&1 || true
}
# FILE_PATH_CHANGES asks for MAINTAINERS, which an out-of-tree project has none of. Programs of user space
# have no __printf() or __noreturn to prefer, and zc_bench.c makes a proto_ops of its own.
# A trace header is written in TRACE_EVENT()'s own style, of which checkpatch knows nothing.
mapfile -t trace < <(printf '%s\n' "${kernel[@]}" | grep '^include/trace/' || true)
mapfile -t kernel_code < <(printf '%s\n' "${kernel[@]}" | grep -v '^include/trace/' || true)
checkpatch FILE_PATH_CHANGES "${kernel_code[@]}"
checkpatch FILE_PATH_CHANGES,COMPLEX_MACRO,MACRO_ARG_UNUSED,TRAILING_SEMICOLON,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT \
	"${trace[@]}"
checkpatch FILE_PATH_CHANGES,PREFER_DEFINED_ATTRIBUTE_MACRO,CONST_STRUCT "${programs[@]}"
# A file that git knows is taken for source.
for p in patches/*/[0-9]*.patch; do
	[[ $p == *0000-* ]] || perl "$source/scripts/checkpatch.pl" --no-tree --strict --no-summary --terse - \
		<"$p" 2>&1 | sed "s|^-:|$p:|" >>"$work/checkpatch" || true
done
wrong "checkpatch --strict" "$work/checkpatch"

doc=$source/scripts/kernel-doc
[ -e "$doc" ] || doc=$source/tools/docs/kernel-doc
env PATH="/usr/bin:$PATH" "$doc" -none -Wall "${kernel[@]}" >"$work/doc" 2>&1 || true
wrong "kernel-doc" "$work/doc"

kdir=${KDIR:-$("$ZC_VM/kernel-test.sh")}
for pass in W=1 C=2; do
	out=$work/build-$pass
	"$ZC_VM/modules.sh" "$kdir" "$out" ZC_TESTS=1 "$pass" CHECK="$sparse" >"$work/log" 2>&1 ||
		{ tail -n 30 "$work/log"; die "the modules do not build for $kdir."; }
	# Only our own files: headers of the kernel are not ours to correct.
	{ grep -E '(warning|error):' "$work/log" || true; } | sed "s|^$out/.build/||" | sort -u |
		while IFS= read -r line; do
			[ ! -e "${line%%:*}" ] || printf '%s\n' "$line"
		done >"$work/warnings"
	# Silence counts only if sparse looked at the files.
	[ "$pass" = W=1 ] || grep -q '^ *CHECK ' "$work/log" || echo "sparse did not run" >>"$work/warnings"
	case $pass in
	W=1) wrong "gcc W=1" "$work/warnings" ;;
	C=2) wrong "sparse" "$work/warnings" ;;
	esac
done

make -s -C tools/lib check OUTPUT="$work/lib" >"$work/library" 2>&1 || echo "make check failed" >>"$work/library"
wrong "libzerocopy" "$work/library"

mapfile -t sh < <(ours sh; find .ci/run tools -type f ! -name '*.*' -exec grep -lE '^#!.*\b(ba)?sh' {} + 2>/dev/null || true)
shellcheck -x -P SCRIPTDIR -P tools/vm "${sh[@]}" >"$work/shell" 2>&1 || true
wrong "shellcheck" "$work/shell"

rule() { # title, pattern, files... : none of them may match
	local title=$1 pattern=$2
	shift 2
	: >"$work/rule"
	[ $# = 0 ] || grep -nE "$pattern" "$@" /dev/null >"$work/rule" || true
	wrong "$title" "$work/rule"
}
pick() { printf '%s\n' "${c[@]}" | grep -E "$1" | { grep -vE "${2:-^$}" || true; }; }
mapfile -t f < <(pick '^net/zerocopy(_rx)?/' '_kunit\.c$')
rule "no struct page in net/zerocopy and net/zerocopy_rx" '\bstruct page\b' "${f[@]}"
mapfile -t f < <(pick '^mm/' '_kunit\.c$')
rule "no networking in mm" '\bstruct (sk_buff|sock|socket|msghdr)\b' "${f[@]}"
mapfile -t f < <(pick '^(net/zerocopy_rx|samples)/')
rule "page_pool's cache is page_pool's" '\balloc\.(cache|count)\b' "${f[@]}"
rule "no syncs in a provider" 'dma_sync_[a-z]+\(|_dma_sync_[a-z_]+\(' "${f[@]}"
mapfile -t f < <(pick '^(include|mm|net|samples)/' '^include/compat/')
rule "no kernel versions outside include/compat" 'LINUX_VERSION_CODE|KERNEL_VERSION\(' "${f[@]}"

[ "$bad" = 0 ] || { echo "check failed"; exit 1; }
echo "check passed"
