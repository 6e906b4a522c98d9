package resp

import "strconv"

// Proto is the version of the protocol that a connection speaks.
type Proto int

// The versions. A connection starts with RESP2 and changes by HELLO.
const (
	RESP2 Proto = 2
	RESP3 Proto = 3
)

// AppendCommand appends a command as an array of bulk strings, which every
// server reads in both versions.
func AppendCommand(dst []byte, args ...string) []byte {
	dst = AppendArray(dst, len(args))
	for _, a := range args {
		dst = AppendBulk(dst, a)
	}
	return dst
}

// AppendSimple appends +text. Line breaks in it become blanks, since they would end the reply.
func AppendSimple(dst []byte, text string) []byte { return appendLine(dst, '+', text) }

// AppendError appends -text, where text starts with its code, such as "ERR no
// such thing". Line breaks in it become blanks, as in Redis (addReplyErrorLength).
func AppendError(dst []byte, text string) []byte { return appendLine(dst, '-', text) }

// AppendInt appends :n.
func AppendInt(dst []byte, n int64) []byte { return appendHeader(dst, ':', n) }

// AppendBulk appends s as a bulk string.
func AppendBulk(dst []byte, s string) []byte {
	dst = appendHeader(dst, '$', int64(len(s)))
	dst = append(dst, s...)
	return append(dst, "\r\n"...)
}

// AppendVerbatim appends text as a verbatim string of format txt, and as a bulk string in RESP2.
func AppendVerbatim(dst []byte, p Proto, text string) []byte {
	if p != RESP3 {
		return AppendBulk(dst, text)
	}
	dst = appendHeader(dst, '=', int64(len(text)+4))
	dst = append(dst, "txt:"...)
	dst = append(dst, text...)
	return append(dst, "\r\n"...)
}

// AppendNull appends "no such value": _ in RESP3, the null bulk string in RESP2.
func AppendNull(dst []byte, p Proto) []byte {
	if p == RESP3 {
		return append(dst, "_\r\n"...)
	}
	return append(dst, "$-1\r\n"...)
}

// AppendNullArray appends "no such list": _ in RESP3, the null array in RESP2.
func AppendNullArray(dst []byte, p Proto) []byte {
	if p == RESP3 {
		return append(dst, "_\r\n"...)
	}
	return append(dst, "*-1\r\n"...)
}

// AppendArray appends the header of an array of n elements.
func AppendArray(dst []byte, n int) []byte { return appendHeader(dst, '*', int64(n)) }

// AppendMap appends the header of a map of n pairs: %n in RESP3, and an array
// of 2n in RESP2.
func AppendMap(dst []byte, p Proto, n int) []byte {
	if p == RESP3 {
		return appendHeader(dst, '%', int64(n))
	}
	return AppendArray(dst, 2*n)
}

// AppendSet appends the header of a set of n elements, which is an array in RESP2.
func AppendSet(dst []byte, p Proto, n int) []byte {
	if p == RESP3 {
		return appendHeader(dst, '~', int64(n))
	}
	return AppendArray(dst, n)
}

// AppendPush appends the header of an out-of-band message of n elements, which
// is an array in RESP2.
func AppendPush(dst []byte, p Proto, n int) []byte {
	if p == RESP3 {
		return appendHeader(dst, '>', int64(n))
	}
	return AppendArray(dst, n)
}

func appendHeader(dst []byte, kind byte, n int64) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}

func appendLine(dst []byte, kind byte, text string) []byte {
	dst = append(dst, kind)
	for i := range len(text) {
		c := text[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return append(dst, "\r\n"...)
}
