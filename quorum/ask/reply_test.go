package ask

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"picket/monitor"
	"picket/quorum"
)

// anyValue draws what go-redis makes of any reply: numbers, texts, nulls and
// arrays of these, with the words that we look for among the texts.
func anyValue() *rapid.Generator[any] {
	words := append(picketFields(2), "*", "", "ip", "port", "-1", "99999999999999999999", "\x00\r\n")
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Map(rapid.SampledFrom(words), func(s string) any { return s }),
			rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Just(any(nil)),
			rapid.Map(rapid.SliceOfN(anyValue(), 0, 6), func(v []any) any { return v }),
		)
	})
}

func TestNoReplyPanicsAndWhatIsTakenIsWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reply := func() *redis.Cmd { return redis.NewCmdResult(anyValue().Draw(t, "reply"), nil) }
		got := quorum.Answer{Group: "mymaster"}
		var err error
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			err = readIsDown(reply(), &got)
		case 1:
			err = readPeer(reply(), &got)
		case 2:
			err = readSentinel([]*redis.Cmd{reply(), reply(), reply()}, &got)
		}
		if err != nil {
			return
		}
		for _, id := range []quorum.ID{got.Peer, got.Leader, got.Config.Leader} {
			if id != "" && !monitor.ValidID(string(id)) {
				t.Fatalf("took %q for an id", id)
			}
		}
	})
}

// A peer's fields come in any order, with more of them than we know.
func TestFieldsAreReadByName(t *testing.T) {
	f := picketFields(2)
	values := []any{"something new", []any{"nested"}, "another", int64(7)}
	for i := len(f) - 2; i >= 0; i -= 2 {
		values = append(values, f[i], f[i+1])
	}
	got := quorum.Answer{Group: "mymaster"}
	if err := readPeer(redis.NewCmdResult(values, nil), &got); err != nil {
		t.Fatal(err)
	}
	if got.Peer != idOf(2) || got.Boot != 3 || got.Opinion == nil || got.Opinion.Version.Seq != 17 {
		t.Errorf("read %+v", got)
	}
}
