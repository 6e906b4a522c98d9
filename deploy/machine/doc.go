// Package machine boots a Debian 12 with systemd as its first process, in
// namespaces of its own, and gives tests a hand inside it. A service or a package
// is tried there as on an operator's machine, and this one is left as it was.
//
// It owns the processes of the machines it boots, and nothing outlives them: the
// root lies on a tmpfs that only the machine's mount namespace sees, unpacked from
// .cache/debian (get-debian.sh makes that with debootstrap, and make test-deploy
// runs it), and the first process dies with whoever started it. The network is a
// loopback, so what is installed must be in the image: Debian's redis-server and
// redis-sentinel lie downloaded in /var/cache/apt/archives.
//
// It imports nothing of Picket. Tests call [Boot] or [Bare], which skip where
// DEPLOY=1 is not set or something is missing, and say what. A [Machine] may be
// used from several goroutines. Its own tests boot one.
package machine
