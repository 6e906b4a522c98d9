package config

import "strconv"

// httpTable is about the door for metrics, load balancers and browsers. Nobody logs in
// there: it shows no secret and changes nothing, and is reached from this machine alone
// unless http-bind says otherwise.
var httpTable = []entry[Config]{
	field(func(c *Config) *int { return &c.HTTPPort }, count(0, 65535), strconv.Itoa).
		doc("http-port", "<port>", "TCP port", "where metrics, health and the page are read over HTTP; 0: nowhere"),
	{min: 1, max: -1, read: func(c *Config, args []string) error { return readAddresses(&c.HTTPBind, args) },
		show: func(c *Config) [][]string { return [][]string{c.HTTPBind} },
		Directive: Directive{Name: "http-bind", Syntax: "<address> [<address> ...]",
			About: "addresses of http-port; one with a leading - may be missing on this machine"}},
}
