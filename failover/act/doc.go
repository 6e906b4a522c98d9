// Package act carries out the effects that a group's brain asks for on Redis
// instances: promote, repoint, fence, unfence, kill a script.
//
// It owns short-lived connections, one for each action, and the reading of what
// came of it; it decides nothing and repeats nothing on its own account. What it
// needs from the outside it asks of [Links]. It may import monitor and
// monitor/resp, and no other shell. An [Actor] has no state and may be used from any goroutine; an
// action ends when its context does.
//
// Tests script a server over in-memory connections for every outcome; what only
// a real server can show is tested against redis-server.
package act
