#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints a directory with the kernel's own driver tests (tools/testing/selftests/drivers/net), and some of those in
# selftests/net, built from the source of the test kernel. They want to lie in a kernel tree, so this is one: as much of it as they need.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need make gcc rsync clang
source=$("$ZC_VM/source.sh")
key=$({ echo "$source"; cat "$source/.zc-version" 2>/dev/null || git -C "$source" rev-parse HEAD 2>/dev/null ||
	sha256sum "$source/Makefile"; cat "$0"; } | sha256sum)
dir=$ZC_CACHE/drvtests/${key:0:12}
lock drvtests
if [ -e "$dir" ]; then
	echo "$dir"
	exit
fi
uring=$("$ZC_VM/liburing.sh")
say "Building the kernel's driver tests, once."
mkdir -p "$ZC_CACHE/drvtests"
tmp=$(mktemp -d "$ZC_CACHE/drvtests/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
st=tools/testing/selftests
(cd "$source" && rsync -aR Documentation/netlink tools/net/ynl tools/scripts tools/lib/bpf scripts/bpf_doc.py \
	tools/include/uapi/linux/bpf.h include/uapi \
	$st/kselftest.h $st/kselftest_harness.h $st/kselftest $st/net/lib $st/net/lib.sh $st/net/in_netns.sh \
	$st/net/{msg_zerocopy,io_uring_zerocopy_tx,udpgso,ip_defrag}.{sh,c} $st/net/tls.c $st/drivers/net "$tmp/")
logged "$tmp/log" make -s -C "$source" O="$tmp/headers" headers || die "the kernel's headers cannot be installed."
uapi=$tmp/headers/usr/include
: >"$tmp/MAINTAINERS" # by which ynl_gen_c.py knows the top of the tree; without it, it looks for ever

# The system's python has yaml; another one in PATH may not.
PATH=/usr/bin:$PATH CFLAGS=-I$uapi logged "$tmp/log" make -C "$tmp/tools/net/ynl" \
	GENS="ethtool netdev" RSTS="" libynl.a || die "libynl does not build."

# Their warnings are their own.
cc() { # output, source, options
	logged "$tmp/log" gcc -O2 -w -static -I"$uapi" -I"$tmp/$st" -o "$tmp/$st/$1" "$tmp/$st/$2" "${@:3}" ||
		die "$2 does not build."
}
ynl=$tmp/tools/net/ynl
cc drivers/net/hw/ncdevmem drivers/net/hw/ncdevmem.c -I"$ynl/lib" -I"$ynl/generated" "$ynl/libynl.a"
cc drivers/net/hw/toeplitz drivers/net/hw/toeplitz.c -I"$ynl/lib" -I"$ynl/generated" "$ynl/libynl.a"
cc drivers/net/hw/iou-zcrx drivers/net/hw/iou-zcrx.c -D_GNU_SOURCE -I"$uring/include" "$uring/liburing.a"
cc drivers/net/napi_id_helper drivers/net/napi_id_helper.c
cc drivers/net/so_txtime drivers/net/so_txtime.c
for p in msg_zerocopy io_uring_zerocopy_tx udpgso ip_defrag tls; do
	cc net/$p net/$p.c -idirafter "$source/tools/include"
done
for p in csum gro xdp_helper; do
	cc net/lib/$p net/lib/$p.c
done
/usr/bin/python3 "$tmp/scripts/bpf_doc.py" --header --file "$tmp/tools/include/uapi/linux/bpf.h" \
	>"$tmp/tools/lib/bpf/bpf_helper_defs.h" 2>"$tmp/log"
mkdir "$tmp/bpf"
ln -s ../tools/lib/bpf "$tmp/bpf/bpf"
for p in xdp_dummy xdp_native xdp_metadata; do
	logged "$tmp/log" clang -g -O2 -w -target bpf -I"$tmp/bpf" -I"$uapi" -idirafter "/usr/include/$(gcc -print-multiarch)" \
		-c "$tmp/$st/net/lib/$p.bpf.c" -o "$tmp/$st/net/lib/$p.bpf.o" || die "$p.bpf.c does not build."
done
rm -rf "$tmp/headers" "$tmp/log"
mv "$tmp" "$dir"
echo "$dir"
