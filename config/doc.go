// Package config speaks sentinel.conf and owns what must survive a restart.
//
// # What it owns
//
// [Load] reads the file that the operator gave, with the directives of the command
// line appended, and reports every error in it at once. One table holds every
// directive ([Directives]); the options of a group in it serve the file and SENTINEL
// SET alike ([Group.Set]), so that the two cannot drift apart.
//
// An include line is read in its place; what it names is never written. A monitor line
// in the main file outweighs one in an included file, for the main file is what a Store
// rewrites; of other directives the later line wins, as in Redis.
//
// A [Lock] keeps a second picket off the same file or state-dir.
//
// A [Store] makes a [State] durable before [Store.Save] returns. [ReplaceFile] writes
// other files, the one of ACL SAVE, with the same care.
//
// Without state-dir the state goes into the operator's own file, as redis-sentinel does
// it: lines keep their place, comments and unknown lines stay, a line is changed only
// when its value is. What redis-sentinel has no directive for is kept in comment lines
// that begin with "# picket:", so that it can read the file back; the exceptions are the
// options of a group that only Picket has (busy-policy and its like), which are written
// as directives once the operator or SENTINEL SET has used them. Settings of groups, and
// those of [Globals], that came from the command line are written too, as by
// redis-sentinel; other directives of the command line are not. A monitor line on the
// command line for a group that the file already has changes the quorum only: the file
// may have followed a failover meanwhile.
//
// With state-dir the operator's file is never written; the state lives in
// DIR/state.conf, in the same syntax and closed by a checksum. Topology, epochs and votes
// come from it; settings come from the file and the command line, but for those changed
// by SENTINEL SET, until the operator changes their value in the file.
//
// Lines of users ("user <name> <rule> ...") are read and written here, and kept as
// settings are, each user by itself; what their rules mean is not known here. A user who
// was deleted although an included file or the command line has its line is named in a
// note, and stays away until that line changes.
//
// # What it may import
//
// The pure core (failover, quorum, monitor) and the standard library.
//
// # Who owns concurrency
//
// Nobody here starts a goroutine or takes a lock. A Store belongs to one goroutine, the
// daemon's writer. Load is called before there are others. Group.Set changes only the
// group that it is called on.
//
// # How it is tested
//
// Tables for directives, errors and SENTINEL SET (deploy/e2e compares them with
// redis-sentinel, line by line); properties for quoting and for "read,
// rewrite, read again changes nothing"; a disk that fails at each step of a save; a file
// that redis-sentinel 7.0.15 itself wrote.
package config
