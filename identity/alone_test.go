package identity

import (
	"reflect"
	"testing"

	"cardea/home"
)

// What another model takes a device for is asked without anything coming of it: neither who it is taken for, nor by which class it is judged,
// nor what is found of it.
func TestAnotherModelIsAskedAlone(t *testing.T) {
	b := NewBook(Config{})
	list := plug("00:11:22:99:aa:bb", 1)
	for _, o := range list {
		b.Observe(o)
	}
	id := list[0].Device.ID
	before, snapshot := b.Identity(id), b.Snapshot()
	b.Changed()
	if before.Model != "" {
		t.Fatalf("%+v", before)
	}
	alone := b.Alone(id)
	alone.Set(learnTwo())
	if who := alone.Identity(id); who.Model != plugLabel.Model || who.Class != plugLabel.Class {
		t.Errorf("by the other model: %+v", who)
	}
	if who := b.Identity(id); !reflect.DeepEqual(who, before) || !reflect.DeepEqual(b.Snapshot(), snapshot) || len(b.Changed()) > 0 || len(b.Past(id)) != 1 {
		t.Errorf("something came of it: %+v, past %v", who, b.Past(id))
	}
	b.Set(learnTwo())
	same := b.Alone(id)
	same.Set(learnTwo())
	if got, want := same.Identity(id), b.Identity(id); !reflect.DeepEqual(got, want) {
		t.Errorf("by the same model %+v, want %+v", got, want)
	}
	b.Correct(id, Correction{Class: home.ClassMedical})
	word := b.Alone(id)
	word.Set(nil)
	if who := word.Identity(id); who.Class != home.ClassMedical {
		t.Errorf("people's word is lost: %+v", who)
	}
	if b.Alone("nobody") != nil {
		t.Error("a device that is not there")
	}
}

// Facts of ours count in it as they do in the book that it was made of.
func TestFactsGoAlong(t *testing.T) {
	b := NewBook(Config{Facts: oneFact{}})
	list := plug("00:11:22:99:aa:bb", 1)
	for _, o := range list {
		b.Observe(o)
	}
	id := list[0].Device.ID
	want := b.Identity(id)
	if got := b.Alone(id).Identity(id); want.Model != "Fact One" || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// oneFact says the same of each clue.
type oneFact struct{}

func (oneFact) Match(_, _ string, yield func(Fact)) {
	yield(Fact{Model: "Fact One", Vendor: "Fact", Class: home.ClassTV, Weight: 6, Words: "a fact"})
}
