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
