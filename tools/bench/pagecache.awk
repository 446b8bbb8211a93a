# SPDX-License-Identifier: GPL-2.0
# "stock|patched idle|held ROW COST" -> a table. Exit status 1: a row costs too much; 2: nothing was measured.

function median(key,    v, i, j, t, m, d) {
	for (i = 1; i <= n[key]; i++) {
		t = sample[key, i]
		for (j = i - 1; j >= 1 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
	i = int((n[key] + 1) / 2)
	m = n[key] % 2 ? v[i] : (v[i] + v[i + 1]) / 2
	d = m - v[1] > v[n[key]] - m ? m - v[1] : v[n[key]] - m
	spread[key] = m ? d / m : 0
	return m
}

$1 == "build" { print "  " $2 ": " $3 }
$2 == "pages" {
	pages[$1, $3] = $4
}
($2 == "idle" || $2 == "held") && NF == 4 && $4 > 0 {
	key = $1 " " $2 " " $3
	sample[key, ++n[key]] = $4
	if (!($3 in known)) {
		known[$3] = 1
		rows[++nrows] = $3
	}
}

END {
	if (!nrows)
		exit 2
	line = "| %-14s | %-4s | %10s | %7s | %10s | %7s | %7s | %-13s |\n"
	printf "\nInstructions for each page, medians; +- is the largest deviation. idle: no pool has charged users " \
		"since boot.\nheld: received pages are mapped (nr_network: stock %s, patched %s)\n\n",
		pages["stock", "held"], pages["patched", "held"]
	printf line, "row", "", "stock", "+-", "patched", "+-", "more", "ratio"
	split("idle held", states, " ")
	for (i = 1; i <= nrows; i++) {
		for (j = 1; j <= 2; j++) {
			a = "stock " states[j] " " rows[i]
			b = "patched " states[j] " " rows[i]
			if (!n[a] || !n[b])
				exit 2
			ma = median(a)
			mb = median(b)
			over = over || mb / ma > 1.005
			printf line, j == 1 ? rows[i] : "", states[j], sprintf("%.1f", ma), sprintf("%.2f %%", 100 * spread[a]),
				sprintf("%.1f", mb), sprintf("%.2f %%", 100 * spread[b]), sprintf("%+.1f", mb - ma),
				sprintf("%.4f %s", mb / ma, mb / ma > 1.005 ? "EXCEEDED" : "ok")
		}
	}
	printf "\nAt most 0.5 %% more is promised.\n"
	exit over
}
