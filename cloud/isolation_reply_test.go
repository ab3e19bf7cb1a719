package cloud_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/nats-io/nats.go"
)

// TestRepliesReachNobodyElse: a gateway names any subject as the one to answer on. Neither the broker's own answers, whose text
// it may choose a part of, nor the cloud's reach another gateway, the cloud's own parts or the stream.
func TestRepliesReachNobodyElse(t *testing.T) {
	t.Parallel()
	s := newStreet(t)
	for _, h := range []*house{s.mine, s.near, s.far} {
		s.fill(h, h.provider.staff)
	}
	table := dbtest.Open(t, s.cfg.DB)
	letters := func(h *house) (n int) {
		err := table.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT COUNT(*) FROM ingest_dead WHERE tenant = ? AND home = ?", h.place.Tenant, h.place.Home).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	since := map[*house]time.Time{s.near: s.near.link.Status().Since, s.far: s.far.link.Status().Since}
	orders, questions := len(s.far.agent.ordered()), len(s.far.agent.asked())
	const forged = "forgedforged"
	for _, p := range []home.Place{s.near.place, s.far.place, s.mine.place} {
		for _, reply := range []string{wire.Down(p), wire.Inbox(p) + ".x", wire.Up(p), wire.Beat(p), wire.Request(p, "renew"), wire.Answer(p, newID(t)), "cloud.revoked", "cloud.revocations",
			"cloud.news", "p.3.pack", "p.3." + p.Tenant + "." + p.Home + "." + p.Gateway, "$JS.API.STREAM.PURGE.REPORTS", "$JS.API.STREAM.DELETE.REPORTS"} {
			for _, subject := range []string{wire.Up(s.mine.place), wire.Beat(s.mine.place), wire.Request(s.mine.place, "desired"), wire.Request(s.mine.place, "renew"),
				wire.Request(s.mine.place, "bundle"), wire.Answer(s.mine.place, newID(t))} {
				id := " " + p.Gateway + " " + forged + " "
				err := errors.Join(s.intruder.PublishRequest(subject, reply, nil),
					s.intruder.PublishMsg(&nats.Msg{Subject: subject, Reply: reply, Header: nats.Header{"Nats-Msg-Id": {id}}}),
					s.intruder.PublishMsg(&nats.Msg{Subject: subject, Reply: reply, Header: nats.Header{"Nats-Expected-Last-Msg-Id": {"another"}, "Nats-Trace-Dest": {reply}}}))
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	s.flush(s.intruder)
	for _, h := range []*house{s.near, s.far} { // both still speak, and are heard
		h.tell(t, &pb.Item{Time: time.Now().UnixMilli(), Body: &pb.Item_Dropped{Dropped: &pb.Dropped{Items: 1}}})
		s.stored(h)
		if st := h.link.Status(); !st.Connected || !st.Since.Equal(since[h]) || st.Ignored != 0 {
			t.Errorf("the link of another: %+v", st)
		}
		if n := letters(h); n != 0 {
			t.Errorf("%d reports of another were refused", n)
		}
	}
	if o, q := len(s.far.agent.ordered()), len(s.far.agent.asked()); o != orders || q != questions {
		t.Errorf("another gateway was ordered %d and asked %d things", o-orders, q-questions)
	}
	s.flush(s.observer)
	for len(s.heard) > 0 {
		m := <-s.heard
		acknowledged := strings.HasPrefix(string(m.Data), `{`) && (strings.Contains(string(m.Data), `"stream"`) || strings.Contains(string(m.Data), `"error"`))
		answers := strings.HasPrefix(m.Subject, "_INBOX.") || strings.HasPrefix(m.Subject, "$") || strings.HasPrefix(m.Subject, wire.Inbox(home.Place{})[:3])
		if acknowledged && !answers && !owns(s.mine.place, m.Subject, true) { // its own it may speak on anyway
			t.Errorf("the broker answered on %s: %s", m.Subject, m.Data)
		}
		if strings.Contains(string(m.Data), forged) {
			t.Errorf("a gateway's words in the broker's voice on %s: %s", m.Subject, m.Data)
		}
	}
}
