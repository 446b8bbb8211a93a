#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sparse.sh KERNEL_SOURCE: prints a sparse that this kernel accepts. The kernel skips one that is too old and
# then finds nothing, which looks clean; so an old one is replaced by sid's, built from source into the cache.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"
. "$ZC_VM/apt.sh"

valid=${1:-}/scripts/checker-valid.sh
accepted() { [ -x "$1" ] && { [ ! -e "$valid" ] || [ "$(sh "$valid" "$1" 2>/dev/null)" = 1 ]; }; }

own=$(type -P sparse || true)
if accepted "$own"; then
	echo "$own"
	exit
fi
lock sparse
built=$ZC_CACHE/sparse/sparse
if ! accepted "$built"; then
	apt_state sid+src || die "cannot read the list of sid's source packages."
	apt_opts sid+src
	tmp=$(mktemp -d "$ZC_CACHE/sparse.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	say "The installed sparse is too old for this kernel: building the one of sid."
	cd "$tmp"
	logged log apt-get "${APT_OPTS[@]}" source --download-only sparse || die "cannot fetch the source of sparse."
	mkdir src
	tar -xf sparse_*.orig.tar.* -C src --strip-components=1
	logged log make -C src -j"$(nproc)" sparse HAVE_LLVM=no || die "sparse does not build."
	rm -rf "$ZC_CACHE/sparse"
	mv src "$ZC_CACHE/sparse"
	accepted "$built" || die "this kernel accepts neither the installed sparse nor the one of sid."
fi
echo "$built"
