# SPDX-License-Identifier: GPL-2.0
# What the guest printed -> tables, objects of bench.json (one a line), data of the plot. Exit status 1: plain sends
# are over their limit; 2: nothing was measured. Variables: unit, json, plot.

function sorted(key, v,    i, j, t) {
	for (i = 1; i <= n[key]; i++) {
		t = sample[key, i]
		for (j = i - 1; j >= 1 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
}

function median(key,    v, i) {
	sorted(key, v)
	i = int((n[key] + 1) / 2)
	return n[key] % 2 ? v[i] : (v[i] + v[i + 1]) / 2
}

# The largest deviation from the median, as a fraction.
function spread(key, m,    i, d, worst) {
	for (i = 1; i <= n[key]; i++) {
		d = sample[key, i] - m
		if (d < 0)
			d = -d
		if (d > worst)
			worst = d
	}
	return m ? worst / m : 0
}

function object(proto, size, pages, variant, m, s) {
	printf "  {\"kernel\": \"%s\", \"proto\": \"%s\", \"size\": %d, \"pages\": \"%s\", \"variant\": \"%s\", " \
		"\"instructions_per_send\": %.1f, \"spread\": %.5f}\n", kernel, proto, size, pages, variant, m, s >json
}

function percent(x) { return sprintf("%.2f %%", 100 * x) }

function ratio(key, to) { return n[to] ? sprintf("%.3f", median(key) / median(to)) : "-" }

function bytes(x) {
	return x >= 1048576 ? sprintf("%.4g MiB", x / 1048576) : x >= 1024 && x % 1024 == 0 ?
		sprintf("%d KiB", x / 1024) : sprintf("%d B", x)
}

function matrix(    i, j, row, f, key, m, s, line) {
	line = "| %-3s | %8s | %2s | %-15s | %10s | %7s | %8s | %7s | %9s | %8s | %6s | %6s | %5s | %9s |\n"
	printf "\n%s per send on %s: medians of %d repetitions\n\n", toupper(substr(unit, 1, 1)) substr(unit, 2), kernel, reps
	printf line, "", "size", "", "variant", unit == "ns" ? "ns" : "instr", "+-", "per KiB", "/ stock", "/io_uring",
		"/ fixed", "calls", "notes", "pins", "peak"
	for (i = 1; i <= nrows; i++) {
		row = rows[i]
		split(row, f, " ")
		print ""
		for (j = 1; j <= nvariants; j++) {
			key = variants[j] " " row
			if (!n[key])
				continue
			m = median(key)
			s = spread(key, m)
			object(f[1], f[2], f[3], variants[j], m, s)
			printf line, f[1], bytes(f[2]), f[3], variants[j], sprintf("%.0f", m), percent(s),
				sprintf("%.1f", m * 1024 / f[2]), ratio(key, "stock " row), ratio(key, "io_uring " row),
				ratio(key, "io_uring-fixed " row), sprintf("%.3f", calls[key]), sprintf("%.3f", notes[key]),
				sprintf("%.2f", pins[key]), bytes(peak[key])
		}
	}
	printf "\n/ stock, / io_uring, / fixed: ratio to that variant's figure. calls, notes: system calls and notifications per\n" \
		"send. pins: taken per page sent. peak: most bytes charged to the user.\n"
	outside = 0
	for (i = 1; i <= nrows; i++)
		outside += n["stock " rows[i]] > 0
	if (outside)
		chart()
}

function shown(variant) { return variant != "stock" && variant in measured }

# A block for each size of pages, a line for each row, ratios to stock.
function chart(    i, j, f, p, pages, key, any) {
	split("4k 2m", pages, " ")
	for (p = 1; p <= 2; p++) {
		any = 0
		for (i = 1; i <= nrows; i++)
			any += rows[i] ~ (" " pages[p] "$") && n["stock " rows[i]]
		if (!any)
			continue
		printf "%s", pages[p] >plot
		for (j = 1; j <= nvariants; j++)
			if (shown(variants[j]))
				printf " %s", variants[j] >plot
		printf "\n" >plot
		for (i = 1; i <= nrows; i++) {
			split(rows[i], f, " ")
			if (f[3] != pages[p] || !n["stock " rows[i]])
				continue
			printf "\"%s %s\"", f[1], bytes(f[2]) >plot
			for (j = 1; j <= nvariants; j++) {
				key = variants[j] " " rows[i]
				if (shown(variants[j]))
					printf " %s", n[key] ? sprintf("%.4f", median(key) / median("stock " rows[i])) : "NaN" >plot
			}
			printf "\n" >plot
		}
		printf "\n\n" >plot
	}
}

function rx_table(    i, key, m, s, line, v) {
	line = "| %-13s | %10s | %7s | %8s | %8s | %8s | %6s | %7s | %6s | %6s | %7s |\n"
	printf "\n%s per MiB received over TCP on %s: medians of %d repetitions\n\n", toupper(substr(unit, 1, 1)) substr(unit, 2),
		kernel, reps
	printf line, "variant", unit == "ns" ? "ns" : "instr", "+-", "stack", "refill", "syscalls", "/ recv", "/ uring", "calls",
		"pieces", "packets"
	for (i = 1; i <= nrx; i++) {
		key = "rx " rx[i]
		split(rx[i], v, " ")
		m = median(key)
		s = spread(key, m)
		object(v[2], v[3], v[4], v[1], m, s)
		printf line, v[1], sprintf("%.0f", m), percent(s), sprintf("%.0f", instack[key]), sprintf("%.0f", refill[key]),
			sprintf("%.0f", m - instack[key] - refill[key]), ratio(key, "rx recv " v[2] " " v[3] " " v[4]),
			ratio(key, "rx io_uring-zcrx " v[2] " " v[3] " " v[4]), sprintf("%.2f", calls[key]),
			sprintf("%.1f", frags[key]), sprintf("%.2f", packets[key])
	}
	if (nrx)
		printf "\nstack: in the NIC's polls, the stack; refill: there, getting new buffers; syscalls: the rest, from the\n" \
			"receiver's first to its last. / recv, / uring: ratio to recv, to io_uring-zcrx. pieces: records of received data.\n"
	for (i in without)
		printf "%s is left out: %s\n", i, without[i]
}

function plain_table(    i, f, a, b, sa, sb, r, limit, line) {
	line = "| %-5s | %5s | %9s | %7s | %9s | %7s | %6s | %-13s |\n"
	printf "\nPlain sends, without MSG_ZEROCOPY: %s per send without and with the modules\n\n",
		unit == "ns" ? "cycles" : unit
	printf line, "send", "bytes", "without", "+-", "with", "+-", "ratio", "limit"
	for (i = 1; i <= nplain; i++) {
		split(plains[i], f, " ")
		a = median("without " plains[i])
		b = median("with " plains[i])
		sa = spread("without " plains[i], a)
		sb = spread("with " plains[i], b)
		object(f[1], f[2], "4k", "plain", a, sa)
		object(f[1], f[2], "4k", "plain-layer", b, sb)
		r = sprintf("%.4f", b / a) + 0
		limit = f[1] ~ /^tcp/ ? 1.01 : 1.02
		printf line, f[1], f[2], sprintf("%.1f", a), percent(sa), sprintf("%.1f", b), percent(sb), sprintf("%.4f", r),
			sprintf("%.2f %s", limit, r > limit ? "EXCEEDED" : "ok")
		if (r > limit)
			over = over sprintf("A plain %s send of %d bytes costs %.2f %% more with the modules; " \
				"at most %d %% is promised.\n", f[1], f[2], 100 * (r - 1), 100 * (limit - 1) + 0.5)
	}
	printf "\n%s", over
}

{ sub(/\r$/, "") }
$1 == "kernel" { kernel = $2 }
$1 == "repetition" { reps = $2 }
$1 == "plain" && NF == 5 {
	row = $3 " " $4
	if (!(row in knownplain)) {
		knownplain[row] = 1
		plains[++nplain] = row
	}
	sample[$2 " " row, ++n[$2 " " row]] = $5
}
$1 == "rx" && $2 == "absent" {
	name = $3
	sub(/:$/, "", name)
	sub(/^rx absent [^ ]* /, "")
	without[name] = $0
	next
}
$1 == "rx" && NF == 12 {
	row = $2 " " $3 " " $4 " " $5
	key = "rx " row
	if (!n[key])
		rx[++nrx] = row
	sample[key, ++n[key]] = $6
	instack[key] = $7
	refill[key] = $8
	calls[key] = $10
	frags[key] = $11
	packets[key] = $12
}
$1 == "row" && NF == 11 {
	row = $3 " " $4 " " $5
	key = $2 " " row
	if (!(row in known)) {
		known[row] = 1
		rows[++nrows] = row
	}
	measured[$2] = 1
	sample[key, ++n[key]] = $6
	calls[key] = $8
	notes[key] = $9
	pins[key] = $10
	if ($11 > peak[key])
		peak[key] = $11
}

END {
	nvariants = split("copy stock layer layer-page layer-area layer-area-page io_uring io_uring-fixed io_uring-fixed8 floor floor-splice", variants, " ")
	if (!nrows && !nplain && !nrx)
		exit 2
	if (nrows)
		matrix()
	if (nrx)
		rx_table()
	if (nplain)
		plain_table()
	exit over != ""
}
