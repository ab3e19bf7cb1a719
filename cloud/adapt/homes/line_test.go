package homes

import (
	"strings"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// How a home's line works is told in words, in the reader's language and the home's time; not when the gateway has been silent.
func TestALineIsToldInWords(t *testing.T) {
	ctx := t.Context()
	r, h := oneHome(t)
	now := time.Now().UTC().Truncate(time.Second)
	p := h.Place()
	a := &base.Adapter{Rooms: r, Now: func() time.Time { return now }}
	ask := func(lang string) view.Line {
		t.Helper()
		v, err := linesPart{a}.Line(ctx, p, now.Add(-24*time.Hour), lang)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := ask("de"); v.Sentence != "Ihr Gateway hat noch nicht gemeldet, wie Ihre Leitung arbeitet." || v.Now != nil || v.Hours == nil || v.Remedies == nil {
		t.Errorf("%+v", v)
	}
	beat := func(l *pb.Line) {
		t.Helper()
		l.Time = now.UnixMilli()
		if err := r.History.Beat(ctx, []history.Beat{{Place: p, Beat: &pb.Heartbeat{Armed: true, Line: l}, At: now}}); err != nil {
			t.Fatal(err)
		}
	}
	beat(&pb.Line{Latency: 8_200, Beyond: 14_050, Dns: 20_000, Lost: 5})
	v := ask("en")
	if v.Sentence != "Your line works as it usually does." || v.Slow != "" || *v.Now.Latency != 8.2 || *v.Now.Beyond != 14.05 || v.Now.Lost != .5 {
		t.Errorf("%+v", v)
	}
	since := now.Add(-time.Minute)
	for slow, want := range map[string][2]string{
		"provider": {", at the provider's side.", ", auf der Seite Ihres Anbieters."},
		"home":     {", because your home fills its line.", ", weil Ihr Zuhause die Leitung ausfüllt."},
		"line":     {", on the line between your home and your provider.", ", auf der Leitung zwischen Ihrem Zuhause und Ihrem Anbieter."},
		"dns":      {": names are looked up slowly.", ": Namen werden langsam nachgeschlagen."},
		"moon":     {"Your line works as it usually does.", "Ihre Leitung arbeitet wie gewöhnlich."},
	} {
		beat(&pb.Line{Slow: slow, Since: since.UnixMilli(), Remedy: "fair", Latency: 8000})
		for i, lang := range []string{"en", "de"} {
			v := ask(lang)
			if !strings.HasSuffix(v.Sentence, want[i]) || v.Remedy != "fair" || slow != "moon" && (v.Slow != slow || !v.Since.Equal(since)) {
				t.Errorf("%s: %+v", slow, v)
			}
		}
	}
	now = now.Add(10 * time.Minute)
	if v := ask("en"); v.Now != nil || v.Slow != "" {
		t.Errorf("old: %+v", v)
	}
}

// The clock is the home's, and another day is named.
func TestSinceWhenALineIsSlow(t *testing.T) {
	now := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	cet := func(t time.Time) time.Time { return t.UTC().Add(time.Hour) }
	told := func(since time.Time) string {
		var v view.Line
		s := history.State{Seen: now, Beat: &pb.Heartbeat{Line: &pb.Line{Time: now.UnixMilli(), Slow: "provider", Since: since.UnixMilli(), Latency: 8000}}}
		return lineNow(&v, s, now, cet).Pattern + strings.Join(lineNow(&v, s, now, cet).Args, "|")
	}
	if got := told(now.Add(-20 * time.Minute)); !strings.Contains(got, "19:40") {
		t.Error(got)
	}
	var v view.Line
	silent := history.State{Seen: now, Beat: &pb.Heartbeat{Line: &pb.Line{Time: now.UnixMilli(), Slow: "provider", Since: now.Add(-time.Hour).UnixMilli()}}}
	if got := lineNow(&v, silent, now, cet).Pattern; got != string(slowBeyond) { // the first router does not answer: nobody knows whose side it is
		t.Error(got)
	}
	if got := told(now.Add(-23 * time.Hour)); strings.Contains(got, "21:00|") {
		t.Error(got)
	}
}

// What a gateway tells of its line comes to the app, with devices' names, and is gone when the home is erased.
func TestALinesHoursAreShown(t *testing.T) {
	ctx := t.Context()
	r, h := oneHome(t)
	p, now := h.Place(), time.Now()
	if err := tellHistory(t, r, p, now,
		&pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{{Id: "tv", Name: "Television"}}}}},
		&pb.Item{Body: &pb.Item_LineHour{LineHour: &pb.LineHour{Hour: now.Add(-time.Hour).UnixMilli(), LatencyP50: 8000, Lost: 12, Slow: 600, Where: "home", Busiest: []*pb.Busy{{Device: "tv", Down: 7}}}}},
		&pb.Item{Body: &pb.Item_RemedyResult{RemedyResult: &pb.RemedyResult{Id: "o", Kind: "fair", Why: "It did not help. It was undone.", Before: &pb.Line{Beyond: 300_000}, After: &pb.Line{Beyond: 290_000}}}},
	); err != nil {
		t.Fatal(err)
	}
	a := &base.Adapter{Rooms: r, Now: time.Now}
	v, err := linesPart{a}.Line(ctx, p, now.Add(-24*time.Hour), "de")
	if err != nil || len(v.Hours) != 1 || v.Hours[0].SlowFor != 10 || v.Hours[0].Lost != 1.2 || v.Hours[0].Busiest[0].Name != "Television" || v.Hours[0].DNS50 != nil {
		t.Errorf("%+v %v", v, err)
	}
	if len(v.Remedies) != 1 || v.Remedies[0].Why != "Es hat nicht geholfen. Es wurde zurückgenommen." || *v.Remedies[0].Before.Beyond != 300 || v.Remedies[0].Kept {
		t.Errorf("%+v", v.Remedies)
	}
	if _, err := r.History.Erase(ctx, p.OfHome()); err != nil {
		t.Fatal(err)
	}
	if v, _ := (linesPart{a}).Line(ctx, p, now.Add(-24*time.Hour), "en"); len(v.Hours)+len(v.Remedies) != 0 {
		t.Error("it is still there")
	}
}

func tellHistory(t *testing.T, r *rooms.Rooms, p home.Place, at time.Time, items ...*pb.Item) error {
	t.Helper()
	return r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		b := r.History.Begin(tx)
		for _, i := range items {
			if err := b.Take(p, at, i); err != nil {
				return err
			}
		}
		return b.Flush()
	})
}
