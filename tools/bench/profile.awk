# SPDX-License-Identifier: GPL-2.0
# Sorted symbols and blocks of code -> "function INSTRUCTIONS CALLS NAME", both per send. Variables: variant, sends (in a round).

$1 == "rounds" { rounds = $2 }
# Of several names the first will do.
$2 == "0symbol" {
	if ($1 != at) {
		at = $1
		name = $3 ($4 ? " " $4 : "")
	}
}
$2 == "1block" {
	f = $1 ~ /^ffff/ ? name : "[user]"
	insns[f] += $3
	if ($1 == at)
		calls[f] += $4
}
END {
	if (!rounds)
		exit 2
	for (f in insns)
		printf "%s %.2f %.3f %s\n", variant, insns[f] / rounds / sends, calls[f] / rounds / sends, f
}
