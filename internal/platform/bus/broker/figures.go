package broker

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
)

// Figures are what a broker counts, since it was started unless said otherwise.
type Figures struct {
	Name          string // of the broker
	Connections   int    // now
	Gateways      int    // of these
	Cloud         int    // parts of the cloud that are connected now, with those of this program
	Routes        int    // now, to other brokers
	Subscriptions uint32 // now
	Accepted      uint64 // connections let in by their certificate
	Refused       uint64
	Provoked      uint64 // log lines that clients provoked: refused handshakes, subjects that are not theirs
	MessagesIn    int64
	BytesIn       int64
	MessagesOut   int64
	BytesOut      int64
	SlowConsumers int64  // peers that were disconnected because they did not read
	StreamItems   uint64 // packs of reports kept now, of all streams on this broker
	StreamBytes   uint64 // on disk now
}

// Connections is how many are connected now.
func (s *Server) Connections() int { return max(0, s.nats.NumClients()-1) } // without the one that gathers reports

// Figures reads them all; cheap enough for each scrape.
func (s *Server) Figures() (Figures, error) {
	f := Figures{
		Name: s.nats.Name(), Connections: s.Connections(), Cloud: s.gate.parts(), Routes: s.nats.NumRoutes(), Subscriptions: s.nats.NumSubscriptions(),
		Accepted: s.gate.accepted.Load(), Refused: s.gate.refused.Load(), Provoked: s.notes.provoked.Load(),
		SlowConsumers: s.nats.NumSlowConsumers(),
	}
	f.Gateways = max(0, s.nats.NumClients()-f.Cloud)
	v, err := s.nats.Varz(nil)
	if err != nil {
		return f, fmt.Errorf("broker's figures: %w", err)
	}
	f.MessagesIn, f.BytesIn, f.MessagesOut, f.BytesOut = v.InMsgs, v.InBytes, v.OutMsgs, v.OutBytes
	js, err := s.nats.Jsz(&server.JSzOptions{})
	if err != nil {
		return f, fmt.Errorf("broker's figures: %w", err)
	}
	f.StreamItems, f.StreamBytes = js.Messages, js.Bytes
	return f, nil
}

// Routes is how many routes to other brokers stand; a pair of brokers keeps several.
func (s *Server) Routes() int { return s.nats.NumRoutes() }
