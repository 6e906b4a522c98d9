//go:build race

package metrics

import "time"

// limit allows for what the race detector costs.
const limit = 5 * time.Second
