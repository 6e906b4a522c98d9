// Package daemon is Picket itself: it joins the pure core to the shells.
//
// One goroutine, the loop, owns the core and steps every input into it. What a
// step asks for goes out at once (events, addresses, effects), except that
// effects which depend on a promise wait until the writer, a second goroutine,
// has made it durable; the writer commits everything that waits in one write.
// The front doors read immutable views, and so does what tells systemd how the groups
// are; it feeds systemd's watchdog for as long as the loop runs. SIGHUP reads the
// configuration file again, and the loop takes it up between two steps.
//
// It may import everything. Tests run the loop against fake shells under
// testing/synctest; whole daemons are tested in deploy/e2e.
package daemon
