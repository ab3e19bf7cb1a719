package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	streamsEach  = 6                // of a session
	streamWrite  = 10 * time.Second // a client that takes longer to take an event is cut
	eventsAtOnce = 100
)

// streams counts the open ones.
type streams struct {
	max  int
	mu   sync.Mutex // guards all and each
	all  int
	each map[string]int // by session
}

func (c *streams) enter(session string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.max || c.each[session] >= streamsEach {
		return false
	}
	c.all++
	c.each[session]++
	return true
}

func (c *streams) leave(session string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.each[session]--; c.each[session] == 0 {
		delete(c.each, session)
	}
}

// stream is one open event stream (text/event-stream of the HTML standard). One goroutine at a time writes.
type stream struct {
	mu  sync.Mutex // guards w: the heartbeat and the events write
	w   http.ResponseWriter
	out *http.ResponseController
}

func (t *stream) write(b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.out.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
		return err
	}
	if _, err := t.w.Write(b); err != nil {
		return err
	}
	return t.out.Flush()
}

// event writes one; id "" leaves the client's last id as it is. JSON has no line ends, so data is one line.
func (t *stream) event(name, id string, data any) error {
	fill(reflect.ValueOf(data))
	j, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	var b bytes.Buffer
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, j)
	return t.write(b.Bytes())
}

// events opens a stream and runs f in it. A comment every heartbeat keeps it open through proxies; with it the session is
// looked at again, so that signing out ends what is open.
func (s *Server) events(ctx context.Context, k Kind, f func(context.Context, *stream) error) (*huma.StreamResponse, error) {
	a := ctx.Value(askedKey{}).(*asked)
	if !s.streams.enter(a.session.ID) {
		return nil, problem.New(problem.Streams, "").After(5 * time.Second)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer s.streams.leave(a.session.ID)
		s.meter.streams.Inc()
		defer s.meter.streams.Dec()
		r, w := humago.Unwrap(c)
		t := &stream{w: w, out: http.NewResponseController(w)}
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store, no-transform")
		h.Set("X-Accel-Buffering", "no")
		if r.Method == http.MethodHead {
			return
		}
		if err := errors.Join(t.out.SetReadDeadline(time.Time{}), t.write([]byte("retry: 2000\n\n"))); err != nil {
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		done := make(chan struct{})
		go func() { // ends with ctx
			defer close(done)
			s.beat(ctx, k, a, t)
			cancel()
		}()
		if err := f(ctx, t); err != nil && ctx.Err() == nil {
			s.log.Debug("event stream ended", "err", err)
		}
		cancel()
		<-done
	}}, nil
}

// beat returns when the stream has to end.
func (s *Server) beat(ctx context.Context, k Kind, a *asked, t *stream) {
	tick := time.NewTicker(s.config.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case <-tick.C:
		}
		session, err := s.parts.Accounts.Authenticate(ctx, k, a.token)
		if problem.Is(err, problem.Unauthorized) || err == nil && !still(session, a) {
			return
		}
		if t.write([]byte(":\n\n")) != nil {
			return
		}
	}
}

type feedIn struct {
	HomeIn
	Last string `header:"Last-Event-ID" maxLength:"64"`
}

// lastSeq reads Last-Event-ID; what is no number of ours is as good as one that is too old.
func lastSeq(id string) (seq uint64, known bool) {
	seq, err := strconv.ParseUint(id, 10, 63)
	return seq, err == nil
}

func (s *Server) feed(ctx context.Context, in *feedIn) (*huma.StreamResponse, error) {
	p := where(ctx)
	last, err := s.parts.Feed.Last(ctx, p)
	if err != nil {
		return nil, err
	}
	seq, resync := last, false
	if in.Last != "" {
		if n, known := lastSeq(in.Last); known && n <= last {
			seq = n
		} else {
			resync = true
		}
	}
	return s.events(ctx, Resident, func(ctx context.Context, t *stream) error {
		news, stop := s.parts.Feed.Watch(p)
		defer stop()
		again := time.NewTicker(s.config.Heartbeat) // a token of news may get lost
		defer again.Stop()
		if resync {
			if err := s.resync(t, seq); err != nil {
				return err
			}
		}
		for {
			events, whole, err := s.parts.Feed.After(ctx, p, seq, eventsAtOnce)
			if err != nil {
				return err
			}
			if !whole {
				if seq, err = s.parts.Feed.Last(ctx, p); err != nil {
					return err
				}
				if err := s.resync(t, seq); err != nil {
					return err
				}
				continue
			}
			for _, e := range events {
				if err := t.event(kindName(e.Kind), strconv.FormatUint(e.Seq, 10), &e.Event); err != nil {
					return err
				}
				seq = e.Seq
			}
			if len(events) == eventsAtOnce {
				continue
			}
			select {
			case <-ctx.Done():
				return nil
			case <-news:
			case <-again.C:
			}
		}
	})
}

func (s *Server) resync(t *stream, seq uint64) error {
	return t.event("resync", strconv.FormatUint(seq, 10), &view.Event{Seq: seq, At: s.config.Now().UTC()})
}

// kindName keeps an event's name a word.
func kindName(k string) string {
	for _, c := range []byte(k) {
		if c < 'a' || c > 'z' {
			return "state"
		}
	}
	return k
}

type liveIn struct {
	HomeIn
	Device string `query:"device" maxLength:"64" doc:"All devices when left out"`
}

func (s *Server) live(ctx context.Context, in *liveIn) (*huma.StreamResponse, error) {
	p, asker := where(ctx), Asker{who(ctx), reason(ctx)}
	hidden, err := s.hidden(ctx)
	if err != nil {
		return nil, err
	}
	if in.Device != "" && hidden(in.Device) {
		return nil, problem.New(problem.Private, "")
	}
	return s.events(ctx, Resident, func(ctx context.Context, t *stream) error {
		err := s.parts.Live.Follow(ctx, p, asker, in.Device, func(part LivePart) error {
			for i := range part.Devices {
				if hidden(part.Devices[i].ID) {
					hideDevice(&part.Devices[i])
				}
			}
			part.Contacts = slices.DeleteFunc(slices.Clone(part.Contacts), func(c view.Contact) bool { return hidden(c.Device) })
			if len(part.Devices) > 0 {
				if err := t.event("devices", "", &view.LiveDevices{Items: part.Devices}); err != nil {
					return err
				}
			}
			if len(part.Contacts) > 0 || len(part.Devices) == 0 { // an empty part says that the gateway is there
				return t.event("contacts", "", &view.LiveContacts{Items: append([]view.Contact{}, part.Contacts...), At: part.At})
			}
			return nil
		})
		if problem.Is(err, problem.Offline) {
			off := &view.LiveOffline{}
			if h, err := s.parts.Homes.Home(ctx, p, ""); err == nil && h.Gateway != nil {
				off.LastSeen = h.Gateway.LastSeen
			}
			return t.event("offline", "", off)
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
		return t.event("end", "", &view.LiveEnd{})
	})
}

func (s *Server) streamRoutes() {
	reg := s.huma.OpenAPI().Components.Schemas
	typed := func(what string, data ...any) func(*huma.Operation) {
		return func(op *huma.Operation) {
			sc := &huma.Schema{Description: what}
			for _, d := range data {
				sc.OneOf = append(sc.OneOf, reg.Schema(reflect.TypeOf(d), true, ""))
			}
			op.Responses = map[string]*huma.Response{"200": {Description: "Server-sent events",
				Content: map[string]*huma.MediaType{"text/event-stream": {Schema: sc}}}}
		}
	}
	do(s, "GET /v1/homes/{home}/events", "What happens at home", s.feed,
		typed("Events incident, order, device, state, stopped, gateway, household, resync; resumes by Last-Event-ID", view.Event{}))
	do(s, "GET /v1/homes/{home}/live", "Whom devices talk to, live", s.live,
		typed("Events contacts, devices, offline, end", view.LiveContacts{}, view.LiveDevices{}, view.LiveOffline{}, view.LiveEnd{}))
}
