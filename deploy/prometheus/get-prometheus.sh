#!/bin/sh
# Puts prometheus and promtool into .cache/prometheus/bin where they are not on PATH.
# Debian's package is unpacked there: nothing is installed and no service is started.
# A machine without them, or without apt-get, skips the tests that need them.
set -eu

dest=$(cd "$(dirname "$0")/../.." && pwd)/.cache/prometheus
command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1 && exit 0
[ -x "$dest/bin/promtool" ] && exit 0
skip() { echo "get-prometheus: $1; tests that need Prometheus are skipped" >&2; exit 0; }
command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || skip "this machine has no apt-get to fetch it with"

new=$dest.new
rm -rf "$new"
mkdir -p "$new/lists/partial" "$new/cache/archives/partial" "$new/root"
trap 'rm -rf "$new"' EXIT
cd "$new"
# Lists of our own: a fresh machine has none, and reading them needs no root.
own() { apt-get -qq -o "Dir::State::Lists=$new/lists" -o "Dir::Cache=$new/cache" -o APT::Sandbox::User=root "$@"; }
echo "get-prometheus: fetching Debian's prometheus into .cache/prometheus" >&2
apt-get -qq -o APT::Sandbox::User=root download prometheus 2>/dev/null || { own update >&2 && own download prometheus; } ||
	skip "apt-get could not download the package prometheus"
dpkg -x prometheus_*.deb "$new/root"
"$new/root/usr/bin/promtool" --version >/dev/null 2>&1 || skip "the package's promtool does not run here"
rm -rf "$dest"
mkdir -p "$dest"
mv "$new/root/usr/bin" "$dest/bin"
