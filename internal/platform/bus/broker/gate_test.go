package broker_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/wire"

	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"
)

// raw connects as a hostile program with a good certificate would: with no help of our own client.
func raw(t testing.TB, a *authority, s *broker.Server, p *home.Place, bad chan<- error) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect("tls://"+s.Addr().String(), nats.Secure(a.clientTLS(a.issue(t, p))), nats.TLSHandshakeFirst(),
		nats.NoReconnect(), nats.CustomInboxPrefix(wire.Inbox(*p)), nats.Timeout(30*time.Second),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { bad <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// allowed says what a gateway may do, in words of its own: not by the code under test.
func allowed(p home.Place, subject string, publish bool) bool {
	id := p.Tenant + "." + p.Home + "." + p.Gateway
	in := func(prefix string, more int) bool { // exactly so many further tokens
		rest, ok := cut(subject, prefix+"."+id)
		return ok && tokens(rest) == more
	}
	if publish {
		return in("t", 0) || in("h", 0) || in("r", 1) || in("a", 1)
	}
	rest, ok := cut(subject, "_I."+id)
	return in("c", 0) || ok && tokens(rest) >= 1
}

func cut(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return "", false
	}
	return s[len(prefix):], true
}

func tokens(rest string) int {
	n := 0
	for i := range rest {
		if rest[i] == '.' {
			n++
		}
	}
	if n == 0 && rest != "" {
		return -1
	}
	return n
}

func subjects(mine, other home.Place) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		p := rapid.SampledFrom([]home.Place{mine, other, {Tenant: mine.Tenant, Home: other.Home, Gateway: mine.Gateway},
			{Tenant: mine.Tenant, Home: mine.Home, Gateway: other.Gateway}, {Tenant: other.Tenant, Home: mine.Home, Gateway: mine.Gateway}}).Draw(t, "place")
		kind := rapid.SampledFrom([]string{"t", "h", "c", "r", "a", "_I", "p", "p.3", "$JS.API.STREAM.INFO", "$SYS.REQ", "_INBOX", "x"}).Draw(t, "kind")
		tail := rapid.SampledFrom([]string{"", "", ".desired", ".x.y", ".worker"}).Draw(t, "tail")
		return kind + "." + p.Tenant + "." + p.Home + "." + p.Gateway + tail
	})
}

var fixed = []string{"$JS.API.INFO", "$JS.API.STREAM.INFO.REPORTS", "$JS.API.STREAM.DELETE.REPORTS", "$JS.API.STREAM.MSG.GET.REPORTS",
	"$JS.API.DIRECT.GET.REPORTS", "$JS.ACK.REPORTS.worker-1.1.1.1.1.1", "$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$SYS.ACCOUNT.$G.CONNECT", "c", "t"}

func TestAGatewayPublishesItsOwnSubjectsOnly(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	mine, other := newPlace(), newPlace()
	bad := make(chan error, 10000)
	nc := raw(t, a, s, &mine, bad)
	heard := make(chan bus.Msg, 1000)
	if _, err := cloud.Subscribe(">", "", func(m bus.Msg) { heard <- m }); err != nil {
		t.Fatal(err)
	}
	if err := cloud.Flush(context30(t)); err != nil {
		t.Fatal(err)
	}
	n := 0
	check := func(fatal func(string, ...any), subject string) {
		n++
		mark := fmt.Sprint("mark ", n)
		if err := errors.Join(nc.Publish(subject, []byte("x")), nc.Publish(wire.Beat(mine), []byte(mark)), nc.Flush()); err != nil {
			fatal("%s: %v", subject, err)
		}
		came := false
		for m := range heard { // what is sent later comes later
			if string(m.Data) == mark {
				break
			}
			came = came || m.Subject == subject && string(m.Data) == "x"
		}
		if want := allowed(mine, subject, true); want != came {
			fatal("publish %s: allowed %v, came %v", subject, want, came)
		}
	}
	for _, subject := range append(fixed, wire.Up(mine), wire.Answer(mine, "q"), wire.Up(other), wire.Down(mine)) {
		check(t.Fatalf, subject)
	}
	gen := subjects(mine, other)
	rapid.Check(t, func(rt *rapid.T) { check(rt.Fatalf, gen.Draw(rt, "subject")) })
}

func TestAGatewayHearsItsOwnSubjectsOnly(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	mine, other := newPlace(), newPlace()
	bad := make(chan error, 10000)
	nc := raw(t, a, s, &mine, bad)
	check := func(fatal func(string, ...any), subject string) {
		sub, err := nc.SubscribeSync(subject)
		if err != nil {
			fatal("%s: %v", subject, err)
		}
		if err := nc.Flush(); err != nil {
			fatal("%s: %v", subject, err)
		}
		last := nc.LastError() // set before the answer to Flush is read
		refused := last != nil && strings.Contains(last.Error(), fmt.Sprintf("Subscription to %q", subject))
		if want := allowed(mine, subject, false); want == refused {
			fatal("subscribe %s: allowed %v, refused %v (%v)", subject, want, refused, last)
		}
		_ = sub.Unsubscribe() // fails when it was refused
	}
	wild := []string{">", "*.>", "c.>", "c.*.*.*", "c." + mine.Tenant + ".>", "c." + mine.Tenant + "." + mine.Home + ".*", "_I.>", "_INBOX.>",
		wire.Down(other), wire.Inbox(other) + ".>", wire.Inbox(mine) + ".*", wire.Inbox(mine) + ".>", wire.Up(mine), "p.>"}
	for _, subject := range append(wild, fixed...) {
		check(t.Fatalf, subject)
	}
	gen := subjects(mine, other)
	rapid.Check(t, func(rt *rapid.T) { check(rt.Fatalf, gen.Draw(rt, "subject")) })

	// and what it may hear arrives
	sub, err := nc.SubscribeSync(wire.Down(mine))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(nc.Flush(), cloud.Publish(wire.Down(other), []byte("other")), cloud.Publish(wire.Down(mine), []byte("mine"))); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.NextMsgWithContext(context30(t)); err != nil || string(m.Data) != "mine" {
		t.Fatal(m, err)
	}
}

// A gateway may name any reply subject. What the broker and the cloud answer there must harm nobody.
func TestRepliesNamedByAGatewayHarmNobody(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	mine, other := newPlace(), newPlace()
	victim := dial(t, config(t, a, &other, s.Addr().String()))
	heard := make(chan bus.Msg, 100)
	for _, subject := range []string{wire.Down(other), wire.Inbox(other) + ".>"} {
		if _, err := victim.Subscribe(subject, "", func(m bus.Msg) { heard <- m }); err != nil {
			t.Fatal(err)
		}
	}
	if err := victim.Flush(context30(t)); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 100)
	if _, err := cloud.Subscribe("r.*.*.*.*", "workers", func(m bus.Msg) { answered <- m.Respond([]byte("desired")) }); err != nil {
		t.Fatal(err)
	}
	if err := cloud.Flush(context30(t)); err != nil {
		t.Fatal(err)
	}
	nc := raw(t, a, s, &mine, make(chan error, 10000))
	for _, reply := range []string{wire.Down(other), wire.Inbox(other) + ".x", wire.Inbox(mine), "c.>", "x"} {
		if err := errors.Join(nc.PublishRequest(wire.Request(mine, "desired"), reply, nil), nc.Flush()); err != nil {
			t.Fatal(err)
		}
		if err := <-answered; err == nil {
			t.Errorf("the cloud answered on %s", reply)
		}
	}
	if m, err := nc.RequestWithContext(context30(t), wire.Request(mine, "desired"), nil); err != nil || string(m.Data) != "desired" {
		t.Fatal("its own inbox does not work", m, err)
	}
	const sent = 50
	for range sent {
		if _, err := nc.RequestWithContext(context30(t), wire.Up(mine), []byte("report")); err != nil {
			t.Fatal(err)
		}
	}
	for _, api := range []string{"STREAM.DELETE.REPORTS", "STREAM.PURGE.REPORTS", "STREAM.UPDATE.REPORTS", "STREAM.MSG.DELETE.REPORTS", "STREAM.SNAPSHOT.REPORTS",
		"STREAM.LEADER.STEPDOWN.REPORTS", "CONSUMER.CREATE.REPORTS", "CONSUMER.DELETE.REPORTS.worker-1", "CONSUMER.RESET.REPORTS.worker-1"} {
		if err := nc.PublishRequest(wire.Up(mine), "$JS.API."+api, []byte("report")); err != nil {
			t.Fatal(err)
		}
		traced := &nats.Msg{Subject: wire.Up(mine), Data: []byte("x"), Header: nats.Header{"Nats-Trace-Dest": []string{wire.Down(other)}, "Nats-Rollup": []string{"all"}}}
		if err := nc.PublishMsg(traced); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := nc.RequestWithContext(context30(t), wire.Up(mine), []byte("report")); err != nil {
		t.Fatal(err)
	}
	state, err := cloud.StreamState(context30(t))
	if err != nil || state.Messages < sent+1 { // those before the last are in packs
		t.Fatalf("the stream was harmed: %+v, %v", state, err)
	}
	if err := errors.Join(cloud.Publish(wire.Down(other), []byte("end"))); err != nil {
		t.Fatal(err)
	}
	if m := <-heard; string(m.Data) != "end" {
		t.Fatalf("another gateway heard %s %q", m.Subject, m.Data)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	s := start(t, a, nil)
	p, gone := newPlace(), newPlace()
	a.revoke(gone)
	addr := "tls://" + s.Addr().String()
	for name, opts := range map[string][]nats.Option{
		"no certificate": {nats.Secure(&tls.Config{RootCAs: a.pool, ServerName: "broker.test"})},
		"foreign CA":     {nats.Secure(&tls.Config{RootCAs: a.pool, ServerName: "broker.test", Certificates: []tls.Certificate{foreign.issue(t, &p)}})},
		"TLS 1.2":        {nats.Secure(&tls.Config{RootCAs: a.pool, ServerName: "broker.test", MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{a.issue(t, &p)}})},
		"revoked":        {nats.Secure(a.clientTLS(a.issue(t, &gone)))},
		"a password":     {nats.Secure(a.clientTLS(foreign.issue(t, &p))), nats.UserInfo("local", "x")},
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := nats.Connect(addr, append(opts, nats.TLSHandshakeFirst(), nats.Timeout(20*time.Second))...)
			if err == nil {
				err = nc.FlushTimeout(20 * time.Second)
				nc.Close()
			}
			if err == nil {
				t.Fatal("came in")
			}
		})
	}
	if nc, err := nats.Connect("nats://"+s.Addr().String(), nats.Timeout(time.Second)); err == nil {
		nc.Close()
		t.Fatal("came in without TLS")
	}
	if f, err := s.Figures(); err != nil || f.Accepted != 0 || f.Refused == 0 {
		t.Fatalf("%+v %v", f, err)
	}
}

func TestARevokedGatewayIsPutOutAtOnce(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	p, other := newPlace(), newPlace()
	cfg := config(t, a, &p, s.Addr().String())
	tries := make(chan int, 3) // attempts to come back; the test has seen enough after three
	cfg.Delay = func(n int) time.Duration {
		select {
		case tries <- n:
		default:
		}
		return time.Millisecond
	}
	c := dial(t, cfg)
	stays := dial(t, config(t, a, &other, s.Addr().String()))
	a.revoke(p)
	if n := s.Kick(func(name string) bool { return name == p.String() }); n != 1 {
		t.Fatalf("%d connections were closed", n)
	}
	for want := range 3 { // an attempt that works begins the count again
		if n := <-tries; n != want+1 {
			t.Fatalf("attempt %d after %d: it came back", n, want)
		}
	}
	if c.Connected() {
		t.Fatal("it came back")
	}
	if err := stays.Flush(context30(t)); err != nil {
		t.Fatal("another was put out too", err)
	}
	if n := s.Kick(func(name string) bool { return name == p.String() }); n != 0 {
		t.Fatalf("%d are still there", n)
	}
}
