#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# document.sh OUT/BENCH-NAME.txt...: puts tables that 'make bench' wrote, and their plots, into the documentation.
set -euo pipefail
. "$(dirname "$0")/../vm/lib.sh"

[ $# -gt 0 ] || die "usage: document.sh out/bench-NAME.txt..."
doc=$ZC_TOP/Documentation/networking
for f; do
	[ -r "$f" ] || die "cannot read $f."
done
page=$(mktemp)
{
	cat <<-'END'
		.. SPDX-License-Identifier: GPL-2.0

		=================
		What a send costs
		=================

		Made by ``make bench``. tools/bench/README says what is counted and what these figures do not mean: instructions
		are not nanoseconds; they make a memcpy look dear and an atomic operation cheap. Driver, NIC and
		peer are not in the figures. ``floor`` is the same send of memory pinned beforehand, without
		notification and accounting.
	END
	for f; do
		name=$(basename "${f%.txt}")
		title=${name#bench-}
		printf '\n%s\n%s\n\n' "$title" "${title//?/=}"
		if [ -s "${f%.txt}.svg" ]; then
			# An image of a release is replaced by that of the next.
			svg=zerocopy-bench-$(sed -E 's/^([0-9]+\.[0-9]+)[^-]*/\1/' <<<"$title").svg
			cp "${f%.txt}.svg" "$doc/$svg"
			printf '.. image:: %s\n\n' "$svg"
		fi
		printf '::\n\n'
		sed 's/^\(.\)/    \1/' "$f"
	done
} >"$page"
mv "$page" "$doc/zerocopy-bench.rst"
chmod 644 "$doc/zerocopy-bench.rst"
