package estate

import (
	"encoding/json"
	"fmt"
	"os"
)

// Work turns this process into a worker and ends it, if an estate started it as
// one; else it does nothing. It must come first in main or TestMain.
func Work() {
	text, ok := os.LookupEnv(workerEnv)
	if !ok {
		return
	}
	var s spec
	err := json.Unmarshal([]byte(text), &s)
	if err == nil {
		err = serve(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
