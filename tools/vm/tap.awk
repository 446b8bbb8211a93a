# SPDX-License-Identifier: GPL-2.0
# Counts the results in a TAP or KTAP log and prints "passed failed skipped".
# Only innermost results count: one that closes more deeply indented ones is their sum. A sum that
# failed although its parts passed, "Bail out!" and results that a plan announced and that never
# came each count as one failure.

function missing() {
	if (planned > top) { failed += planned - top }
	planned = top = 0
}
/^TAP version/ { missing() }
/^1\.\.[0-9]+/ { split($1, range, "[.][.]"); planned += range[2] }
/^Bail out!/ { failed++; planned = 0 }
/^# (kmemleak|KUnit|selftests|zcsim)$/ { missing(); for (i in children) delete children[i] }
/^ *(not )?ok [0-9]+/ {
	match($0, /^ */)
	depth = RLENGTH
	parts = bad = 0
	for (i in children)
		if (i + 0 > depth) {
			parts += children[i]
			bad += failures[i]
			delete children[i]
			delete failures[i]
		}
	notok = $1 == "not"
	children[depth]++
	failures[depth] += notok
	if (depth == 0) top++
	if (parts) { if (notok && !bad) failed++; next }
	if (/# *[Ss][Kk][Ii][Pp]/) skipped++
	else if (notok) failed++
	else passed++
}
END { missing(); print passed + 0, failed + 0, skipped + 0 }
