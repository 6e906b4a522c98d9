#!/bin/sh
# redis-cli: finds master and replicas through the monitors, and counts up a key for ever.
ask() { # ask <host:port> <command ...>: of a monitor
	where=$1
	shift
	to "$DOOR_PASSWORD" "$where" ${DOOR_USER:+--user "$DOOR_USER"} "$@"
}
data() { to "$REDIS_PASSWORD" "$@"; } # data <host:port> <command ...>: of a server
to() {
	password=$1 where=$2
	shift 2
	set -- -h "${where%:*}" -p "${where#*:}" "$@"
	if [ -n "$password" ]; then
		REDISCLI_AUTH=$password redis-cli "$@"
	else
		redis-cli "$@"
	fi
}
master() {
	for m in $MONITORS; do
		addr=$(ask "$m" SENTINEL get-master-addr-by-name mymaster 2>/dev/null | paste -sd:)
		[ -n "$addr" ] && echo "$addr" && return
	done
}
set -- $MONITORS
echo "master $(master)"
replicas=$(ask "$1" SENTINEL replicas mymaster | awk '$0 == "name" { getline; print }' | sort)
echo "replicas" $replicas
while :; do
	if n=$(data "$(master)" INCR "$KEY" 2>&1) && [ "$n" -gt 0 ] 2>/dev/null; then
		for r in $replicas; do
			[ -n "$(data "$r" GET "$KEY" 2>/dev/null)" ] && echo read
		done
	else
		echo "failed: $n"
	fi
	sleep 0.05
done
