#!/bin/sh
# Puts redis-server, redis-cli and redis-sentinel into .cache/redis/bin where they
# are not on PATH. It never starts, installs or enables a system service: Debian's
# package redis-tools holds the one real program (redis-server and redis-sentinel
# are links to it) and no service. It is unpacked into .cache/redis, with the
# libraries that this machine lacks; that needs no root.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
dest=$root/.cache/redis

have() { command -v "$1" >/dev/null 2>&1; }
have redis-server && have redis-cli && exit 0
[ -x "$dest/bin/redis-server" ] && "$dest/bin/redis-server" --version >/dev/null 2>&1 && exit 0

fail() {
	echo "get-redis: $1" >&2
	echo "get-redis: install Redis 6.2 or newer so that redis-server, redis-cli and redis-sentinel are on PATH, and run make again" >&2
	exit 1
}
have apt-get && have dpkg || fail "this machine has neither Redis nor apt-get to fetch it with"

work=$root/.cache/redis.new
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/deb" "$work/root"
trap 'rm -rf "$work"' EXIT
cd "$work/deb"

# Lists and downloads of our own: a fresh container has no lists, and reading them needs no root.
own() { apt-get -qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root "$@"; }
fetch() { apt-get -qq -o APT::Sandbox::User=root download "$1" 2>/dev/null || own download "$1" 2>/dev/null; }
updated=
get() {
	for name in "$@"; do
		fetch "$name" && return 0
	done
	[ -z "$updated" ] || return 1
	updated=yes
	own update >&2 || return 1
	get "$@"
}
unpack() { for deb in *.deb; do dpkg -x "$deb" "$work/root" && rm "$deb"; done; }

echo "get-redis: fetching Redis into .cache/redis; nothing is installed and no service is started" >&2
get redis-tools || fail "apt-get could not download the package redis-tools"
unpack
program=usr/bin/redis-check-rdb
[ -x "$work/root/$program" ] || fail "the package redis-tools does not hold $program"

# Debian 12's names first, then those of releases whose time_t has 64 bits.
package_of() {
	case $1 in
	libatomic.so.1) echo libatomic1 ;;
	libjemalloc.so.2) echo libjemalloc2 ;;
	liblzf.so.1) echo liblzf1 ;;
	libssl.so.3 | libcrypto.so.3) echo libssl3 libssl3t64 ;;
	libsystemd.so.0) echo libsystemd0 ;;
	libcap.so.2) echo libcap2 ;;
	libgcrypt.so.20) echo libgcrypt20 ;;
	libgpg-error.so.0) echo libgpg-error0 ;;
	liblzma.so.5) echo liblzma5 ;;
	liblz4.so.1) echo liblz4-1 ;;
	libzstd.so.1) echo libzstd1 ;;
	libstdc++.so.6) echo libstdc++6 ;;
	libgcc_s.so.1) echo libgcc-s1 ;;
	liblua5.1.so.0) echo liblua5.1-0 ;;
	libhiredis.so.*) echo libhiredis0.14 libhiredis1.1.0 ;;
	esac
}
libs() { find "$1" -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd: -; }
missing() {
	for p in "$work/root/$program" "$work/root/usr/bin/redis-cli"; do
		LD_LIBRARY_PATH=$(libs "$work/root") ldd "$p" | awk '/not found/ {print $1}'
	done | sort -u
}

# A library may need another one: look again until nothing is missing.
for round in 1 2 3 4 5; do
	wanted=$(missing)
	[ -n "$wanted" ] || break
	for so in $wanted; do
		packages=$(package_of "$so")
		[ -n "$packages" ] || fail "Redis needs the library $so, which this machine lacks"
		get $packages || fail "apt-get could not download $packages, which holds $so"
	done
	unpack
done
[ -z "$(missing)" ] || fail "libraries are still missing: $(missing | tr '\n' ' ')"

for name in redis-server redis-sentinel; do
	[ -e "$work/root/usr/bin/$name" ] || ln -s redis-check-rdb "$work/root/usr/bin/$name"
done
mkdir "$work/bin"
for name in redis-server redis-sentinel redis-cli; do
	cat >"$work/bin/$name" <<-END
		#!/bin/sh
		LD_LIBRARY_PATH='$(libs "$work/root" | sed "s|$work|$dest|g")'"\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
		export LD_LIBRARY_PATH
		exec '$dest/root/usr/bin/$name' "\$@"
	END
	chmod +x "$work/bin/$name"
done
cd "$root"
rm -rf "$dest" "$work/lists" "$work/cache" "$work/deb"
mv "$work" "$dest"
"$dest/bin/redis-server" --version
