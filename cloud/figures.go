package cloud

import (
	"github.com/prometheus/client_golang/prometheus"
)

// figures are the counters of broker and worker for /metrics. No label names a home.
type figures struct{ s *Server }

type figure struct {
	name, help string
	kind       prometheus.ValueType
	value      float64
}

// Describe says that what is collected depends on the roles: an unchecked collector.
func (figures) Describe(chan<- *prometheus.Desc) {}

// Collect reads them.
func (f figures) Collect(out chan<- prometheus.Metric) {
	for _, v := range append(f.worker(), f.broker()...) {
		d := prometheus.NewDesc("cardea_"+v.name, v.help, nil, nil)
		out <- prometheus.MustNewConstMetric(d, v.kind, v.value)
	}
}

func (f figures) worker() []figure {
	if f.s.worker == nil {
		return nil
	}
	st, hooks := f.s.worker.Stats(), f.s.rooms.Webhooks.Counts()
	const count, gauge = prometheus.CounterValue, prometheus.GaugeValue
	return []figure{
		{"ingest_reports_total", "Reports taken out of the stream.", count, float64(st.Reports)},
		{"ingest_items_stored_total", "Items stored.", count, float64(st.Stored)},
		{"ingest_items_skipped_total", "Items that had been stored before.", count, float64(st.Skipped)},
		{"ingest_items_erased_total", "Items of before their home or device was erased: not kept.", count, float64(st.Erased)},
		{"ingest_items_refused_total", "Messages and items that could not be taken.", count, float64(st.Refused)},
		{"ingest_items_unknown_total", "Items of a kind that only a newer cloud knows.", count, float64(st.Unknown)},
		{"ingest_items_missing_total", "Sequence numbers that never came.", count, float64(st.Missing)},
		{"ingest_batches_total", "Transactions.", count, float64(st.Batches)},
		{"ingest_batches_failed_total", "Transactions that failed and come again.", count, float64(st.Failed)},
		{"ingest_busy_seconds_total", "Time spent in transactions.", count, st.Busy.Seconds()},
		{"ingest_behind_seconds", "How old the newest batch's oldest report was.", gauge, st.Behind.Seconds()},
		{"ingest_partitions", "Partitions held by this process.", gauge, float64(st.Partitions)},
		{"heartbeats_total", "Heartbeats written.", count, float64(st.Beats)},
		{"heartbeats_lost_total", "Heartbeats that could not be kept, or not read.", count, float64(st.BeatsLost)},
		{"webhook_sent_total", "Events that receivers took.", count, float64(hooks.Sent)},
		{"webhook_failed_total", "Tries of events that receivers did not take.", count, float64(hooks.Failed)},
		{"webhook_paused_total", "Receivers that were paused because they failed for too long, or too much waited for them.", count, float64(hooks.Paused)},
		{"nudges_total", "Commands to fetch the desired state.", count, float64(st.Nudges)},
	}
}

func (f figures) broker() []figure {
	if f.s.broker == nil {
		return nil
	}
	b, err := f.s.broker.Figures()
	if err != nil {
		return nil
	}
	const count, gauge = prometheus.CounterValue, prometheus.GaugeValue
	return []figure{
		{"broker_connections", "Connections now.", gauge, float64(b.Connections)},
		{"broker_routes", "Other brokers connected.", gauge, float64(b.Routes)},
		{"broker_accepted_total", "Connections let in.", count, float64(b.Accepted)},
		{"broker_refused_total", "Connections refused.", count, float64(b.Refused)},
		{"broker_messages_in_total", "Messages that came in.", count, float64(b.MessagesIn)},
		{"broker_messages_out_total", "Messages that went out.", count, float64(b.MessagesOut)},
		{"broker_bytes_in_total", "Bytes that came in.", count, float64(b.BytesIn)},
		{"broker_bytes_out_total", "Bytes that went out.", count, float64(b.BytesOut)},
		{"broker_slow_consumers_total", "Peers that were disconnected because they did not read.", count, float64(b.SlowConsumers)},
		{"broker_stream_messages", "Packs of reports that wait to be stored.", gauge, float64(b.StreamItems)},
		{"broker_stream_bytes", "Their bytes on disk.", gauge, float64(b.StreamBytes)},
	}
}
