#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel-test.sh [patched] [nomemcg] [debug]: builds the test kernel once: source (see source.sh), with 'patched' patches/7.2 on
# top of it and what their tests need, with 'nomemcg' no memory cgroups, with 'debug' sanitizers in it, our config.
# Prints the build directory, which is also the KDIR for modules. KERNEL=<build directory> is taken as it is.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

debug='' patched='' nomemcg=''
for arg; do
	case $arg in
	debug) debug=-debug ;;
	patched) patched=-patched ;;
	nomemcg) nomemcg=-nomemcg ;;
	*) die "a variant is any of patched, nomemcg and debug, not '$arg'." ;;
	esac
done
if [ -n "${KERNEL:-}" ]; then
	[ -r "$KERNEL/arch/x86/boot/bzImage" ] || die "KERNEL=$KERNEL is no kernel build directory with a bzImage."
	realpath -e "$KERNEL"
	exit
fi

need make gcc bison flex bc
source=$("$ZC_VM/source.sh")
fragments=("$ZC_VM/config/base.config")
[ -z "$debug" ] || fragments+=("$ZC_VM/config/debug.config")
[ -z "$nomemcg" ] || fragments+=("$ZC_VM/config/nomemcg.config")
patches=()
if [ -n "$patched" ]; then
	fragments+=("$ZC_VM/config/patched.config")
	mapfile -t patches < <(compgen -G "$ZC_TOP/patches/7.2/*.patch" | grep -v 0000- | sort)
fi

source_id() { # what a change of the source would change
	if [ -e "$source/.zc-version" ]; then
		cat "$source/.zc-version"
	elif git -C "$source" rev-parse HEAD 2>/dev/null; then
		git -C "$source" diff HEAD | sha256sum
	else
		(cd "$source" && find . -type f -newer Makefile -printf '%p %T@\n' | sort; sha256sum Makefile)
	fi
	[ -z "${KSRC:-}" ] || echo "$source"
}
version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = *//p' "$source/Makefile" | paste -sd.)
key=$({ source_id; gcc -dumpfullversion; cat "${fragments[@]}" "${patches[@]}" /dev/null; } | sha256sum)
key=$version$patched$nomemcg$debug-${key:0:12}
dir=$ZC_CACHE/build/$key

lock "build-$key"
if [ -e "$dir/arch/x86/boot/bzImage" ]; then
	echo "$dir"
	exit
fi

if [ ${#patches[@]} -gt 0 ]; then
	patched=$ZC_CACHE/src/patched-$key
	if [ ! -d "$patched" ]; then
		say "Applying ${#patches[@]} patches."
		tmp=$(mktemp -d "$ZC_CACHE/src/tmp.XXXXXX")
		trap 'rm -rf "$tmp"' EXIT
		cp -al "$source" "$tmp/src" # patch replaces files, so the original stays as it is
		for p in "${patches[@]}"; do
			patch -d "$tmp/src" -p1 -s --no-backup-if-mismatch <"$p" >&2 ||
				die "${p#"$ZC_TOP"/} does not apply to $version: refresh the series."
		done
		mv "$tmp/src" "$patched"
	fi
	source=$patched
fi

# An interrupted build goes on where it stopped; only a finished one gets the name.
work=$dir.partial
log=$dir.log
mkdir -p "$work"
cat "${fragments[@]}" >"$work/fragment"
run() { logged "$log" make -s -C "$source" O="$work" "$@" || die "the kernel build failed, see $log."; }
run KCONFIG_ALLCONFIG="$work/fragment" allnoconfig
# The last word on an option counts: the debug fragment overrides the base.
awk -F= '/^CONFIG_/ { v[$1] = $0 } END { for (k in v) print v[k] }' "$work/fragment" | sort |
	while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$work/.config" ;;
		*) grep -qxF "$line" "$work/.config" ;;
		esac || say "This did not stick: $line"
	done
say "Building the test kernel $key: 10 to 30 minutes on two cores, once. Log: $log"
run -j"$(nproc)" bzImage modules
sed -i "s|$work|$dir|" "$work/Makefile"
rm -rf "$dir"
mv "$work" "$dir"
echo "$dir"
