// Package acl decides who may do what: users, their passwords and rules, and
// the log of what was refused, as Redis 7.0 has them (acl.c).
//
// It owns the language of rules ("on >secret +@admin -shutdown &+switch-master
// (+ping)"), its error texts, and how users are described in ACL LIST, in the
// lines "user ..." of a configuration file and in an ACL file. Which commands
// there are, and in which categories, it takes as a value, a [Table].
//
// It is pure: values in, values out; no clock, I/O or random. [User] and
// [Users] never change: an edit returns a new value, so that a server can swap
// them under its readers. [Log] belongs to whoever guards it.
//
// It may import the standard library and monitor. Tests are tables of rules and
// what redis-sentinel 7.0.15 makes of them, and a property: what is described
// and read again is described the same.
package acl
