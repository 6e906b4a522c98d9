// Package systemd tests the units beside it: picket.service, picket@.service for
// several on one host, and the user that they run as.
//
// The package has no code of its own. Some tests read the units with the
// systemd-analyze of this machine; the others install them into a booted Debian
// (deploy/machine), beside Debian's redis-server, and use them as an operator does:
// they run with DEPLOY=1. So do the commands of deploy/docs/systemd.md, as written.
package systemd
