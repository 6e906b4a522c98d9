#!/bin/sh
# Plays one scene on the lab of docker-compose.yml and judges it:
#
#   demo.sh busy | kill | partition | switchover
#
# It needs docker, docker-compose or its plugin, and awk; redis-cli is run inside the
# Redis containers. It starts the lab where it does not run. What the three pickets
# publish is shown as it comes. Exit code: 0 the scene went as it should, 1 it did not,
# 2 it could not be played.
set -eu
cd "$(dirname "$0")"

group=mymaster
servers="redis-1 redis-2 redis-3"
pickets="picket-1 picket-2 picket-3"
# How long to wait for what a scene waits for, in seconds: far longer than it takes.
patience=${DEMO_PATIENCE:-60}

usage() {
	sed -n '2,9s/^# \{0,1\}//p' "$0"
	exit 2
}

# --- Docker, and who is who.

choose_compose() {
	if [ -n "${COMPOSE:-}" ]; then return; fi
	if docker compose version >/dev/null 2>&1; then
		COMPOSE="docker compose"
	elif command -v docker-compose >/dev/null 2>&1; then
		COMPOSE=docker-compose
	else
		give_up "neither docker compose nor docker-compose is installed"
	fi
}

# compose runs docker-compose, whichever of the two it is.
compose() {
	# shellcheck disable=SC2086 # two words
	$COMPOSE "$@"
}

# container prints the id of a service's container, running or not.
container() {
	docker ps -aq --filter "label=com.docker.compose.project=$project" \
		--filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False
}

address() {
	docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(container "$1")"
}

# on SERVICE WORD... runs redis-cli in a server's container, against that server.
on() {
	service=$1
	shift
	docker exec "$(container "$service")" redis-cli "$@" </dev/null 2>&1
}

# ask PICKET WORD... asks a picket, from the container of a server that plays no part.
ask() {
	picket=$1
	shift
	docker exec "$client" redis-cli -h "$picket" -p 26379 "$@" </dev/null 2>&1
}

# replication SERVER FIELD prints a field of a server's INFO replication.
replication() {
	on "$1" INFO replication | tr -d '\r' | sed -n "s/^$2://p"
}

master_of() { ask "$1" SENTINEL GET-MASTER-ADDR-BY-NAME "$group" | sed -n 1p; }

# --- What is shown.

case $(date +%N) in
*[!0-9]* | '') now() { date +%H:%M:%S; } ;;
*) now() { date +%H:%M:%S.%N | cut -c1-12; } ;;
esac

# say prints what the demo does, in the column of the events.
say() { printf '%s  %-8s  %s\n' "$(now)" demo "$*"; }

give_up() {
	echo "demo.sh: $*" >&2
	exit 2
}

# listen shows and keeps what one picket publishes. Its redis-cli ends with the
# subscription, see hush.
listen() {
	# shellcheck disable=SC2016 # for the shell in the container
	docker exec "$client" sh -c 'echo $$; exec redis-cli -h "$1" -p 26379 PSUBSCRIBE "*"' sh "$1" </dev/null 2>/dev/null |
		{
			read -r pid
			echo "$pid" >>"$tmp/pids"
			while read -r word; do
				case $word in
				psubscribe) : >"$tmp/ready.$1" ;;
				pmessage)
					read -r _ && read -r event && read -r text
					echo "$1 $event $text" >>"$tmp/events"
					printf '%s  %-8s  %-34s %s\n' "$(now)" "$1" "$event" "$text"
					;;
				esac
			done
		}
}

listen_to_all() {
	for p in $pickets; do
		listen "$p" &
	done
	await "the pickets take subscriptions" listening
}

listening() {
	for p in $pickets; do [ -e "$tmp/ready.$p" ] || return 1; done
}

# hush ends the subscriptions: a docker exec that is ended leaves its process behind.
hush() {
	[ -s "$tmp/pids" ] || return 0
	# shellcheck disable=SC2046,SC2016 # one word a process; for the shell in the container
	docker exec "$client" sh -c 'kill "$@"' sh $(cat "$tmp/pids") >/dev/null 2>&1 || :
	: >"$tmp/pids"
}

# --- Waiting, and judging.

# await WHAT COMMAND... waits until a command succeeds, or is out of patience.
await() {
	what=$1
	shift
	end=$(($(date +%s) + patience))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || {
			say "waited ${patience}s in vain: $what"
			return 1
		}
		sleep 0.2
	done
}

# settled: every picket knows the same master, two replicas and two other pickets, and
# both replicas follow that master.
settled() {
	master=$(master_of picket-1)
	for p in $pickets; do
		[ "$(master_of "$p")" = "$master" ] || return 1
		case $(ask "$p" SENTINEL CKQUORUM "$group") in "OK 3 "*) ;; *) return 1 ;; esac
	done
	[ "$(replication "$master" role)" = master ] || return 1
	for s in $servers; do
		[ "$s" = "$master" ] || follows "$s" "$master" || return 1
	done
}

# follows SERVER MASTER
follows() {
	[ "$(replication "$1" master_host)" = "$2" ] && [ "$(replication "$1" master_link_status)" = up ]
}

# switched OLD: all pickets name the same other master, and it says so too.
switched() {
	new=$(master_of picket-1)
	[ -n "$new" ] && [ "$new" != "$1" ] || return 1
	for p in $pickets; do [ "$(master_of "$p")" = "$new" ] || return 1; done
	[ "$(replication "$new" role)" = master ]
}

all_follow() {
	for s in $servers; do
		[ "$s" = "$1" ] || follows "$s" "$1" || return 1
	done
}

heard() { grep -qE "^[^ ]+ ($1) " "$tmp/events" 2>/dev/null; }

# heard_from_all EVENT: each picket has published it.
heard_from_all() {
	for p in $pickets; do grep -qE "^$p $1 " "$tmp/events" 2>/dev/null || return 1; done
}

faults=0
# check WHAT COMMAND... is one line of the verdict.
check() {
	point=$1
	shift
	if "$@"; then
		echo "  ok    $point"
	else
		echo "  WRONG $point"
		faults=$((faults + 1))
	fi
}

same() { [ "$1" = "$2" ]; }
no() { ! "$@"; }

# --- A client that counts: every reply of INCR is a write that was acknowledged.

start_writer() {
	writer=$1
	: >"$tmp/writes"
	on "$writer" SET demo:count 0 >/dev/null
	# shellcheck disable=SC2016
	docker exec "$(container "$writer")" sh -c 'echo $$; exec redis-cli -r 1000000 -i 0.02 INCR demo:count' \
		</dev/null >"$tmp/writes" 2>&1 &
	await "the first writes are acknowledged" wrote
}

wrote() { [ "$(acknowledged)" -ge 5 ]; }

# acknowledged prints the last count that was acknowledged. The first line is the
# process' id, and errors are no numbers.
acknowledged() {
	n=$(sed '1d;/^[0-9][0-9]*$/!d' "$tmp/writes" | tail -n 1)
	echo "${n:-0}"
}

stop_writer() {
	[ -n "${writer:-}" ] || return 0
	# shellcheck disable=SC2016
	docker exec "$(container "$writer")" sh -c 'kill "$1"' sh "$(sed -n 1p "$tmp/writes")" >/dev/null 2>&1 || :
	writer=
}

# tell_lost says what became of the counted writes.
tell_lost() {
	acked=$(acknowledged)
	kept=$(on "$new" GET demo:count)
	lost=$((acked > kept ? acked - kept : 0))
	echo "  lost  $lost of the $acked writes that $old acknowledged"
}

# --- The scenes.

begin() {
	echo "== $1"
	shift
	printf '   %s\n' "$@"
	echo
	choose_compose
	docker inspect "$(compose ps -q redis-1 2>/dev/null | head -n 1)" >/dev/null 2>&1 || start_lab
	project=$(docker inspect -f '{{index .Config.Labels "com.docker.compose.project"}}' "$(compose ps -q redis-1 | head -n 1)")
	network=${project}_lab
	client=$(container redis-2)
	await "three pickets agree on a master with two replicas" settled ||
		give_up "the lab is not in order: see $COMPOSE ps and $COMPOSE logs"
	old=$master
	for s in $servers; do [ "$s" = "$old" ] || client=$(container "$s"); done
	say "$old is the master; times are this machine's"
	listen_to_all || give_up "the pickets take no subscription"
}

start_lab() {
	image=$(compose config | sed -n 's/^ *image: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' | sort -u)
	for i in $image; do
		case $i in *picket*:*) docker image inspect "$i" >/dev/null 2>&1 || [ -n "${PICKET_IMAGE:-}" ] ||
			give_up "there is no image $i: make it with make image, or with docker build -f deploy/compose/Dockerfile.build -t $i ." ;;
		esac
	done
	echo "starting the lab ($COMPOSE up -d)"
	compose up -d >"$tmp/up" 2>&1 || { cat "$tmp/up" >&2; give_up "the lab does not start"; }
}

# finish prints the verdict of what was checked.
finish() {
	echo
	if [ "$faults" -eq 0 ]; then
		echo "VERDICT: ok: $*"
	else
		echo "VERDICT: WRONG: $faults of the points above"
	fi
	[ "$faults" -eq 0 ]
}

# The script counts instead of asking for the time: TIME stands still in the scripts of
# newer servers. So it is measured first how long counting takes here.
# shellcheck disable=SC2016
long_script='for i = 1, 500 do redis.call("SET", KEYS[1] .. i, i) end
local n = 0 for i = 1, tonumber(ARGV[1]) do n = n + 1 end
for i = 501, 1000 do redis.call("SET", KEYS[1] .. i, i) end return 1000'

# rounds SECONDS prints how far the script must count to take so long.
rounds() {
	n=20000000
	{
		echo TIME
		echo "EVAL \"local n = 0 for i = 1, $n do n = n + 1 end return n\" 0"
		echo TIME
	} | docker exec -i "$(container "$old")" redis-cli | tr '\n' ' ' |
		awk -v n=$n -v want="$1" '{ took = ($4 - $1) + ($5 - $2) / 1e6; if (took <= 0) took = 0.1; printf "%.0f\n", n / took * want }'
}

busy() {
	begin "busy: a long script on the master" \
		"A Lua script writes 1000 keys and computes in between, for about ten seconds. The master" \
		"says nothing at all for the first five (busy-reply-threshold), then answers -BUSY to everyone." \
		"To be seen: silent, then script-blocked, then up. Nobody holds it to be down, although" \
		"down-after is two seconds, and nothing fails over. The keys are on all three servers."
	prefix=demo:busy:$$:
	count=$(rounds 10)
	say "a client sends the script to $old"
	on "$old" EVAL "$long_script" 1 "$prefix" "$count" >"$tmp/reply" &
	script=$!
	sleep 1
	say "another client's PING, sent to $old: $(docker exec "$client" redis-cli -h "$old" PING </dev/null 2>&1)"
	wait $script || :
	say "the script's client has its reply: $(cat "$tmp/reply")"
	await "every picket has seen the end of the script" heard_from_all -script-blocked || :
	await "both replicas have the keys" keys_everywhere "$prefix" || :
	hush
	echo
	check "the script ended by itself and was acknowledged" same "$(cat "$tmp/reply")" 1000
	check "its 1000 keys are on all three servers" keys_everywhere "$prefix"
	check "every picket saw a script at work" heard_from_all "\+script-blocked"
	check "nobody held the master to be down: no +sdown, no +odown" no heard '\+sdown|\+odown'
	check "nothing failed over, and $old is master" no heard '\+try-failover|\+switch-master'
	check "the lab is in order again" await "the lab is in order" settled
	check "$old is still the master" same "$master" "$old"
	finish "a master that a script blocks is waited for"
}

keys_everywhere() {
	for s in $servers; do
		[ "$(on "$s" --scan --pattern "$1*" | wc -l)" -eq 1000 ] || return 1
	done
}

kill_scene() {
	begin "kill: the master's container is killed" \
		"docker kill, as a crash would. To be seen: gone, +sdown after two seconds, one picket is" \
		"elected, promotes a replica, and all three say +switch-master. A write that both replicas" \
		"had is on the new master. Then the container is started again: its server still thinks" \
		"it is the master, is fenced and made a replica."
	on "$old" SET demo:kill "$$" >/dev/null
	copies=$(on "$old" WAIT 2 5000)
	say "docker kill $old"
	docker kill "$(container "$old")" >/dev/null
	if await "the pickets switch to another master" switched "$old"; then
		say "$new takes writes: $(on "$new" SET demo:kill:after "$$")"
	fi
	say "docker start $old"
	docker start "$(container "$old")" >/dev/null
	await "$old and the other replica follow $new" all_follow "$new" || :
	hush
	echo
	check "all three pickets published +switch-master" heard_from_all "\+switch-master"
	check "$new is master in place of $old" no same "$new" "$old"
	check "the write that $copies replicas had is on $new" same "$(on "$new" GET demo:kill)" "$$"
	check "$new takes writes" same "$(on "$new" GET demo:kill:after)" "$$"
	check "$old came back as a replica of $new" follows "$old" "$new"
	check "the lab is in order again" await "the lab is in order" settled
	finish "a dead master is replaced, and comes back as a replica"
}

partition() {
	begin "partition: the master's container is cut off from the network, and comes back" \
		"docker network disconnect. A client inside the container goes on writing to the cut-off" \
		"master, which acknowledges everything. To be seen: unreachable, +sdown, a failover on the" \
		"other side. Then the container is connected again, perhaps with another address: the" \
		"old master is fenced (its client gets no more acknowledgements), its divergence is" \
		"published, and it is made a replica. What it acknowledged on its own is lost: that is told."
	before=$(address "$old")
	start_writer "$old"
	say "docker network disconnect $network $old, at $before"
	docker network disconnect "$network" "$(container "$old")"
	await "the pickets switch to another master" switched "$old" || :
	at=$(acknowledged)
	say "docker network connect --alias $old $network $old; it has acknowledged $at writes"
	docker network connect --alias "$old" "$network" "$(container "$old")"
	say "it is at $(address "$old") now"
	await "$old and the other replica follow $new" all_follow "$new" || :
	stop_writer
	hush
	echo
	check "all three pickets published +switch-master" heard_from_all "\+switch-master"
	check "$new is master in place of $old" no same "$new" "$old"
	check "$old came back as a replica of $new" follows "$old" "$new"
	check "its divergence was published" heard "\+divergence"
	check "$old takes no more writes" refuses_writes "$old"
	check "the lab is in order again" await "the lab is in order" settled
	tell_lost
	echo "        $((acked > at ? acked - at : 0)) of them after it was connected again, before it was fenced"
	finish "a master that was cut off is replaced, fenced when it returns, and made a replica"
}

refuses_writes() { on "$1" SET demo:refused 1 | grep -q READONLY; }

switchover() {
	begin "switchover: an operator moves the master" \
		"SENTINEL FAILOVER, while a client writes to the master. To be seen: an election, +switch-master" \
		"from all three pickets at once, and the old master made a replica at once."
	start_writer "$old"
	say "SENTINEL FAILOVER $group, sent to picket-1: $(ask picket-1 SENTINEL FAILOVER "$group")"
	await "the pickets switch to another master" switched "$old" || :
	await "$old and the other replica follow $new" all_follow "$new" || :
	stop_writer
	hush
	echo
	check "all three pickets published +switch-master" heard_from_all "\+switch-master"
	check "nobody held the master to be down" no heard '\+odown'
	check "$new is master in place of $old" no same "$new" "$old"
	check "$old is a replica of $new" follows "$old" "$new"
	check "the lab is in order again" await "the lab is in order" settled
	tell_lost
	finish "the master was moved"
}

cleanup() {
	trap - EXIT INT TERM
	[ -z "${client:-}" ] || hush
	[ -z "${client:-}" ] || stop_writer
	rm -rf "$tmp"
}

[ $# -eq 1 ] || usage
case $1 in
busy | partition | switchover) scene=$1 ;;
kill) scene=kill_scene ;;
*) usage ;;
esac
command -v docker >/dev/null 2>&1 || give_up "docker is not installed"
tmp=$(mktemp -d)
trap cleanup EXIT
trap 'exit 130' INT TERM
$scene
