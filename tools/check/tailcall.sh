#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tailcall.sh MODULE.ko: the livepatched functions leave by a jump, so that a blocked sender has none of
# our frames on its stack and the patch can be taken off under it.
set -euo pipefail
[ -r "${1:-}" ] || { echo "tailcall.sh: cannot read '${1:-}'." >&2; exit 1; }
# Conditions on the machine code of x86-64; other machines have no such entry.
objdump -f "$1" | grep -q 'x86-64' || exit 0

objdump -dr --no-show-raw-insn "$1" | awk '
function leaves(t) { return t ~ /^(zc_entry_sendmsg|zc_lp_sendmsg)$/ ? "layer" :
	t ~ /^(tcp_sendmsg|udp_sendmsg|udpv6_sendmsg|__x86_indirect_.*|\*.*)$/ ? "protocol" : "" }
function flush(	kind) {
	if (fn in seen && op != "") {
		kind = leaves(target)
		if (kind != "" && op ~ /^call/) { bad[fn " calls " target]; n++ }
		if (kind != "" && op ~ /^j/) jumps[fn, kind] = 1
	}
	op = ""
}
/^Disassembly of section/ { flush(); section = $4; sub(/:$/, "", section); fn = ""; next }
/^[0-9a-f]+ <.*>:$/ {
	flush()
	fn = $2; gsub(/[<>:]/, "", fn); sub(/\.(cold|part|constprop|isra)(\..*)?$/, "", fn)
	if (fn ~ /^zc_(inet6?|lp)_sendmsg$/) seen[fn]
	next
}
/R_X86_64_/ {
	if (op == "") next
	target = $3; sub(/[-+]0x[0-9a-f]+$/, "", target); next
}
/^ *[0-9a-f]+:\t/ {
	flush()
	op = $2; target = $NF
	if (op == "notrack" || op == "bnd") op = $3
	if (target ~ /^</) { gsub(/[<>]/, "", target) } # an inner label keeps its +offset
}
END {
	flush()
	for (b in bad) print "tailcall: " b " instead of jumping to it."
	split("zc_inet_sendmsg zc_inet6_sendmsg", want, " ")
	for (i = 1; i in want; i++) {
		if (!(want[i] in seen)) { print "tailcall: there is no " want[i] " in the module."; n++; continue }
		if (!((want[i], "layer") in jumps)) { print "tailcall: " want[i] " never jumps to the layer."; n++ }
		if (!((want[i], "protocol") in jumps)) { print "tailcall: " want[i] " never jumps to the protocol."; n++ }
	}
	if ("zc_lp_sendmsg" in seen && !(("zc_lp_sendmsg", "layer") in jumps)) {
		print "tailcall: zc_lp_sendmsg never jumps to the layer."; n++
	}
	exit n > 0
}' >&2
