package control

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Publish hands an event to every subscriber; it never blocks.
func (s *Server) Publish(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch, lost := range s.subs {
		select {
		case ch <- e:
		default:
			*lost++
		}
	}
}

func (s *Server) subscribe() (chan Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subs) >= maxSubscribers {
		return nil, false
	}
	ch := make(chan Event, subscriberQueue)
	s.subs[ch] = new(uint64)
	return ch, true
}

func (s *Server) unsubscribe(ch chan Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subs, ch)
}

// lost returns and clears how many events a subscriber missed.
func (s *Server) lost(ch chan Event) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.subs[ch]
	if p == nil {
		return 0
	}
	n := *p
	*p = 0
	return n
}

func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	ch, ok := s.subscribe()
	if !ok {
		problem(w, http.StatusServiceUnavailable, "too many subscribers")
		return
	}
	defer s.unsubscribe(ch)
	w.Header().Set("Content-Type", "application/x-ndjson")
	flush := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	if flush.Flush() != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-ch:
			if n := s.lost(ch); n > 0 {
				if enc.Encode(Event{Time: e.Time, Event: "state", Detail: fmt.Sprintf("%d events were too fast for this reader", n)}) != nil {
					return
				}
			}
			if enc.Encode(e) != nil || flush.Flush() != nil {
				return
			}
		}
	}
}
