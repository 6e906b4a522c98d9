package config

import (
	"fmt"
	"strings"
)

// unsupported holds what Picket is to act upon and does not yet. Silently ignoring such
// a line would be worse than not starting.
var unsupported = map[string]func(c *Config, words []string) error{
	"http-port": refuse("Delete the line."),
	"http-bind": refuse("Delete the line."),
}

func notYet(words []string, advice string) error {
	name := strings.ToLower(strings.Join(nameOf(words), " "))
	return problem{fmt.Sprintf("%s is not supported yet.", name), advice}
}

func refuse(advice string) func(*Config, []string) error {
	return func(_ *Config, words []string) error { return notYet(words, advice) }
}
