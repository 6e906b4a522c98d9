#!/bin/sh
# Puts a Debian 12 root with systemd into .cache/debian, as a tarball that
# deploy/machine boots. Needs root and debootstrap, which it installs where
# apt-get is. What cannot be had is said, and no error: the tests that need the
# image are skipped then.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/debian
tarball=$cache/bookworm.tar
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
packages=systemd,systemd-sysv,dbus
recipe=$(cksum <"$0") # an image of another recipe is made anew

skip() {
	echo "get-debian: $1; the tests in a Debian machine are skipped" >&2
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip "making a Debian root needs root"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ -f "$tarball" ] && [ "$(cat "$cache/recipe" 2>/dev/null)" = "$recipe" ] && exit 0

have() { command -v "$1" >/dev/null 2>&1; }
if ! have debootstrap; then
	have apt-get || skip "there is no debootstrap, and no apt-get to install it with"
	echo "get-debian: installing debootstrap" >&2
	export DEBIAN_FRONTEND=noninteractive
	install() { apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends debootstrap >/dev/null 2>&1; }
	install || { apt-get -qq update >&2 && install; } || skip "apt-get could not install debootstrap"
fi

work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "get-debian: making a Debian 12 root from $mirror; this takes a minute or two" >&2
# In a mount namespace, which takes with it what debootstrap mounts, and in a pid
# namespace, which ends whatever a package starts.
if ! unshare --mount --pid --fork --kill-child sh -eu >"$work/log" 2>&1 <<END
	made=
	for try in 1 2; do
		rm -rf "$work/root"
		debootstrap --variant=minbase --include=$packages bookworm "$work/root" "$mirror" && made=yes && break
	done
	[ -n "\$made" ]
	inside() { chroot "$work/root" env DEBIAN_FRONTEND=noninteractive "\$@"; }
	inside apt-get -qq clean
	inside apt-get -qq update
	inside apt-get -qq install -y --no-install-recommends --download-only redis-server redis-sentinel
	rm -rf "$work/root/var/lib/apt/lists"/* "$work/root/etc/resolv.conf"
	echo machine >"$work/root/etc/hostname"
	tar -C "$work/root" -cf "$work/bookworm.tar" .
END
then
	tail -n 5 "$work/log" >&2
	skip "debootstrap could not make a root from $mirror"
fi
mv "$work/bookworm.tar" "$tarball"
echo "$recipe" >"$cache/recipe"
ls -l "$tarball" >&2
