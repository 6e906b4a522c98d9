package resp

import "testing"

func TestAppend(t *testing.T) {
	for _, test := range []struct{ name, got2, got3, want2, want3 string }{
		{"command", string(AppendCommand(nil, "SET", "a b", "")), "", "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$0\r\n\r\n", ""},
		{"simple", string(AppendSimple(nil, "O\r\nK")), "", "+O  K\r\n", ""},
		{"error", string(AppendError(nil, "ERR a\nb")), "", "-ERR a b\r\n", ""},
		{"int", string(AppendInt(nil, -5)), "", ":-5\r\n", ""},
		{"bulk", string(AppendBulk(nil, "a\r\n")), "", "$3\r\na\r\n\r\n", ""},
		{"array", string(AppendArray(nil, 2)), "", "*2\r\n", ""},
		{"null", string(AppendNull(nil, RESP2)), string(AppendNull(nil, RESP3)), "$-1\r\n", "_\r\n"},
		{"null array", string(AppendNullArray(nil, RESP2)), string(AppendNullArray(nil, RESP3)), "*-1\r\n", "_\r\n"},
		{"map", string(AppendMap(nil, RESP2, 2)), string(AppendMap(nil, RESP3, 2)), "*4\r\n", "%2\r\n"},
		{"set", string(AppendSet(nil, RESP2, 2)), string(AppendSet(nil, RESP3, 2)), "*2\r\n", "~2\r\n"},
		{"push", string(AppendPush(nil, RESP2, 2)), string(AppendPush(nil, RESP3, 2)), "*2\r\n", ">2\r\n"},
		{"verbatim", string(AppendVerbatim(nil, RESP2, "ab")), string(AppendVerbatim(nil, RESP3, "ab")), "$2\r\nab\r\n", "=6\r\ntxt:ab\r\n"},
	} {
		if test.got2 != test.want2 || test.got3 != test.want3 {
			t.Errorf("%s: %q and %q, want %q and %q", test.name, test.got2, test.got3, test.want2, test.want3)
		}
	}
}
