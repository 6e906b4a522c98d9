package daemon

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"picket/cmd/internal/acl"
	"picket/cmd/internal/respapi"
	"picket/config"
)

// Whatever ACL SETUSER takes, the next start reads from the configuration file as the
// same user; and ACL LOAD from the ACL file.
func TestWhateverUserIsTakenIsReadBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		set := acl.NewUsers(respapi.ACLTable(), acl.ForbidChannels)
		for taken, tries := 0, 0; taken < 150 && tries < 3000; tries++ {
			if next, err := set.Set(fmt.Sprintf("u%d%s", taken, anyText(rng)), anyRules(rng)); err == nil {
				set, taken = next, taken+1
			}
		}
		if len(set.All()) < 100 {
			t.Fatalf("only %d users were taken", len(set.All()))
		}
		compareUsers(t, "configuration file", readBack(t, set), set)
		loaded, err := set.Load("f", strings.Join(set.Lines(), "\n")+"\n")
		if err != nil {
			t.Fatal(err)
		}
		compareUsers(t, "ACL file", loaded, set)
	}
}

func compareUsers(t *testing.T, where string, got, want *acl.Users) {
	t.Helper()
	g, w := got.Lines(), want.Lines()
	if len(g) != len(w) {
		t.Fatalf("%s: %d users, want %d", where, len(g), len(w))
	}
	for i := range w {
		if strings.Replace(g[i], " sanitize-payload", "", 1) != strings.Replace(w[i], " sanitize-payload", "", 1) {
			t.Errorf("%s: read back as\n%s\nwant\n%s", where, g[i], w[i])
		}
	}
}

// readBack saves the users and starts again.
func readBack(t *testing.T, set *acl.Users) *acl.Users {
	t.Helper()
	path := confFile(t, "port 1\n")
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := config.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	state := cfg.State()
	state.Users = (&users{}).lines(set)
	if err := store.Save(state); err != nil {
		t.Fatal(err)
	}
	if cfg, err = config.Load(path, nil); err != nil {
		t.Fatal(err)
	}
	again, err := (&Daemon{cfg: cfg, log: zap.NewNop()}).defineUsers(acl.NewUsers(respapi.ACLTable(), acl.ForbidChannels))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// anyText draws from what the languages of rules and of files give a meaning to.
func anyText(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(5) {
		b.WriteString(pick(rng, "a", "*", "(", ")", `"`, `'`, `\`, "#", "~", "%", "|", "x41", "n", "\xff", "é", ">", "@", "\u00a0"))
	}
	return b.String()
}

func pick(rng *rand.Rand, words ...string) string { return words[rng.IntN(len(words))] }

func anyRule(rng *rand.Rand) string {
	if rng.IntN(4) == 0 {
		return pick(rng, "+@all", "-@all", "+@admin", "-@dangerous", "+ping", "-ping", "+client", "-client|kill", "allkeys", "resetkeys",
			"allchannels", "resetchannels")
	}
	return pick(rng, "~", "~", "%R~", "%W~", "%RW~", "%r", "&", "&", "+ping|", "+publish|") + anyText(rng)
}

func anyRules(rng *rand.Rand) []string {
	var rules []string
	for range rng.IntN(6) {
		rule := anyRule(rng)
		switch rng.IntN(5) {
		case 0:
			rule = "(" + rule + " " + anyRule(rng) + ")"
		case 1:
			rule = `("` + rule + `" '` + anyRule(rng) + `')`
		case 2:
			rule = pick(rng, "on", "off", "nopass", ">"+rule, "reset", "resetpass", "("+rule+")", "("+rule, rule+")")
		}
		rules = append(rules, rule)
	}
	return slices.Clip(rules)
}
