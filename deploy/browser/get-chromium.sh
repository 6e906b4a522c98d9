#!/bin/sh
# Puts Chromium where deploy/browser looks for it: Debian's package, where apt-get is
# and we are root. What cannot be had is said, and no error: the tests of the page are
# skipped then.
set -eu

skip() {
	echo "get-chromium: $1; the tests of the page in a browser are skipped" >&2
	exit 0
}
for name in chromium chromium-browser google-chrome; do
	! command -v "$name" >/dev/null 2>&1 || exit 0
done
[ "$(id -u)" -eq 0 ] || skip "there is no chromium, and installing it needs root"
command -v apt-get >/dev/null 2>&1 || skip "there is no chromium, and no apt-get to install it with"
echo "get-chromium: installing chromium; this takes a minute or two" >&2
export DEBIAN_FRONTEND=noninteractive
install() {
	apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1
}
install || { apt-get -qq update >&2 && install; } || skip "apt-get could not install chromium"
