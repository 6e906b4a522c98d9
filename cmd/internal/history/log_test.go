package history

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func record(id string, outcome Outcome) Record {
	return Record{ID: id, Kind: KindFailover, Group: "main", Outcome: outcome, Start: time.UnixMilli(1000).UTC(), Timeline: []Moment{}}
}

func openLog(t *testing.T, dir string) *Log {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(list []Record) string {
	var s []string
	for _, rec := range list {
		s = append(s, rec.ID+"="+string(rec.Outcome))
	}
	return strings.Join(s, " ")
}

func TestRecordsOutliveTheMonitor(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	l.Keep(record("1-1", OutcomeRunning))
	l.Keep(record("1-2", OutcomeRunning))
	l.Keep(record("1-1", OutcomeSwitched))
	l.Close()
	l = openLog(t, dir)
	if got := names(l.Records("main")); got != "1-2=interrupted 1-1=switched" {
		t.Errorf("after a restart: %s", got)
	}
	want := record("1-1", OutcomeSwitched)
	if diff := cmp.Diff(want, l.Records("main")[1]); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if durable, err := l.Durable(); !durable || err != nil {
		t.Errorf("durable %t, %v", durable, err)
	}
	if got := l.Records("other"); len(got) != 0 {
		t.Errorf("another group has %s", names(got))
	}
	l.Close()
}

func TestWithoutAFolderTheyAreKeptInMemory(t *testing.T) {
	l := openLog(t, "")
	l.Keep(record("1-1", OutcomeSwitched))
	if durable, _ := l.Durable(); durable || names(l.Records("")) != "1-1=switched" {
		t.Errorf("durable %t, %s", durable, names(l.Records("")))
	}
	l.Close()
}

func TestATornFileLosesTheTornLineOnly(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	l.Keep(record("1-1", OutcomeSwitched))
	l.Close()
	path := filepath.Join(dir, fileName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, `{"id":"1-2","gro`...), 0o600); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, dir)
	l.Keep(record("2-1", OutcomeSwitched))
	l.Close()
	l = openLog(t, dir)
	if got := names(l.Records("")); got != "2-1=switched 1-1=switched" {
		t.Errorf("read back: %s", got)
	}
	l.Close()
}

func TestTheFileAndTheMemoryAreBounded(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	for n := range 6 * MaxRecords {
		l.Keep(record(fmt.Sprint("1-", n), OutcomeSwitched))
		for n%(maxWaiting/2) == 0 && !l.idle() { // nothing may be lost
			runtime.Gosched()
		}
	}
	l.Close()
	l = openLog(t, dir)
	defer l.Close()
	if got := len(l.Records("")); got != MaxRecords || l.file.lines > 4*MaxRecords+1 {
		t.Errorf("%d records, %d lines", got, l.file.lines)
	}
	if got := l.Records("")[0].ID; got != fmt.Sprint("1-", 6*MaxRecords-1) {
		t.Errorf("the newest is %s", got)
	}
}

func (l *Log) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) == 0
}

// A storm is more than may wait, and a disk that refuses for a while loses lines: both
// are made good by writing the file anew.
func TestWhatFoundNoRoomIsWrittenLater(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	l.mu.Lock() // as a disk that takes no time for it: nothing is written meanwhile
	for n := range 2 * maxWaiting {
		rec := record(fmt.Sprint("1-", n), OutcomeSwitched)
		l.put(rec)
		l.await(rec)
	}
	l.mu.Unlock()
	l.Close()
	l = openLog(t, dir)
	if got := len(l.Records("")); got != 2*maxWaiting {
		t.Errorf("%d records outlived the monitor, of %d", got, 2*maxWaiting)
	}
	_ = l.file.out.Close() // the disk refuses
	l.Keep(record("2-1", OutcomeSwitched))
	for {
		if _, err := l.Durable(); err != nil {
			break
		}
	}
	l.Keep(record("2-2", OutcomeSwitched))
	l.Close()
	l = openLog(t, dir)
	defer l.Close()
	if got := names(l.Records(""))[:len("2-2=switched 2-1=switched")]; got != "2-2=switched 2-1=switched" {
		t.Errorf("after the disk took lines again: %s", got)
	}
}

func TestFailoversStayLongest(t *testing.T) {
	l := openLog(t, "")
	l.Keep(record("1-0", OutcomeSwitched))
	for n := range 2 * MaxRecords {
		rec := record(fmt.Sprint("2-", n), OutcomeNotAllowed)
		rec.Kind = KindRefused
		l.Keep(rec)
	}
	if got := l.Records(""); len(got) != MaxRecords || got[MaxRecords-1].ID != "1-0" {
		t.Errorf("%d records, the oldest is %s", len(got), got[len(got)-1].ID)
	}
	l.Close()
}

func TestADiskThatRefusesIsToldOf(t *testing.T) {
	l := openLog(t, t.TempDir())
	l.file.close()
	l.Keep(record("1-1", OutcomeSwitched))
	for {
		if _, err := l.Durable(); err != nil {
			break
		}
	}
	if names(l.Records("")) != "1-1=switched" {
		t.Error("the record is lost in memory, too")
	}
	l.Close()
}
