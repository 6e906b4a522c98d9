package debian

import (
	"strings"
	"testing"

	"picket/deploy/machine"
)

const (
	cli  = "redis-cli --no-auth-warning -a s3cret "
	told = "redis-cli --no-auth-warning -a p4ss -p 26379 "
)

// sentinelConf is what an administrator says in Debian's /etc/redis/sentinel.conf. The
// line of the default user, which the first start wrote, would outweigh requirepass.
const sentinelConf = `
systemctl stop redis-sentinel
sed -i -e '/^user default/d' -e 's/^sentinel monitor .*/sentinel monitor mymaster 127.0.0.1 6379 1/' -e 's/^sentinel down-after.*/sentinel down-after-milliseconds mymaster 3000/' /etc/redis/sentinel.conf
printf 'sentinel auth-pass mymaster s3cret\nrequirepass p4ss\n' >>/etc/redis/sentinel.conf
`

// A redis-sentinel that has written its file, with passwords, is replaced by the
// commands of deploy/docs/migrate.md as they stand there.
func TestARedisSentinelIsReplacedByTheCommandsOfTheGuide(t *testing.T) {
	machine.Needs(t)
	commands, path := migration(t), deb(t, "1.0.0")
	h := boot(t)
	h.run("cd /var/cache/apt/archives && apt-get install -qq -y ./*.deb </dev/null 2>&1")
	h.run("sed -i 's/^# requirepass .*/requirepass s3cret/; $ a masterauth s3cret' /etc/redis/redis.conf")
	// A replica in a service of its own.
	h.run("sed -e 's/^port .*/port 6380/; s/^dbfilename .*/dbfilename replica.rdb/; s|^pidfile .*|pidfile /run/redis-replica/redis-server.pid|' " +
		"-e '$ a replicaof 127.0.0.1 6379' /etc/redis/redis.conf >/etc/redis/redis-replica.conf; chown redis:redis /etc/redis/redis-replica.conf")
	h.run(sentinelConf)
	h.run("systemctl restart redis-server redis-sentinel; systemctl start redis-server@replica")
	h.until(told + "sentinel master mymaster | grep -A1 -x num-slaves | grep -qx 1")
	h.until("grep -q '^sentinel known-replica mymaster 127.0.0.1 6380' /etc/redis/sentinel.conf")
	id := h.run(told + "sentinel myid")

	runSteps(h, []step{
		{"installing changes nothing", func(h host) {
			if said := h.install(path); !strings.Contains(said, "README.Debian") {
				h.t.Errorf("it does not say what to do: %s", said)
			}
			h.want("systemctl is-active picket redis-sentinel || true; systemctl is-enabled picket redis-sentinel || true", "inactive\nactive\ndisabled\nenabled")
			h.want("cd /root && apt-get install -qq -y --reinstall ./picket.deb </dev/null >/dev/null 2>&1; systemctl is-active picket || true; systemctl is-enabled picket || true",
				"inactive\ndisabled")
			h.want("systemctl --failed --no-legend", "")
		}},
		{"the commands", func(h host) {
			for _, command := range commands {
				h.run(command + " 2>&1")
			}
			h.want("systemctl is-active picket redis-sentinel || true; systemctl is-enabled picket redis-sentinel || true", "active\ninactive\nenabled\ndisabled")
			h.want("stat -c '%a %U:%G' /etc/picket/sentinel.conf", "640 root:picket")
		}},
		{"what it watches", func(h host) {
			h.want("picket ping --pass p4ss", "PONG")
			h.want(told+"sentinel myid", id)
			h.want(told+"sentinel get-master-addr-by-name mymaster", "127.0.0.1\n6379")
			h.until(told + "sentinel replicas mymaster | grep -A1 -x flags | grep -qx slave")
			h.want(told+"sentinel ckquorum mymaster", "OK 1 usable Sentinels. Quorum and failover authorization can be reached")
		}},
		{"it fails over with the passwords of the file", func(h host) {
			h.want(told+"sentinel failover mymaster", "OK")
			h.until(cli + "-p 6380 role | head -n 1 | grep -qx master")
			h.until(told + "sentinel get-master-addr-by-name mymaster | grep -qx 6380")
			h.run("grep -q 6380 /var/lib/picket/state.conf")
			h.fail("grep '^sentinel monitor.*6380' /etc/picket/sentinel.conf")
		}},
		{"it needs nothing of Redis' packages", func(h host) {
			h.run("apt-get purge -qq -y redis-sentinel redis-server redis-tools </dev/null 2>&1; test ! -e /var/lib/redis")
			h.run("systemctl restart picket")
			h.want("picket ping --pass p4ss", "PONG")
		}},
	})
}
