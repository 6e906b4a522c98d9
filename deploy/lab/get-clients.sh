#!/bin/sh
# Installs the Redis clients of other languages that deploy/e2e tries, from
# Debian's packages, where they are missing and this is root. Nobody else is
# stopped: without them those tests are skipped, but in CI they fail. No service
# is started: none of these packages has one, and should one pull one in,
# policy-rc.d forbids it.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }
missing=
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import redis.sentinel' 2>/dev/null || missing="$missing python3-redis"
have ruby && ruby -e 'require "redis"' 2>/dev/null || missing="$missing ruby-redis"
have php && php -r 'exit(class_exists("RedisSentinel") ? 0 : 1);' 2>/dev/null || missing="$missing php-cli php-redis"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
	echo "get-clients: the tests of other languages' clients are skipped; for them install:$missing" >&2
	exit 0
fi
echo "get-clients: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
install() { apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing >/dev/null 2>&1; }
install || { apt-get -qq update >&2 && install; } || echo "get-clients: apt-get could not install$missing" >&2
