# SPDX-License-Identifier: GPL-2.0
# One or two profiles -> where they differ, and what is in the last.

function abs(x) { return x < 0 ? -x : x }

# Lines go through sort(1), by the number in front, which is cut off again.
function flush_sorted() { close(sorter) }

{
	f = $4 ($5 ? " " $5 : "")
	if (ARGIND == 1) {
		first = $1
		a[f] = $2
		ac[f] = $3
	}
	if (ARGIND == ARGC - 1) {
		last = $1
		b[f] = $2
		bc[f] = $3
	}
	total[$1] += $2
	seen[f] = 1
}

END {
	sorter = "sort -s -k1,1gr | cut -f2-"
	printf "%-16s %10.0f in all\n", first, total[first]
	if (ARGC > 2) {
		printf "%-16s %10.0f in all\n", last, total[last]
		printf "\n%10s %8s %10s %8s %10s  function\n", first, "calls", last, "calls", "difference"
		fflush()
		for (f in seen) {
			d = b[f] - a[f]
			if (abs(d) >= 5)
				printf "%.2f\t%10.1f %8.2f %10.1f %8.2f %+10.1f  %s\n", abs(d), a[f], ac[f], b[f], bc[f], d, f | sorter
		}
		flush_sorted()
	}
	printf "\n%10s %8s  function\n", last, "calls"
	fflush()
	for (f in seen)
		if (b[f] >= 20)
			printf "%.2f\t%10.1f %8.2f  %s\n", b[f], b[f], bc[f], f | sorter
	flush_sorted()
}
