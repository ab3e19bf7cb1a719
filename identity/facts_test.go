package identity

import (
	"slices"
	"testing"
	"time"

	"cardea/home"
)

// table is a few facts by clue and value.
type table map[string][]Fact

func (t table) Match(clue, value string, yield func(Fact)) {
	for _, f := range t[clue+" "+value] {
		yield(f)
	}
}

var someFacts = table{
	"maker Acme":             {{Vendor: "Acme Home", Weight: 3, Words: "Acme address range", Forgeable: 1}},
	"hostname smartplug":     {{Class: home.ClassPlug, Weight: 2.5, Words: "its name says plug", Forgeable: 3}},
	"mdns-text md=Plug One":  {{Model: "Acme Plug One", Vendor: "Acme Home", Class: home.ClassPlug, Weight: 5, Words: "says that it is a Plug One", Forgeable: 3}},
	"name api.plug.example":  {{Vendor: "Acme Home", Weight: 2, Words: "asks for plug.example", Forgeable: 1, Apps: true}},
	"hostname anna":          {{Class: home.ClassPhone, Weight: 4, Words: "its name says phone", Forgeable: 3}},
	"hostname ward-pump":     {{Class: home.ClassMedical, Weight: 6, Words: "its name says pump", Forgeable: 3}},
	"name elsewhere.example": {{Vendor: "Other", Weight: 3, Words: "asks for elsewhere.example"}},
}

func TestFactsTellWithoutAModel(t *testing.T) {
	b := NewBook(Config{Facts: someFacts})
	list := plug("00:11:22:99:aa:bb", 1)
	for _, o := range list[:2] {
		b.Observe(o)
	}
	id := list[0].Device.ID
	who := b.Identity(id)
	if who.Model != "" || who.Vendor != "Acme Home" || who.Class != home.ClassPlug || who.By != byRules || !slices.Contains(who.Evidence, "Acme address range") {
		t.Errorf("%+v", who)
	}
	for _, o := range list[2:] {
		b.Observe(o)
	}
	if who = b.Identity(id); who.Model != "Acme Plug One" || who.Evidence[0] != "says that it is a Plug One" || who.Confidence < .9 {
		t.Errorf("%+v", who)
	}
}

// What a phone's app does says nothing of the phone.
func TestAppsDoNotNameAPhone(t *testing.T) {
	d := newThing("02:11:22:99:aa:bb")
	d.Maker = ""
	b := NewBook(Config{Facts: someFacts})
	b.Observe(d.lease(0, "anna", ""))
	b.Observe(d.lookup(time.Second, "api.plug.example", "plug.example"))
	if who := b.Identity(d.ID); who.Vendor != "" || who.Class != home.ClassPhone {
		t.Errorf("%+v", who)
	}
}

// A device cannot talk itself into being handled with more care.
func TestANameMakesNothingMedical(t *testing.T) {
	d := newThing("00:11:22:99:aa:bb")
	b := NewBook(Config{Facts: someFacts})
	b.Observe(d.lease(0, "ward-pump", ""))
	if who := b.Identity(d.ID); who.Class != "" {
		t.Errorf("%+v", who)
	}
	if c := b.Strictest(d.ID, t0); c != "" {
		t.Errorf("judged as %q", c)
	}
}

// Facts that contradict each other name no vendor but the address range's company.
func TestContradictingFactsNameNobody(t *testing.T) {
	d := newThing("00:11:22:99:aa:bb")
	b := NewBook(Config{Facts: someFacts})
	b.Observe(d.lookup(0, "elsewhere.example", "elsewhere.example"))
	if who := b.Identity(d.ID); who.Vendor != "Acme" {
		t.Errorf("%+v", who)
	}
}

func TestFactsAreKeptInOneOrder(t *testing.T) {
	play := func(order ...int) []string {
		b := NewBook(Config{Facts: someFacts})
		list := plug("00:11:22:99:aa:bb", 1)
		for _, i := range order {
			b.Observe(list[i])
		}
		return b.Identity(list[0].Device.ID).Evidence
	}
	if a, c := play(0, 1, 4), play(4, 1, 0); !slices.Equal(a, c) {
		t.Errorf("%v and %v", a, c)
	}
}
