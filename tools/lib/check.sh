#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh DIR: is the library in DIR (from make) what its header says, is that what the manual says, can C++
# programs use it, and does a program that finds it by pkg-config run? Prints what is not so.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")"
out=$(realpath -e "$1")
: "${CC=gcc}" "${CXX=g++}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
wrong() {
	printf '%s\n' "$*" >&2
	bad=1
}

include=(-I. -I../../include/uapi)
"$CC" -std=c99 -pedantic -Wall -Wextra "${include[@]}" -fsyntax-only -x c libzerocopy.h || wrong "the header is no C99"
"$CXX" -std=c++11 -Wall -Wextra "${include[@]}" -fsyntax-only -x c++ libzerocopy.h || wrong "the header is no C++11"

# Declared, exported, and no more than that
sed -n 's/^\(int\|void\|const char\) \**\(zcpy_[a-z_]*\)(.*/\2/p' libzerocopy.h | sort >"$work/declared"
nm -D --defined-only "$out/libzerocopy.so" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' | sort >"$work/exported"
diff "$work/declared" "$work/exported" >&2 || wrong "declared (<) is not what is exported (>)"
# All of that and what is inline is in the manual, and what is in the manual is there
{ cat "$work/declared"; sed -n 's/^static inline .*\(zcpy_[a-z_]*\)(.*/\1/p' libzerocopy.h; } | sort >"$work/functions"
for page in man/*.3; do
	sed -n '/^\.SH NAME/{n; s/ \\-.*//; s/, /\n/g; p}' "$page"
done | sort >"$work/manual"
diff "$work/functions" "$work/manual" >&2 || wrong "functions (<) are not what the manual has (>)"
for page in man/*.[37]; do
	MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | sed "s|^|$page: |" >"$work/man"
	[ ! -s "$work/man" ] || wrong "$(cat "$work/man")"
done

{ "$CC" -O2 -Wall -Wextra "${include[@]}" -o "$work/lib_test" lib_test.c "$out/libzerocopy.a" && "$work/lib_test"; } ||
	wrong "lib_test failed"

# As a program sees it that knows nothing but its name
make -s install DESTDIR="$work/root" PREFIX=/opt/zc OUTPUT="$out" CC="$CC"
flags=$(PKG_CONFIG_PATH=$work/root/opt/zc/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root pkg-config --cflags --libs libzerocopy)
read -ra flags <<<"$flags"
"$CC" -Wall -Wextra -pthread -o "$work/zcsum" examples/zcsum.c "${flags[@]}" || wrong "zcsum does not build with ${flags[*]}"
readelf -d "$work/zcsum" | grep -q 'NEEDED.*libzerocopy\.so\.0\]' || wrong "zcsum does not ask for libzerocopy.so.0"
status=0
LD_LIBRARY_PATH=$work/root/opt/zc/lib "$work/zcsum" 2>"$work/usage" || status=$?
{ [ "$status" = 2 ] && grep -q '^zcsum: usage' "$work/usage"; } || wrong "zcsum: $(cat "$work/usage")"
[ -e "$work/root/opt/zc/share/man/man3/zcpy_rx_return.3" ] || wrong "there is no zcpy_rx_return(3)"
make -s uninstall DESTDIR="$work/root" PREFIX=/opt/zc OUTPUT="$out"
find "$work/root" ! -type d | sed 's/^/left behind: /' >"$work/left"
[ ! -s "$work/left" ] || wrong "$(cat "$work/left")"

[ "$bad" = 0 ]
