//go:build !race

package metrics

import "time"

const limit = 300 * time.Millisecond
