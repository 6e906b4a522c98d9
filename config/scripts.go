package config

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// scriptEntry is a directive that names a script, as Sentinel treats it: it must be
// executable when it is set, and SENTINEL SET may change it only if
// deny-scripts-reconfig is no.
func scriptEntry(name, about string, at func(*Group) *string) entry[Group] {
	return field(at, plain, same).is(settable).doc("sentinel "+name, "<name> <path>", "", about)
}

var (
	notificationScript = scriptEntry("notification-script",
		"run for every event of level warning, with the event and its text as arguments",
		func(g *Group) *string { return &g.Settings.NotificationScript })
	clientReconfigScript = scriptEntry("client-reconfig-script",
		"run at every switch of master; its arguments are the group, leader or observer, start, and the old and the new address and port",
		func(g *Group) *string { return &g.Settings.ClientReconfigScript })
)

// scriptFaults are Sentinel's words for a path that cannot be executed. In the file they
// end in a dot, in the reply to SENTINEL SET they do not.
var scriptFaults = map[string]string{
	notificationScript.Name:   "Notification script seems non existing or non executable",
	clientReconfigScript.Name: "Client reconfiguration script seems non existing or non executable",
}

const scriptsDenied = Refusal("ERR Reconfiguration of scripts path is denied for security reasons. " +
	"Check the deny-scripts-reconfig configuration directive in your Sentinel configuration")

// executable is Sentinel's check of a script: access(2), no more.
func executable(path string) bool { return unix.Access(path, unix.X_OK) == nil }

// checkScript checks the path of a script in the operator's file. It is meant from the
// folder that "dir" names, wherever that stands. What SENTINEL SET saved in our own
// state was checked then; a script that has gone since must not keep a monitor from
// starting, as nobody could edit the state: it is reported when it is run.
func (r *reader) checkScript(e entry[Group], args []string) error {
	fault, ok := scriptFaults[e.Name]
	if !ok || r.ownState {
		return nil
	}
	path := args[0]
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(r.cfg.Dir, path)
	}
	if !executable(path) {
		return problem{fault + ".", "Name a file that this user may execute, or delete the line."}
	}
	return nil
}

// checkScript checks a script that SENTINEL SET names; "" takes it away.
func (req SetRequest) checkScript(e entry[Group], path string) error {
	fault, ok := scriptFaults[e.Name]
	switch {
	case !ok:
		return nil
	case req.DenyScripts:
		return scriptsDenied
	case path != "" && !executable(path):
		return Refusal("ERR " + fault)
	}
	return nil
}
