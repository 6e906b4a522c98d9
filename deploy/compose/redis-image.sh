#!/bin/sh
# Makes a Redis image out of the redis-server of this machine, for where no registry is
# reached:
#
#   redis-image.sh TAG
#
# It holds redis-server, redis-cli, a shell and the libraries that these need. The
# programs are those on PATH, else those that make setup puts into .cache/redis.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 TAG" >&2; exit 2; }
tag=$1
here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../../.cache/redis/root

fail() { echo "redis-image.sh: $1" >&2; exit 2; }
if [ -x "$cache/usr/bin/redis-server" ] && [ -x "$cache/usr/bin/redis-cli" ]; then
	bin=$cache/usr/bin
	LD_LIBRARY_PATH=$(find "$cache" -name '*.so*' -exec dirname {} + | sort -u | paste -sd: -)
	export LD_LIBRARY_PATH
elif command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
	bin=$(dirname "$(command -v redis-server)")
else
	fail "no redis-server here: install one, or run make setup"
fi

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
root=$context/root
mkdir -p "$root/usr/local/bin" "$root/bin" "$root/lib" "$root/lib64" "$root/etc"
mkdir -m 777 "$root/data"
mkdir -m 1777 "$root/tmp"
cp -L "$bin/redis-server" "$bin/redis-cli" "$root/usr/local/bin"
cp -L /bin/sh "$root/bin/sh"

# libraries FILE... copies what the dynamic linker loads for each, and the linker itself
# to where the programs look for it.
libraries() {
	for program in "$@"; do
		ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'
	done | sort -u | while read -r library; do
		case $library in
		*/ld-linux*) mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library" ;;
		*) cp -L "$library" "$root/lib" ;;
		esac
	done
}
libraries "$bin/redis-server" "$bin/redis-cli" /bin/sh

echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
cat >"$context/Dockerfile" <<'END'
FROM scratch
COPY root /
ENV PATH=/usr/local/bin:/bin LD_LIBRARY_PATH=/lib
WORKDIR /data
VOLUME /data
CMD ["redis-server"]
END
docker build -q -t "$tag" "$context"
