package resp

// Kind is the type of a reply: the byte that starts it on the wire.
type Kind byte

// The kinds of RESP2 and RESP3. Attributes ('|') are read and passed over;
// streamed strings and aggregates, which no server sends, are an error.
const (
	KindSimple    Kind = '+'
	KindError     Kind = '-'
	KindInt       Kind = ':'
	KindBulk      Kind = '$'
	KindArray     Kind = '*'
	KindNull      Kind = '_'
	KindBool      Kind = '#'
	KindDouble    Kind = ','
	KindBigNumber Kind = '('
	KindBlobError Kind = '!'
	KindVerbatim  Kind = '='
	KindMap       Kind = '%'
	KindSet       Kind = '~'
	KindPush      Kind = '>'
)

const kindAttribute Kind = '|'

// Value is one reply.
type Value struct {
	// Kind is what came over the wire, except that the null bulk string and the
	// null array of RESP2 read as KindNull.
	Kind Kind
	// Str is the text of a simple string, error, bulk, double, big number, blob
	// error or verbatim string (without its "txt:").
	Str string
	// Int is an integer's value; a boolean is 0 or 1.
	Int int64
	// Elems are the elements of an array, set or push; of a map, its keys and
	// values in turn.
	Elems []Value
}

// IsError reports whether the reply is an error of either kind.
func (v Value) IsError() bool { return v.Kind == KindError || v.Kind == KindBlobError }

// Text returns the reply's own text: Str, and an integer in decimal.
func (v Value) Text() string {
	if v.Kind == KindInt || v.Kind == KindBool {
		return formatInt(v.Int)
	}
	return v.Str
}

// Strings returns the texts of an aggregate's elements; of a map, keys and values in turn.
func (v Value) Strings() []string {
	texts := make([]string, len(v.Elems))
	for i, e := range v.Elems {
		texts[i] = e.Text()
	}
	return texts
}

// Fields reads a map, or the flat array that is a map in RESP2. Of a key that
// occurs twice the first value stands.
func (v Value) Fields() map[string]string {
	fields := make(map[string]string, len(v.Elems)/2)
	for i := 0; i+1 < len(v.Elems); i += 2 {
		key := v.Elems[i].Text()
		if _, twice := fields[key]; !twice {
			fields[key] = v.Elems[i+1].Text()
		}
	}
	return fields
}
