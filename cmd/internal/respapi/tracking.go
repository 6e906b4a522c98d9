package respapi

import (
	"fmt"
	"slices"
	"strings"

	"picket/monitor/resp"
)

// tracking is what a connection asked to be told of keys: CLIENT TRACKING. A
// monitor has no keys, so nothing is ever told; what was asked is kept and shown,
// because clients turn it on wherever they connect.
type tracking struct {
	on, broadcast, optIn, optOut, noLoop bool
	caching                              bool // CLIENT CACHING was called last
	redirect                             int64
	prefixes                             []string // sorted
}

// redirection is what GETREDIR and CLIENT LIST tell: -1 while tracking is off.
func (t *tracking) redirection() int64 {
	if !t.on {
		return -1
	}
	return t.redirect
}

const (
	noSuchRedirect = "ERR The client ID you want redirect to does not exist"
	twoRedirects   = "ERR A client can only redirect to a single other client"
	prefixNoBcast  = "ERR PREFIX option requires BCAST mode to be enabled"
	switchBcast    = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	bcastOpt       = "ERR OPTIN and OPTOUT are not compatible with BCAST"
	inAndOut       = "ERR You can't specify both OPTIN mode and OPTOUT mode"
	switchOpt      = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	cachingIdle    = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
)

// clientTracking looks in Redis' order: the options, then ON or OFF, then whether
// they go together.
func (s *Server) clientTracking(c *call) {
	asked, ok := s.trackingOptions(c)
	if !ok {
		return
	}
	on, ok := c.onOff(c.args[2])
	if !ok {
		return
	}
	if !on {
		c.update(func(p *profile) { p.tracking = tracking{} })
		c.ok()
		return
	}
	old := c.snapshot().tracking
	if problem := asked.conflict(&old); problem != "" {
		c.fail(problem)
		return
	}
	asked.on = true
	if asked.broadcast {
		asked.addPrefixes(old.prefixes)
	}
	if problem := s.tooManyPrefixes(&asked); problem != "" {
		c.fail(problem)
		return
	}
	c.update(func(p *profile) { p.tracking = asked })
	c.ok()
}

// trackingOptions reads what follows ON or OFF.
func (s *Server) trackingOptions(c *call) (t tracking, ok bool) {
	for words := c.args[3:]; len(words) > 0; words = words[1:] {
		option := strings.ToLower(words[0])
		switch {
		case option == "redirect" && len(words) > 1:
			if words = words[1:]; !s.redirectTo(c, &t, words[0]) {
				return t, false
			}
		case option == "prefix" && len(words) > 1:
			words = words[1:]
			t.prefixes = append(t.prefixes, words[0])
		case option == "bcast":
			t.broadcast = true
		case option == "optin":
			t.optIn = true
		case option == "optout":
			t.optOut = true
		case option == "noloop":
			t.noLoop = true
		default:
			c.fail(syntax)
			return t, false
		}
	}
	return t, true
}

func (s *Server) redirectTo(c *call, t *tracking, word string) bool {
	if t.redirect != 0 {
		c.fail(twoRedirects)
		return false
	}
	id, ok := resp.ParseInt(word)
	if !ok {
		c.fail(notAnInteger)
		return false
	}
	if !s.connected(id) {
		c.fail(noSuchRedirect)
		return false
	}
	t.redirect = id
	return true
}

func (s *Server) connected(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[id] != nil
}

// conflict says what of the request does not go together, by itself or with what
// was asked before.
func (t *tracking) conflict(old *tracking) string {
	switch {
	case !t.broadcast && len(t.prefixes) > 0:
		return prefixNoBcast
	case old.on && old.broadcast != t.broadcast:
		return switchBcast
	case t.broadcast && (t.optIn || t.optOut):
		return bcastOpt
	case t.optIn && t.optOut:
		return inAndOut
	case t.optIn && old.optOut, t.optOut && old.optIn:
		return switchOpt
	}
	return t.overlap(old)
}

// overlap finds two prefixes of which one begins with the other
// (checkPrefixCollisionsOrReply).
func (t *tracking) overlap(old *tracking) string {
	begins := func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }
	const text = "ERR Prefix '%s' overlaps with an%s prefix '%s'. Prefixes for a single client must not overlap."
	for i, prefix := range t.prefixes {
		for _, held := range old.prefixes {
			if begins(held, prefix) {
				return fmt.Sprintf(text, prefix, " existing", held)
			}
		}
		for _, other := range t.prefixes[i+1:] {
			if begins(prefix, other) {
				return fmt.Sprintf(text, prefix, "other provided", other)
			}
		}
	}
	return ""
}

// addPrefixes joins those of before; to broadcast without a prefix is to
// broadcast the empty one.
func (t *tracking) addPrefixes(before []string) {
	if len(t.prefixes) == 0 {
		t.prefixes = []string{""}
	}
	t.prefixes = append(t.prefixes, before...)
	slices.Sort(t.prefixes)
	t.prefixes = slices.Compact(t.prefixes)
}

// tooManyPrefixes bounds what a client can make the server hold; Redis does not.
func (s *Server) tooManyPrefixes(t *tracking) string {
	limits := &s.cfg.Limits
	if len(t.prefixes) > limits.Patterns {
		return fmt.Sprintf("ERR a client may have at most %d prefixes", limits.Patterns)
	}
	for _, prefix := range t.prefixes {
		if len(prefix) > limits.PatternName {
			return fmt.Sprintf("ERR a prefix may have at most %d bytes", limits.PatternName)
		}
	}
	return ""
}

func (s *Server) clientCaching(c *call) {
	t := c.snapshot().tracking
	switch word := strings.ToLower(c.args[2]); {
	case !t.on:
		c.fail(cachingIdle)
	case word != "yes" && word != "no":
		c.fail(syntax)
	case word == "yes" && !t.optIn:
		c.fail("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case word == "no" && !t.optOut:
		c.fail("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	default:
		c.update(func(p *profile) { p.tracking.caching = true })
		c.ok()
	}
}

func (s *Server) clientTrackingInfo(c *call) {
	t := c.snapshot().tracking
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(!t.on, "off")
	add(t.on, "on")
	add(t.broadcast, "bcast")
	add(t.optIn, "optin")
	add(t.optIn && t.caching, "caching-yes")
	add(t.optOut, "optout")
	add(t.optOut && t.caching, "caching-no")
	add(t.noLoop, "noloop")
	add(t.redirect != 0 && !s.connected(t.redirect), "broken_redirect")
	c.mapOf(3)
	c.bulk("flags")
	c.set(len(words))
	for _, w := range words {
		c.bulk(w)
	}
	c.bulk("redirect")
	c.number(t.redirection())
	c.bulk("prefixes")
	c.bulks(t.prefixes)
}

func (s *Server) clientGetRedir(c *call) {
	t := c.snapshot().tracking
	c.number(t.redirection())
}
