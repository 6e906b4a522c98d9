package resptest

import "runtime"

// Greedy are headers that announce 64 MiB, which a careless reader (go-redis is one)
// would allocate at once: much more than a server may, and little enough for a test
// that fails.
var Greedy = map[string]string{
	"string":     "$67108864\r\n",
	"blob error": "!67108864\r\n",
	"verbatim":   "=67108864\r\n",
	"array":      "*4194304\r\n",
	"map":        "%4194304\r\n",
	"attribute":  "|1\r\n+k\r\n$67108864\r\n",
}

// Allocated returns how many bytes f allocates, with whatever else runs meanwhile.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
