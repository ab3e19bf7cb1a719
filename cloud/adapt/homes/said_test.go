package homes

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/home"
	"cardea/internal/platform/db"
	saying "cardea/say"
	"cardea/wire"
	"cardea/wire/pb"
)

// TestAnIncidentIsToldInTheLanguageAskedFor: what a gateway says of a case is kept as words, and read in German without a sentence that
// is English still; what is not known here is told as it was written, and says so.
func TestAnIncidentIsToldInTheLanguageAskedFor(t *testing.T) {
	ctx := t.Context()
	r, h := oneHome(t)
	p := h.Place()
	p.Gateway = "0197a000-0000-7000-8000-00000000000b"
	now := time.Now()
	ms := now.UnixMilli()
	scan := saying.New("tried {0} internet addresses{1} in {2}; {3}", saying.Count(240), saying.Said(saying.New(" on port {0}", saying.Port(23))),
		saying.Span(12*time.Second), saying.Word("none answered"))
	checked := saying.New("Not yet: it has been on and silent for {0}; we watch for {1} to be sure.", saying.Span(2*time.Hour), saying.Span(72*time.Hour))
	hold := saying.New("It reaches neither the internet nor your other devices.")
	harm := saying.New("Since then it has reached {0} of the {1} services that it normally uses.", saying.Count(1), saying.Count(4))
	breaks := saying.New("Nothing that this model usually does.")
	card, err := json.Marshal(home.Card{Model: "Example Cam", Of: 40, Blocks: []string{"bad.example"}, Breaks: saying.English(breaks), Said: breaks})
	if err != nil {
		t.Fatal(err)
	}
	items := []*pb.Item{
		{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{{Id: "d1", Name: "Kamera", First: ms, Last: ms, Evidence: []string{"calls itself x"},
			KnownBy: []*pb.Words{wire.Words(saying.New("calls itself {0}", saying.Text("x")))}}}}}},
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f1", Device: "d1", Incident: "i1", Detector: "scan-wan", Strength: "hard", Sentence: saying.English(scan), Said: wire.Words(scan)}}},
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f2", Device: "d1", Incident: "i1", Detector: "scan-wan", Strength: "hard", Sentence: "It hummed.",
			Said: &pb.Words{Pattern: "Rufen Sie {0} an!", Args: []string{"s+1 900"}}}}},
		{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: "i1", Code: "K7QM", Device: "d1", State: "contained", Mode: "quarantine", Grade: "port", Opened: ms, Changed: ms,
			Symptom: &pb.Symptom{Detector: "scan-wan"}, Playbook: "telnet-botnet@1",
			History: []*pb.Transition{{Time: ms, To: "contained", Mode: "quarantine", By: "gateway", Why: saying.English(scan), Said: wire.Words(scan)},
				{Time: ms + 1, From: "contained", To: "contained", Mode: "quarantine", By: "owner", Why: "Weil ich es sage."}},
			Check: &pb.Check{Sentence: saying.English(checked), Said: wire.Words(checked)},
			Deeds: []*pb.Deed{{Id: "d1", Kind: "hold", Time: ms, What: saying.English(hold), Said: wire.Words(hold)}},
			Steps: []*pb.Step{{Id: "s1", State: "checks", Result: saying.English(checked), Said: wire.Words(checked)}},
			Harm:  &pb.Harm{Since: ms, Sentence: saying.English(harm), Said: wire.Words(harm)}}}},
		{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Stops: []*pb.Stop{{Device: "d1", Endpoint: "bad.example", Class: "malware", Source: "feed", Count: 1, First: ms, Last: ms, Confidence: 90,
			Card:   card,
			Reason: "bad.example is on list feed as malware.",
			Said:   wire.Words(saying.New("{0} is on list {1} as {2}.", saying.Text("bad.example"), saying.Text("feed"), saying.Word("malware")))}}}}},
	}
	err = r.DB.Tx(ctx, func(tx *db.Tx) error {
		var errs []error
		for _, begin := range r.Handlers(func(home.Place, uint64) {}).Begin {
			b := begin(tx)
			for _, i := range items {
				errs = append(errs, b.Take(p, now, i))
			}
			errs = append(errs, b.Flush())
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &base.Adapter{Rooms: r, Now: time.Now}
	v, err := incidentsPart{a}.Incident(ctx, h.Place(), "i1", "de")
	if err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string][3]string{ // as told, its language, what is wanted
		"history": {v.History[0].Why, v.History[0].Language, "hat in 12 Sekunden 240 Adressen im Internet an Port 23 angesprochen; nichts hat geantwortet"},
		"check":   {v.Check.Sentence, v.Check.Language, "Noch nicht: Es ist seit 2 Stunden eingeschaltet und ruhig; wir beobachten es 3 Tage lang, um sicher zu sein."},
		"deed":    {v.Deeds[0].What, v.Deeds[0].Language, "Es erreicht weder das Internet noch Ihre anderen Geräte."},
		"step":    {v.Playbook.Steps[0].Result, v.Playbook.Steps[0].Language, "Noch nicht: Es ist seit 2 Stunden eingeschaltet und ruhig; wir beobachten es 3 Tage lang, um sicher zu sein."},
		"harm":    {v.Harm.Sentence, v.Harm.Language, "Seitdem hat es 1 von 4 Diensten erreicht, die es normalerweise nutzt."},
	} {
		if x[0] != x[2] || x[1] != "de" {
			t.Errorf("%s: %q in %q", what, x[0], x[1])
		}
	}
	if o := v.History[1]; o.Why != "Weil ich es sage." || o.Language != "" {
		t.Errorf("what a person wrote is told as %q in %q", o.Why, o.Language)
	}
	found := map[string]view.Finding{}
	for _, f := range v.Findings {
		found[f.ID] = f
	}
	if f := found["f1"]; !strings.HasPrefix(f.Sentence, "hat in 12 Sekunden") || f.Language != "de" {
		t.Errorf("finding: %q in %q", f.Sentence, f.Language)
	}
	if f := found["f2"]; f.Sentence != "It hummed." || f.Language != "en" {
		t.Errorf("a pattern that nobody here knows is told as %q in %q", f.Sentence, f.Language)
	}
	in, err := incidentsPart{a}.Incident(ctx, h.Place(), "i1", "en")
	if err != nil || in.History[0].Why != saying.English(scan) || in.History[0].Language != "en" || in.Check.Sentence != saying.English(checked) {
		t.Errorf("the same case in English: %v, %+v", err, in.History[0])
	}
	stops, _, err := r.History.StoppedSince(ctx, h.Place(), now.Add(-time.Hour))
	if err != nil || len(stops) != 1 {
		t.Fatal(stops, err)
	}
	if s := stopView(stops[0], "de", view.Ref{}, false); s.Reason != "bad.example steht auf der Liste feed als Schadsoftware." || s.Language != "de" {
		t.Errorf("stopped: %q in %q", s.Reason, s.Language)
	} else if s.Confidence == nil || *s.Confidence != 90 || s.Card == nil || s.Card.Breaks != "Nichts, was dieses Modell gewöhnlich tut." || s.Card.Language != "de" || s.Card.Of != 40 {
		t.Errorf("its evidence: %+v", s.Card)
	}
	for _, odd := range []string{"", "[1]", `{"of":-1}`} { // of an older gateway, and of one that lies
		if s := stopView(history.Stop{Card: []byte(odd)}, "de", view.Ref{}, false); s.Card != nil || s.Confidence != nil {
			t.Errorf("the card %q is told as %+v", odd, s.Card)
		}
	}
	d, err := r.History.Device(ctx, h.Place(), "d1")
	if err != nil {
		t.Fatal(err)
	}
	if who := deviceView(d.Device, true, now, "de").Identity; who.Evidence[0] != "nennt sich x" || who.Language != "de" {
		t.Errorf("known by: %+v", who)
	}
}
