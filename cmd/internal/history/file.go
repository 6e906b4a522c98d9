package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fileName is the file in the state folder: a record a line, as JSON. A record
// that changed has a later line with the same id, which holds.
const fileName = "history.jsonl"

// maxLine bounds a line of the file.
const maxLine = 1 << 20

// maxFile is how much of the file is read.
const maxFile = 64 << 20

type file struct {
	path  string
	out   *os.File
	lines int
	torn  bool // the last write left half a line
}

func openFile(dir string) (*file, []Record, error) {
	f := &file{path: filepath.Join(dir, fileName)}
	records, err := f.read()
	if err != nil {
		return nil, nil, err
	}
	if f.out, err = os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
		return nil, nil, fmt.Errorf("open the history: %w", err)
	}
	return f, records, nil
}

// read returns the records in the order of their first lines.
func (f *file) read() ([]Record, error) {
	in, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	defer in.Close()
	var records []Record
	place := map[string]int{}
	lines := bufio.NewScanner(io.LimitReader(in, maxFile))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		f.lines++
		var rec Record
		if json.Unmarshal(lines.Bytes(), &rec) != nil || rec.ID == "" {
			continue // torn by a crash
		}
		if n, known := place[rec.ID]; known {
			records[n] = rec
			continue
		}
		place[rec.ID] = len(records)
		records = append(records, rec)
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("read the history %s: %w", f.path, err)
	}
	f.torn = true // so that the first line of ours stands alone, whatever is before it
	return records, nil
}

// append writes records and waits until they are on disk.
func (f *file) append(records []Record) error {
	var b bytes.Buffer
	if f.torn {
		b.WriteByte('\n')
	}
	for i := range records {
		line, err := json.Marshal(&records[i])
		if err != nil {
			return fmt.Errorf("encode a record of the history: %w", err)
		}
		if len(line) < maxLine {
			b.Write(append(line, '\n'))
			f.lines++
		}
	}
	if _, err := f.out.Write(b.Bytes()); err != nil {
		f.torn = true
		return fmt.Errorf("write the history: %w", err)
	}
	f.torn = false
	if err := f.out.Sync(); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// compact replaces the file by one that holds these records only.
func (f *file) compact(records []Record) error {
	fresh := &file{path: f.path + ".new"}
	var err error
	if fresh.out, err = os.OpenFile(fresh.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600); err != nil {
		return fmt.Errorf("shorten the history: %w", err)
	}
	if err := fresh.append(records); err != nil {
		fresh.close()
		return err
	}
	if err := os.Rename(fresh.path, f.path); err != nil {
		fresh.close()
		return fmt.Errorf("shorten the history: %w", err)
	}
	f.close()
	f.out, f.lines, f.torn = fresh.out, fresh.lines, false
	return nil
}

func (f *file) close() { _ = f.out.Close() } // what was written is synced
