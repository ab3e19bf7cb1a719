package cloud_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/rooms"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"
)

// street is three homes of two tenants with their links, somebody in the first one's gateway who keeps to no rules, and an
// observer with the cloud's own rights who hears everything.
type street struct {
	*whole
	mine, near, far *house // near: the same tenant's
	intruder        *nats.Conn
	observer        *nats.Conn
	heard           chan *nats.Msg // capacity 65536; the observer never loses one in these tests
}

func newStreet(t *testing.T) *street {
	t.Helper()
	s := &street{whole: startWhole(t, ""), heard: make(chan *nats.Msg, 1<<16)}
	one, other := s.addProvider(), s.addProvider()
	s.mine, s.near, s.far = s.addHouse(one), s.addHouse(one), s.addHouse(other)
	s.observer = s.part("worker")
	if _, err := s.observer.ChanSubscribe(">", s.heard); err != nil {
		t.Fatal(err)
	}
	s.flush(s.observer)
	s.intruder = must(s.raw(s.mine, func(error) {}))(t)
	t.Cleanup(s.intruder.Close)
	return s
}

// part connects to the broker as a part of the cloud.
func (w *whole) part(role string) *nats.Conn {
	w.t.Helper()
	pair := must(must(w.rooms.CA.Cloud(role))(w.t).TLS())(w.t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.rooms.CA.Roots())
	nc := must(nats.Connect("tls://"+w.cfg.Listen, nats.TLSHandshakeFirst(),
		nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: rooms.BrokerName})))(w.t)
	w.t.Cleanup(nc.Close)
	return nc
}

func (w *whole) flush(nc *nats.Conn) {
	w.t.Helper()
	if err := nc.FlushTimeout(patience); err != nil {
		w.t.Fatal(err)
	}
}

// owns says whether a gateway may publish (or subscribe) a subject: its own, and no wildcard.
func owns(p home.Place, subject string, publish bool) bool {
	if !publish {
		rest, inbox := strings.CutPrefix(subject, wire.Inbox(p)+".")
		return subject == wire.Down(p) || inbox && rest != ""
	}
	if subject == wire.Up(p) || subject == wire.Beat(p) {
		return true
	}
	for _, prefix := range []string{wire.Request(p, ""), wire.Answer(p, "")} {
		if rest, ok := strings.CutPrefix(subject, prefix); ok && rest != "" && !strings.ContainsAny(rest, ".*>") {
			return true
		}
	}
	return false
}

// cloudsOwn are subjects of the cloud and of the broker itself.
var cloudsOwn = []string{">", "*", "*.>", "cloud.>", "cloud.revoked", "cloud.revocations", "cloud.news", "_INBOX.>", "_INBOX.x.y", "_I.>", "p.>", "p.3.pack", "t.>", "h.>",
	"c.>", "r.>", "a.>", "t.*.*.*", "h.*.*.*", "c.*.*.*", "r.*.*.*.*", "a.*.*.*.*", "$JS.>", "$JS.API.>", "$JS.API.INFO", "$JS.API.STREAM.INFO.REPORTS", "$JS.API.STREAM.DELETE.REPORTS",
	"$JS.API.STREAM.PURGE.REPORTS", "$JS.API.STREAM.MSG.GET.REPORTS", "$JS.API.DIRECT.GET.REPORTS", "$JS.API.CONSUMER.CREATE.REPORTS", "$JS.API.STREAM.NAMES", "$JS.ACK.>",
	"$JS.ACK.REPORTS.worker-1.1.1.1.1.1", "$SYS.>", "$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$SYS.ACCOUNT.$G.CONNECT", "$KV.>", "$O.>", "$NRG.>"}

// subjects draws them of all kinds, with the ids of these homes mixed.
func subjects(homes ...home.Place) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "clouds") == 0 {
			return rapid.SampledFrom(cloudsOwn).Draw(t, "subject")
		}
		of := rapid.SampledFrom(homes)
		token := func(id string) string {
			return rapid.SampledFrom([]string{id, id, id, id, "*", strings.ToUpper(id), id + " "}[:6]).Draw(t, "token")
		}
		parts := []string{rapid.SampledFrom([]string{"t", "h", "c", "r", "a", "_I", "p.3", "p", "*", "x", "cloud"}).Draw(t, "kind"),
			token(of.Draw(t, "tenant").Tenant), token(of.Draw(t, "home").Home), token(of.Draw(t, "gateway").Gateway)}
		parts = parts[:rapid.SampledFrom([]int{4, 4, 4, 4, 3, 2}).Draw(t, "length")]
		return strings.Join(append(parts, rapid.SampledFrom([][]string{nil, nil, {"desired"}, {"renew"}, {"bundle"}, {"0197a000-0000-7000-8000-000000000001"}, {"x", "y"}, {"*"}, {">"}}).Draw(t, "rest")...), ".")
	})
}

// TestGatewayPublishesNothingOfAnothers: with the certificate that the real enrolment gave it, a gateway reaches its own
// subjects and no others.
func TestGatewayPublishesNothingOfAnothers(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	n := 0
	check := func(fatalf func(string, ...any), subject string) {
		n++
		word, mark := fmt.Sprintf("forged %d", n), fmt.Sprintf("mark %d", n)
		if strings.ContainsAny(subject, "*>") || strings.Contains(subject, "..") {
			return // no client sends it, and the broker takes it as it is
		}
		if err := errors.Join(s.intruder.Publish(subject, []byte(word)), s.intruder.Publish(wire.Beat(s.mine.place), []byte(mark))); err != nil {
			fatalf("%s: %v", subject, err)
		}
		came := false
		for m := range s.heard { // what is sent later comes later
			if string(m.Data) == mark {
				break
			}
			came = came || string(m.Data) == word
		}
		if want := owns(s.mine.place, subject, true); want != came {
			fatalf("publish %s: may %v, came %v", subject, want, came)
		}
	}
	for _, p := range []home.Place{s.near.place, s.far.place} {
		for _, subject := range []string{wire.Up(p), wire.Beat(p), wire.Down(p), wire.Request(p, "desired"), wire.Request(p, "renew"), wire.Answer(p, newID(t)), wire.Inbox(p) + ".x"} {
			check(t.Fatalf, subject)
		}
	}
	p := s.mine.place
	for _, subject := range append([]string{wire.Up(p), wire.Down(p), wire.Answer(p, "q"), wire.Inbox(p) + ".x"}, cloudsOwn...) {
		check(t.Fatalf, subject)
	}
	gen := subjects(s.mine.place, s.near.place, s.far.place)
	rapid.Check(t, func(rt *rapid.T) { check(rt.Fatalf, gen.Draw(rt, "subject")) })
}

// TestGatewayHearsNothingOfAnothers: a subscription to anything else is refused, and one that is not brings nothing of
// another's while everybody is told and asked things.
func TestGatewayHearsNothingOfAnothers(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	got := make(chan *nats.Msg, 1<<16) // more than is sent here
	check := func(fatalf func(string, ...any), subject string) {
		if _, err := s.intruder.ChanSubscribe(subject, got); err != nil {
			if strings.ContainsAny(subject, " ") || errors.Is(err, nats.ErrBadSubject) {
				return
			}
			fatalf("%s: %v", subject, err)
		}
		if err := s.intruder.FlushTimeout(patience); err != nil {
			fatalf("%s: %v", subject, err)
		}
		last := s.intruder.LastError() // set before the answer to the flush is read
		refused := last != nil && strings.Contains(last.Error(), fmt.Sprintf("Subscription to %q", subject))
		if want := owns(s.mine.place, subject, false); want == refused {
			fatalf("subscribe %s: may %v, refused %v (%v)", subject, want, refused, last)
		}
	}
	for _, p := range []home.Place{s.near.place, s.far.place} {
		for _, subject := range []string{wire.Up(p), wire.Beat(p), wire.Down(p), wire.Request(p, "*"), wire.Answer(p, "*"), wire.Inbox(p) + ".>", wire.Inbox(p) + ".x"} {
			check(t.Fatalf, subject)
		}
	}
	for _, subject := range append([]string{wire.Down(s.mine.place), wire.Inbox(s.mine.place) + ".>", wire.Up(s.mine.place)}, cloudsOwn...) {
		check(t.Fatalf, subject)
	}
	gen := subjects(s.mine.place, s.near.place, s.far.place)
	rapid.Check(t, func(rt *rapid.T) { check(rt.Fatalf, gen.Draw(rt, "subject")) })

	for _, h := range []*house{s.near, s.far, s.mine} { // mine last: what comes before its question is there when it is
		s.fill(h, h.provider.staff)
		if out := s.ask("GET", "/v1/homes/"+h.place.Home+"/devices/"+h.device+"/contacts", "", as(h.resident)); out.code != http.StatusOK || !strings.Contains(out.body, h.mark) {
			t.Fatalf("contacts of %s: %d %s", h.mark, out.code, out.body)
		}
	}
	s.flush(s.intruder)
	own := 0
	for len(got) > 0 {
		m := <-got
		if word, leaked := has(m.Subject+string(m.Data), append(s.near.words(), s.far.words()...)); leaked {
			t.Errorf("%q of another on %s", word, m.Subject)
		}
		if m.Subject == wire.Down(s.mine.place) {
			own++
		}
	}
	if own == 0 {
		t.Error("nothing came at all")
	}
}

// TestOnlyTheAskedGatewayIsBelieved: an answer that another gateway publishes is not the asked one's; one that the asked one's
// own certificate publishes is.
func TestOnlyTheAskedGatewayIsBelieved(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	s.mine.agent.mu.Lock()
	s.mine.agent.silent = true
	s.mine.agent.mu.Unlock()
	for _, h := range []*house{s.near, s.far, s.mine} {
		liar := must(s.raw(h, func(error) {}))(t)
		defer liar.Close()
		done := make(chan answer, 1)
		before := len(s.mine.agent.asked())
		go func() {
			done <- s.ask("GET", "/v1/homes/"+s.mine.place.Home+"/devices/"+s.mine.device+"/contacts", "", as(s.mine.resident))
		}()
		s.eventually("the question came", func() bool { return len(s.mine.agent.asked()) > before })
		id := s.mine.agent.asked()[before].GetId()
		lie := bytesOf(t, &pb.Answer{Id: id, Last: true, Contacts: []*pb.Contact{{Name: "lie.example"}}})
		for _, p := range []home.Place{s.mine.place, h.place} {
			if err := liar.Publish(wire.Answer(p, id), lie); err != nil {
				t.Fatal(err)
			}
		}
		s.flush(liar)
		out := <-done
		if believed := strings.Contains(out.body, "lie.example"); believed != (h == s.mine) {
			t.Errorf("%s answered for %s: %d %s", h.mark, s.mine.mark, out.code, out.body)
		}
		if others := len(s.near.agent.asked()) + len(s.far.agent.asked()); others != 0 {
			t.Errorf("%d questions went to others", others)
		}
	}
}

// knock tries to come in with a home's certificate until stop, and counts how often that worked and how often it did not.
func (w *whole) knock(h *house, stop <-chan struct{}) (in, out int) {
	for {
		select {
		case <-stop:
			return in, out
		default:
		}
		nc, err := w.raw(h, func(error) {})
		if err != nil {
			out++
			time.Sleep(time.Millisecond) // while nobody listens
			continue
		}
		in++
		nc.Close()
	}
}

// TestRevokedGatewayIsOut and stays out, also while the cloud starts again. Others come back.
func TestRevokedGatewayIsOut(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	if err := s.rooms.Accounts.Revoke(t.Context(), s.mine.place, "it was stolen", "somebody"); err != nil {
		t.Fatal(err)
	}
	s.eventually("the revoked gateway is out", func() bool { return !s.mine.link.Status().Connected && !s.intruder.IsConnected() })
	if nc, err := s.raw(s.mine, func(error) {}); err == nil {
		nc.Close()
		t.Error("the revoked gateway came in again")
	}
	s.observer.Close() // it would hold up the end
	stop, done := make(chan struct{}), make(chan struct{})
	var in, out int
	go func() {
		defer close(done)
		in, out = s.knock(s.mine, stop)
	}()
	s.end()
	s.start()
	for _, h := range []*house{s.near, s.far} {
		h.tell(t, &pb.Item{Time: time.Now().UnixMilli(), Body: &pb.Item_Dropped{Dropped: &pb.Dropped{Items: 1}}})
		s.stored(h)
	}
	close(stop)
	<-done
	if in > 0 || out == 0 {
		t.Errorf("the revoked gateway came in %d times, and was refused %d times", in, out)
	}
	if s.mine.link.Status().Connected {
		t.Error("the revoked gateway's link stands")
	}
}

// TestSwappedGatewayInheritsNothing: it takes the other's place when a resident agrees and not before, gets nothing that was
// meant for the other, and the other is out.
func TestSwappedGatewayInheritsNothing(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	h := s.mine
	s.fill(h, h.provider.staff)
	was := *h
	old := must(uplink.LoadIdentity(h.dir))(t)
	code, _, err := s.rooms.Accounts.CreateClaim(t.Context(), h.place.OfHome(), "an installer", false)
	if err != nil {
		t.Fatal(err)
	}
	var agreed sync.WaitGroup
	agreed.Go(func() { s.agree(&was) })
	id := s.enrolWith(h, code)
	agreed.Wait()
	if id.Place.Gateway == old.Place.Gateway || id.Place.OfHome() != old.Place.OfHome() {
		t.Fatalf("%v took the place of %v", id.Place, old.Place)
	}
	s.eventually("the other is out", func() bool { return !was.link.Status().Connected && !s.intruder.IsConnected() })
	if nc, err := s.raw(&was, func(error) {}); err == nil {
		nc.Close()
		t.Error("the other came in again")
	}
	s.run(h)
	for _, o := range h.agent.ordered() {
		t.Errorf("the new gateway was given what the other had done: %v", o)
	}
	next := must(s.raw(h, func(error) {}))(t)
	defer next.Close()
	for _, subject := range []string{wire.Down(was.place), wire.Inbox(was.place) + ".>", wire.Answer(was.place, "*")} {
		if _, err := next.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		s.flush(next)
		if last := next.LastError(); last == nil || !strings.Contains(last.Error(), fmt.Sprintf("Subscription to %q", subject)) {
			t.Errorf("subscribe %s: %v", subject, last)
		}
	}
	// the consent was given for the other gateway: it is good for nothing now
	if out := s.ask("GET", "/v1/staff/homes/"+h.place.Home+"/devices/"+h.device+"/contacts", "", as(h.provider.staff)); out.code != http.StatusForbidden {
		t.Errorf("staff with the consent for the other: %d %s", out.code, out.body)
	}
	if n := len(h.agent.asked()); n != 0 {
		t.Errorf("the new gateway was asked %d things with the other's consent", n)
	}
}

// agree waits for a gateway that waits, and lets its home's resident take it when others have tried.
func (s *street) agree(h *house) {
	next := ""
	for end := time.Now().Add(patience); next == ""; time.Sleep(10 * time.Millisecond) {
		out := s.ask("GET", "/v1/homes/"+h.place.Home+"/gateways", "", as(h.resident))
		var list struct {
			Items []struct{ ID, State string }
		}
		if err := json.Unmarshal([]byte(out.body), &list); err != nil || time.Now().After(end) {
			s.t.Errorf("no gateway waits: %v %s", err, out.body)
			return
		}
		for _, g := range list.Items {
			if g.State == "waiting" {
				next = g.ID
			}
		}
	}
	for _, other := range []*house{s.near, s.far} {
		for _, at := range []*house{h, other} {
			if out := s.ask("POST", "/v1/homes/"+at.place.Home+"/gateways/"+next+"/confirm", "", as(other.resident)); out.code != http.StatusNotFound {
				s.t.Errorf("another home's resident confirms: %d %s", out.code, out.body)
			}
		}
	}
	if !h.link.Status().Connected {
		s.t.Error("the other was out before anybody agreed")
	}
	if out := s.ask("POST", "/v1/homes/"+h.place.Home+"/gateways/"+next+"/confirm", "", as(h.resident)); out.code != http.StatusNoContent {
		s.t.Errorf("confirm: %d %s", out.code, out.body)
	}
}
