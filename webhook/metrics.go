package webhook

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"signdesk/bot"
)

// Metrics count what happens, for Prometheus.
type Metrics struct {
	registry *prometheus.Registry
	turns    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	sends    *prometheus.CounterVec
}

// NewMetrics returns counters. outbox tells how many deliveries are owed, and how
// old the oldest is.
func NewMetrics(outbox func() (owed int, oldest time.Duration)) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(),
		turns: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "signdesk_turns_total", Help: "Messages taken, by channel and what they came to."}, []string{"channel", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "signdesk_turn_seconds", Help: "From a message to its turn on disk.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, []string{"channel"}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "signdesk_send_errors_total", Help: "Sends that failed, by channel and kind."}, []string{"channel", "kind"}),
	}
	depth := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "signdesk_outbox_owed", Help: "Deliveries owed."},
		func() float64 { n, _ := outbox(); return float64(n) })
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "signdesk_outbox_age_seconds", Help: "Age of the oldest delivery owed."},
		func() float64 { _, d := outbox(); return d.Seconds() })
	m.registry.MustRegister(m.turns, m.took, m.sends, depth, age, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Turn counts a turn; it suits [bot.Options].Observe.
func (m *Metrics) Turn(channel string, o bot.Outcome, took time.Duration) {
	m.turns.WithLabelValues(channel, string(o)).Inc()
	m.took.WithLabelValues(channel).Observe(took.Seconds())
}

// SendFailed counts a send that failed.
func (m *Metrics) SendFailed(channel, kind string) { m.sends.WithLabelValues(channel, kind).Inc() }

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
