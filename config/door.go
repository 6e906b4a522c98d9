package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ownCommands are the commands of the RESP door that can be renamed: Sentinel's, and
// QUIT, which only Picket answers.
var ownCommands = []string{"acl", "auth", "client", "command", "hello", "info", "ping", "psubscribe", "publish",
	"punsubscribe", "quit", "role", "sentinel", "shutdown", "subscribe", "unsubscribe"}

// readOwnRename renames a command, or disables it when the new name is empty. A command
// that was renamed before is known by its new name only, as in Redis.
func readOwnRename(c *Config, args []string) error {
	command, ok := c.ownCommand(strings.ToLower(args[0]))
	if !ok {
		return problem{"No such command in rename-command", "Name one of " + strings.Join(ownCommands, ", ") + "."}
	}
	next := strings.ToLower(args[1])
	if _, taken := c.ownCommand(next); taken {
		return problem{"Target command name already exists", "Choose another name."}
	}
	if c.Rename == nil {
		c.Rename = map[string]string{}
	}
	c.Rename[command] = next
	return nil
}

// ownCommand returns the command that answers to name.
func (c *Config) ownCommand(name string) (command string, ok bool) {
	for _, command := range ownCommands {
		now, renamed := c.Rename[command]
		if !renamed {
			now = command
		}
		if now == name && name != "" {
			return command, true
		}
	}
	return "", false
}

func showOwnRename(c *Config) [][]string {
	var lines [][]string
	for _, command := range slices.Sorted(maps.Keys(c.Rename)) {
		lines = append(lines, []string{command, c.Rename[command]})
	}
	return lines
}

// readOutputLimits reads groups of four: class, hard limit, soft limit, seconds. A
// monitor has no replicas, so that class says nothing.
func readOutputLimits(c *Config, args []string) error {
	if len(args)%4 != 0 {
		return problem{"Wrong number of arguments in buffer limit configuration.", ""}
	}
	limits := map[string]OutputLimit{}
	maps.Copy(limits, c.OutputLimits)
	for four := range slices.Chunk(args, 4) {
		class := strings.ToLower(four[0])
		if !slices.Contains([]string{"normal", "slave", "replica", "pubsub"}, class) {
			return problem{"Invalid client class specified in buffer limit configuration.", "Name normal, replica or pubsub."}
		}
		hard, okHard := memory(four[1])
		soft, okSoft := memory(four[2])
		n, okFor := integer(four[3])
		if !okHard || !okSoft || !okFor || n < 0 || n > maxInt {
			return problem{"Error in hard, soft or soft_seconds setting in buffer limit configuration.", ""}
		}
		limits[class] = OutputLimit{Hard: hard, Soft: soft, SoftFor: time.Duration(n) * time.Second}
	}
	delete(limits, "slave")
	delete(limits, "replica")
	c.OutputLimits = limits
	return nil
}

func showOutputLimits(c *Config) [][]string {
	var lines [][]string
	for _, class := range slices.Sorted(maps.Keys(c.OutputLimits)) {
		l := c.OutputLimits[class]
		lines = append(lines, []string{class, inBytes(l.Hard), inBytes(l.Soft), inSeconds(l.SoftFor)})
	}
	return lines
}

func inBytes(n uint64) string { return strconv.FormatUint(n, 10) }
