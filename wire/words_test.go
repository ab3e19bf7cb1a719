package wire

import (
	"reflect"
	"strings"
	"testing"

	"cardea/home"
	"cardea/wire/pb"
)

func TestWordsTravel(t *testing.T) {
	w := home.Words{Pattern: "tried {0} ports of {1}", Args: []string{"n3", "s192.0.2.1"}}
	if got := WordsOf(Words(w)); !reflect.DeepEqual(got, w) {
		t.Errorf("%+v", got)
	}
	if Words(home.Words{}) != nil || Bounded(nil) != nil {
		t.Error("no words became some")
	}
}

func TestWordsThatDoNotFitAreLeftOut(t *testing.T) {
	for name, w := range map[string]*pb.Words{
		"no pattern":     {Args: []string{"n1"}},
		"a long pattern": {Pattern: strings.Repeat("x", home.MaxPattern+1)},
		"a long arg":     {Pattern: "{0}", Args: []string{strings.Repeat("x", home.MaxArg+1)}},
		"many":           {Pattern: "{0}", Args: make([]string, home.MaxArgs+1)},
		"no text":        {Pattern: "a\xff"},
		"a zero byte":    {Pattern: "{0}", Args: []string{"sa\x00"}},
	} {
		if got := Bounded(w); got != nil {
			t.Errorf("%s: kept as %v", name, got)
		}
	}
}

// What is erased, or stays at home, stands in words too.
func TestNamelessTakesWordsOut(t *testing.T) {
	const name = "evil.example"
	w := func() *pb.Words { return &pb.Words{Pattern: "{0}", Args: []string{"s" + name}} }
	c := &pb.Incident{
		History: []*pb.Transition{{By: "gateway", Why: name, Said: w()}}, Deeds: []*pb.Deed{{What: name, Said: w(), Endpoint: name}},
		Steps: []*pb.Step{{Result: name, Said: w()}}, Check: &pb.Check{Sentence: name, Said: w()}, Harm: &pb.Harm{Sentence: name, Said: w()},
	}
	NamelessIncident(c)
	if strings.Contains(c.String(), name) {
		t.Errorf("named still: %v", c)
	}
	d := &pb.Device{Evidence: []string{name}, KnownBy: []*pb.Words{w()}}
	NamelessDevice(d)
	if strings.Contains(d.String(), name) {
		t.Errorf("named still: %v", d)
	}
}
