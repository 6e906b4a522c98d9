// Package debian is the Debian package of Picket: what it holds (nfpm.yaml), how it
// is made (build.sh, version.sh; nfpm is pinned by the module in tools), what it does
// when it is installed and removed (scripts), and the configuration and the note for
// users of redis-sentinel that come with it.
//
// The package has no code of its own, only tests, which may import the configuration
// and deploy/machine. Some run everywhere; those that build the package, and install,
// upgrade, purge and migrate to it on a booted Debian 12, run with DEPLOY=1.
package debian
