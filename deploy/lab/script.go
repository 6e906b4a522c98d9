package lab

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Script is work that blocks a server: the commands to send on one connection,
// the last of which is the one that blocks.
type Script struct {
	Name     string
	Setup    [][]string // sent first; their replies must not be errors
	Commands [][]string
}

// clock is Lua that reads the server's clock in microseconds.
const clock = `local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
local stop = now() + ARGV[1] * 1000
`

// writing sets up to ARGV[2] keys, and goes on asking the time until it is over.
const writing = clock + `local n = 0
repeat
  if n < tonumber(ARGV[2]) then n = n + 1 redis.call('SET', KEYS[1] .. ':' .. n, n) end
until now() >= stop
return n`

const reading = clock + `repeat redis.call('GET', KEYS[1]) until now() >= stop
return 'read'`

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Writing is an EVAL that runs for d and sets the given number of keys, named
// prefix:1, prefix:2 and so on.
func Writing(d time.Duration, prefix string, keys int) Script {
	return Script{Name: "writing EVAL", Commands: [][]string{
		{"EVAL", writing, "1", prefix, millis(d), strconv.Itoa(keys)}}}
}

// Reading is an EVAL that runs for d and writes nothing.
func Reading(d time.Duration) Script {
	return Script{Name: "read-only EVAL", Commands: [][]string{{"EVAL", reading, "1", "lab:none", millis(d)}}}
}

// Function is an FCALL that runs for d and sets keys as Writing does.
func Function(d time.Duration, prefix string, keys int) Script {
	library := "#!lua name=lab\nredis.register_function('lab_write', function(KEYS, ARGV)\n" + writing + "\nend)"
	return Script{Name: "writing FCALL",
		Setup:    [][]string{{"FUNCTION", "LOAD", "REPLACE", library}},
		Commands: [][]string{{"FCALL", "lab_write", "1", prefix, millis(d), strconv.Itoa(keys)}}}
}

// ReadingFunction is an FCALL that runs for d and writes nothing.
func ReadingFunction(d time.Duration) Script {
	library := "#!lua name=labread\nredis.register_function('lab_read', function(KEYS, ARGV)\n" + reading + "\nend)"
	return Script{Name: "read-only FCALL",
		Setup:    [][]string{{"FUNCTION", "LOAD", "REPLACE", library}},
		Commands: [][]string{{"FCALL", "lab_read", "1", "lab:none", millis(d)}}}
}

// Transaction puts a script between two writes of one MULTI/EXEC.
func Transaction(s Script, prefix string) Script {
	commands := [][]string{{"MULTI"}, {"SET", prefix + ":before", "1"}}
	commands = append(commands, s.Commands...)
	commands = append(commands, []string{"SET", prefix + ":after", "1"}, []string{"EXEC"})
	return Script{Name: s.Name + " in MULTI/EXEC", Setup: s.Setup, Commands: commands}
}

// ManySets is an EVAL that sets n keys as fast as it can.
func ManySets(n int, prefix string) Script {
	return Script{Name: fmt.Sprintf("EVAL of %d SETs", n), Commands: [][]string{{
		"EVAL", "for i = 1, ARGV[1] do redis.call('SET', KEYS[1] .. ':' .. i, i) end return tonumber(ARGV[1])", "1", prefix, strconv.Itoa(n)}}}
}

// ScriptResult is how a script ended.
type ScriptResult struct {
	Reply any
	Err   error
	Began time.Time
	Ended time.Time
}

// Run runs a script on a server, on a connection of its own. The result comes
// when the client has its reply.
func (r *Redis) Run(ctx context.Context, s Script) <-chan ScriptResult {
	done := make(chan ScriptResult, 1)
	go func() { done <- r.run(ctx, s) }()
	return done
}

func (r *Redis) run(ctx context.Context, s Script) (res ScriptResult) {
	c, err := r.Dial(ctx)
	if err != nil {
		return ScriptResult{Err: err}
	}
	defer c.Close()
	for _, cmd := range s.Setup {
		if _, err := c.Do(ctx, cmd...); err != nil {
			return ScriptResult{Err: fmt.Errorf("prepare %s: %w", s.Name, err)}
		}
	}
	res.Began = time.Now()
	for _, cmd := range s.Commands {
		if res.Reply, res.Err = c.Do(ctx, cmd...); res.Err != nil {
			break
		}
	}
	res.Ended = time.Now()
	return res
}
