# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Packages of this machine's suites and of others, without touching its own apt.
# Suite "host" means: as the machine is configured; "sid+src": the source packages of sid;
# "trixie+trixie-backports": both.

# The archive the machine itself uses, as apt knows it.
apt_archive() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' '$1 == "Debian" && $2 == "main" && !n++ { print $3 }'
}

apt_opts() { # suite -> APT_OPTS
	local d=$ZC_CACHE/apt/$1
	APT_OPTS=(-o APT::Sandbox::User=root)
	[ "$1" = host ] && return
	APT_OPTS+=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$d/sources"
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
		-o "Dir::State::lists=$d/lists" -o "Dir::Cache=$d/cache" -o APT::Default-Release=)
}

apt_update() {
	local suite=$1 log=$ZC_CACHE/apt/$1.log
	mkdir -p "$ZC_CACHE/apt"
	apt_opts "$suite"
	logged "$log" apt-get "${APT_OPTS[@]}" update && ! grep -q '^Err:' "$log" && return
	grep -q 'expired' "$log" || return 1
	say "The Release file of $suite has expired; using it all the same."
	logged "$log" apt-get "${APT_OPTS[@]}" -o Acquire::Check-Valid-Until=false update
}

apt_state() { # make suite's private state once; refresh it when asked
	local suite=$1 d=$ZC_CACHE/apt/$1 uri key type=deb suites=${1%+src}
	[ "$suite" = host ] && return
	if [ ! -e "$d/ready" ] || [ -n "${ZC_REFRESH:-}" ]; then
		uri=$(apt_archive)
		[ -n "$uri" ] || die "apt knows no Debian archive: add one to its sources and run apt-get update."
		mkdir -p "$d/sources" "$d/lists/partial" "$d/cache/archives/partial"
		key=/usr/share/keyrings/debian-archive-keyring.gpg
		{
			[ "$suite" = "${suite%+src}" ] || type=deb-src
			printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' "$type" "$uri" "${suites//+/ }"
			[ ! -e "$key" ] || printf 'Signed-By: %s\n' "$key"
		} >"$d/sources/suite.sources"
		say "Reading the package list of $suite."
		apt_update "$suite" || return 1
		touch "$d/ready"
	fi
}

apt_newest() { # suite, extended regex of package names -> newest name
	apt_state "$1" || return 1
	apt_opts "$1"
	apt-cache "${APT_OPTS[@]}" --names-only search "$2" | awk '{ print $1 }' | sort -V | tail -n 1
}

apt_version() { # suite, package -> candidate version
	apt_opts "$1"
	apt-cache "${APT_OPTS[@]}" policy "$2" | awk '$1 == "Candidate:" { print $2 }'
}

apt_closure() { # suite, package... -> NAME=VERSION of each and of all that they need, for a machine that has nothing
	local suite=$1 status
	shift
	apt_state "$suite" || return 1
	apt_opts "$suite"
	status=$(mktemp)
	{ apt-get "${APT_OPTS[@]}" -o "Dir::State::status=$status" --no-install-recommends --simulate install "$@" |
		sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'; } && rm -f "$status"
}

apt_deb() { # suite, package -> path of the downloaded package
	local suite=$1 pkg=$2 ver file tmp
	ver=$(apt_version "$suite" "$pkg")
	if [ -z "$ver" ] || [ "$ver" = "(none)" ]; then return 1; fi
	mkdir -p "$ZC_CACHE/deb"
	file=$(compgen -G "$ZC_CACHE/deb/${pkg}_${ver//:/%3a}_*.deb" | head -n 1 || true)
	if [ -z "$file" ]; then
		tmp=$(mktemp -d "$ZC_CACHE/deb/tmp.XXXXXX")
		say "Fetching $pkg $ver."
		(cd "$tmp" && logged log apt-get "${APT_OPTS[@]}" download "$pkg=$ver") || {
			rm -rf "$tmp"
			return 1
		}
		mv "$tmp"/*.deb "$ZC_CACHE/deb/"
		rm -rf "$tmp"
		file=$(compgen -G "$ZC_CACHE/deb/${pkg}_${ver//:/%3a}_*.deb" | head -n 1 || true)
	fi
	printf '%s\n' "$file"
}

apt_get_deb() { # the same, with one fresh look at the archive when the list was stale
	local suite=$1 pkg=$2
	apt_deb "$suite" "$pkg" && return
	if [ "$suite" != host ] || [ "$(id -u)" = 0 ]; then
		apt_update "$suite" && apt_deb "$suite" "$pkg" && return
	fi
	die "package $pkg cannot be fetched: run apt-get update as root and try again."
}
