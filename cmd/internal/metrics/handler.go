package metrics

import (
	"log"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry holds everything of Picket, of the Go runtime and of the process. It panics
// when two metrics have one name, which no input can bring about.
func Registry(m *Meter, s Source) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(m.collectors()...)
	return r
}

// maxScrapes is how many scrapes are answered at a time; more are told to come later.
const maxScrapes = 4

// Handler answers scrapes. A series that is wrong is told of in the log and does not
// keep the others back.
func Handler(r *prometheus.Registry, errors *log.Logger) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog: errors, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: maxScrapes,
	})
}
