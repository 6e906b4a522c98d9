// Package docs holds the manual: the pages beside this file, README.md first.
//
// The package has tests alone, which hold the pages, and README.md at the top of the
// repository, to the truth: links resolve; every directive, event, verdict and reason
// of the code has its row, and no row is invented; every make target exists; and
// commands run as written.
//
// What becomes of a fenced block stands in the words after its three backticks:
//
//	sh run      run by the tests here, in the order of the page, by one shell in an
//	            empty folder, with picket, redis-server and redis-cli on PATH. Ports
//	            are variables of the form ${A:-7001}; the tests give free ones.
//	output      what the block above prints: each line must come, in order; "..."
//	            stands for anything, and so does each number of milliseconds
//	sh make     make targets, which must exist; CI runs them
//	sh debian   run as root by the package's tests in a booted Debian
//	sh systemd  run by the tests of deploy/systemd
//	sh compose  run by the tests of deploy/compose
//	python, go, php, conf, text and others: programs, files and transcripts
//
// Pages of one tour share a shell: verdicts.md, events.md and scripts.md speak to the
// group that running.md starts.
//
// The tests may import config and monitor, whose words they compare with, and
// deploy/lab, which finds Redis. Processes that a page starts are ended with it.
package docs
