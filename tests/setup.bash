# What ./run and ./test share: arguments, packages, steps with their times. Sourced, with `root` set to the checkout.
# SPDX-License-Identifier: ISC

say() { printf "%s\n" "$@"; }
die() { printf '%s: %s\n' "$program" "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "must be root, or have sudo, to run: $*"
	fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# want KIND...: installs the missing packages of these kinds; says which, and how long it took.
want() {
	local kind package why missing=() maybe=() began=$SECONDS kinds=" $* " how
	command -v apt-get >/dev/null || die "this wants Debian 12 or 13 (apt-get is not here); the packages are listed in tests/packages"
	while read -r kind package why; do
		case $kind in '' | '#'*) continue ;; esac
		case $kinds in *" $kind "*) ;; *) continue ;; esac
		is_installed "$package" && continue
		case $package in # a newer one of one's own will do
			nodejs) command -v node >/dev/null && continue ;;
			npm) command -v npm >/dev/null && continue ;;
			chromium-driver) command -v chromedriver >/dev/null && continue ;;
		esac
		case $kind in *'?') maybe+=("$package") ;; *) missing+=("$package") ;; esac
	done <"$root/tests/packages"
	[ ${#missing[@]} -eq 0 ] && [ ${#maybe[@]} -eq 0 ] && return 0
	say "== Installing with apt-get: ${missing[*]} ${maybe[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq || die "apt-get update failed (see above)"
	for package in "${maybe[@]}"; do
		how=$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: //p')
		if [ -n "$how" ] && [ "$how" != '(none)' ]; then missing+=("$package"); else say "   (this system has no $package: what needs it is skipped)"; fi
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >"${TMPDIR:-/tmp}/mimeo-apt.$$" 2>&1 || {
		tail -n 30 "${TMPDIR:-/tmp}/mimeo-apt.$$" >&2
		die "apt-get install failed; its whole output is in ${TMPDIR:-/tmp}/mimeo-apt.$$"
	}
	rm -f "${TMPDIR:-/tmp}/mimeo-apt.$$"
	say "   installed in $((SECONDS - began)) s"
}

# build: build/mimeo and build/mimeo-image; quiet unless it fails (false).
build() {
	local began=$SECONDS log
	log=$root/build/make.log
	mkdir -p "$root/build" || die "cannot write to $root/build"
	if make -q -C "$root" all >/dev/null 2>&1; then return 0; fi
	say "== Building mimeo"
	if ! make -C "$root" -j "$(nproc)" all >"$log" 2>&1; then
		grep -v -E '^(gcc|cc|clang|ar) |^make' "$log" | tail -n 40 >&2
		printf '%s: the build failed; its whole output is in %s\n' "$program" "$log" >&2
		return 1
	fi
	say "   built in $((SECONDS - began)) s"
}
