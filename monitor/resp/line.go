package resp

import (
	"bufio"
	"bytes"
	"strconv"
)

// firstBuffer is what a reader allocates before anything arrived, in bytes:
// a daemon holds thousands of connections that say little.
const firstBuffer = 1024

// chunk is how much of an announced string is allocated at a time, in bytes.
const chunk = 16 << 10

// readLine returns the next line without its newline. The slice is good until
// the next read. Beyond limit bytes it returns errLineTooLong.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == nil {
		return line[:len(line)-1], tooLong(line, limit)
	}
	var long []byte
	for err == bufio.ErrBufferFull && len(long)+len(line) <= limit {
		long = append(long, line...)
		line, err = r.ReadSlice('\n')
	}
	long = append(long, line...)
	if err == bufio.ErrBufferFull || len(long) > limit {
		return nil, errLineTooLong
	}
	if err != nil {
		return nil, err
	}
	return long[:len(long)-1], tooLong(long, limit)
}

func tooLong(line []byte, limit int) error {
	if len(line) > limit {
		return errLineTooLong
	}
	return nil
}

// readN reads n bytes and the two that end a bulk string, growing with what arrives.
func readN(r *bufio.Reader, n int) (string, error) {
	buf := make([]byte, 0, min(n+2, chunk))
	for len(buf) < n+2 {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(n+2, 2*cap(buf))), buf...)
		}
		m, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if err != nil && len(buf) < n+2 {
			return "", err
		}
	}
	return string(buf[:n]), nil
}

// cutCR removes the carriage return that must end a protocol line.
func cutCR(line []byte) ([]byte, bool) {
	return bytes.CutSuffix(line, []byte{'\r'})
}

// parseInt reads a number as Redis' string2ll does: no plus sign, no leading
// zeros, no blanks, no "-0".
func parseInt(s []byte) (int64, bool) {
	return ParseInt(string(s))
}

// ParseInt reads a signed 64-bit number as Redis does (string2ll): digits with
// at most a minus sign before them; no plus sign, leading zero, blank or "-0".
func ParseInt(s string) (int64, bool) {
	if len(s) > 20 {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
}
