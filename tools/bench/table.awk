# SPDX-License-Identifier: GPL-2.0
# Samples of the guest -> table, objects of bench.json (one a line), verdict. Exit status 1: over the limit; 2: no samples.

function median(key, i, j, t, v) {
	for (i = 1; i <= n[key]; i++) {
		t = sample[key, i]
		for (j = i - 1; j >= 1 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
	i = int((n[key] + 1) / 2)
	return n[key] % 2 ? v[i] : (v[i] + v[i + 1]) / 2
}

# The largest deviation from the median, in percent.
function spread(key, m, i, d, worst) {
	for (i = 1; i <= n[key]; i++) {
		d = sample[key, i] - m
		if (d < 0)
			d = -d
		if (d > worst)
			worst = d
	}
	return 100 * worst / m
}

function object(path, size, variant, m, s) {
	printf "  {\"kernel\": \"%s\", \"proto\": \"%s\", \"size\": %d, \"pages\": \"4k\", \"variant\": \"%s\", " \
		"\"instructions_per_send\": %.1f, \"spread\": %.2f}\n", kernel, path, size, variant, m, s >json
}

{ sub(/\r$/, "") }
$1 == "kernel" { kernel = $2 }
$1 == "sample" && NF == 6 {
	row = $3 " " $4 " " $5
	if (!(row in known)) {
		known[row] = 1
		rows[++nrows] = row
	}
	key = $2 " " row
	sample[key, ++n[key]] = $6
}

END {
	if (!nrows)
		exit 2
	line = "| %-17s | %5s | %9s | %7s | %9s | %7s | %6s | %-13s |\n"
	printf "\nInstructions per send on %s, medians of %d repetitions\n\n", kernel, n["with " rows[1]]
	printf line, "send", "bytes", "without", "+-", "with", "+-", "ratio", "limit"
	for (i = 1; i <= nrows; i++) {
		split(rows[i], f, " ")
		plain = f[1] == "plain"
		without = "without " rows[i]
		with = "with " rows[i]
		if (!n[without] || !n[with])
			exit 2
		a = median(without)
		b = median(with)
		sa = spread(without, a)
		sb = spread(with, b)
		object(f[2], f[3], plain ? "plain" : "stock", a, sa)
		object(f[2], f[3], plain ? "plain-layer" : "layer", b, sb)
		ratio = sprintf("%.4f", b / a) + 0
		limit = !plain ? 0 : f[2] ~ /^tcp/ ? 1.01 : 1.02
		printf line, f[2] (plain ? " plain" : " MSG_ZEROCOPY"), f[3], sprintf("%.1f", a), sprintf("%.2f %%", sa),
			sprintf("%.1f", b), sprintf("%.2f %%", sb), sprintf("%.4f", ratio),
			limit ? sprintf("%.2f %s", limit, ratio > limit ? "EXCEEDED" : "ok") : "-"
		if (limit && ratio > limit)
			over = over sprintf("A plain %s send of %d bytes costs %.2f %% more instructions with the modules; " \
				"at most %d %% is promised.\n", f[2], f[3], 100 * (ratio - 1), 100 * (limit - 1) + 0.5)
	}
	printf "\n%s", over
	exit over != ""
}
