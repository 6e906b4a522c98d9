package config

import (
	"fmt"
	"strings"
)

// unsupported holds what redis-sentinel acts upon and Picket does not yet. Such a line
// is accepted only when it asks for nothing: silently ignoring tls-port would be worse
// than not starting.
var unsupported = map[string]func(c *Config, words []string) error{
	"http-port":                 refuse("Delete the line."),
	"http-bind":                 refuse("Delete the line."),
	"tls-port":                  unless("0"),
	"tls-replication":           unless("no"),
	"tls-cluster":               unless("no"),
	"tls-auth-clients":          unless("yes"),
	"tls-prefer-server-ciphers": unless("no"),
	"tls-session-caching":       unless("yes"),
	"tls-session-cache-size":    unless("20480"),
	"tls-session-cache-timeout": unless("300"),
	"tls-cert-file":             unless(""),
	"tls-key-file":              unless(""),
	"tls-key-file-pass":         unless(""),
	"tls-client-cert-file":      unless(""),
	"tls-client-key-file":       unless(""),
	"tls-client-key-file-pass":  unless(""),
	"tls-dh-params-file":        unless(""),
	"tls-ca-cert-file":          unless(""),
	"tls-ca-cert-dir":           unless(""),
	"tls-protocols":             unless(""),
	"tls-ciphers":               unless(""),
	"tls-ciphersuites":          unless(""),
}

func notYet(words []string, advice string) error {
	name := strings.ToLower(strings.Join(nameOf(words), " "))
	return problem{fmt.Sprintf("%s is not supported yet.", name), advice}
}

func refuse(advice string) func(*Config, []string) error {
	return func(_ *Config, words []string) error { return notYet(words, advice) }
}

// unless accepts the directive at its default.
func unless(standard string) func(*Config, []string) error {
	return func(_ *Config, words []string) error {
		if len(words) == 2 && strings.EqualFold(words[1], standard) {
			return nil
		}
		return notYet(words, "Delete the line.")
	}
}
