# SPDX-License-Identifier: GPL-2.0
# What guest.sh printed, in short: results of each test program, then what was skipped and why, and what failed.

/^# ([a-z_\/-]*\.py|net\/[a-z_]*)$/ { test = $2; names[++n] = test; next }
/^(not )?ok [0-9]+ / {
	line = $0
	sub(/^(not )?ok [0-9]+ /, "", line)
	if ($1 == "not") { fail[test]++; list = list "  fail  " line "\n" }
	else if (/# SKIP/) { skip[test]++; list = list "  skip  " line "\n" }
	else if (/# XFAIL/) { skip[test]++; list = list "  xfail " line "\n" }
	else pass[test]++
}
END {
	for (i = 1; i <= n; i++)
		printf "%-22s pass %3d  skip %3d  fail %3d%s\n", names[i], pass[names[i]], skip[names[i]], fail[names[i]],
			pass[names[i]] + skip[names[i]] + fail[names[i]] ? "" : "  (did not run)"
	printf "%s", list
}
