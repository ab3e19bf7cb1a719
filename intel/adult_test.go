package intel

import (
	"net/netip"
	"strings"
	"testing"

	"cardea/home"
)

func adultSet(t *testing.T, b *Builder) *Set {
	t.Helper()
	for _, l := range []struct {
		class home.Class
		text  string
	}{
		{home.ClassMalware, "||c2.example^\n"},
		{home.ClassAdult, "||red.example^\n||freed.example^\n||deep.c2.example^\n||c2.example^\n203.0.113.7\n@@||fine.red.example^\n"},
		{ClassAllow, "||freed.example^\n"},
	} {
		if _, err := Read(strings.NewReader(l.text), List{Source: string(l.class), Class: l.class}, b.Add); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

// Names of class adult are found by Adult alone. They hide nothing that is worse, list no address, and exceptions excuse them.
func TestAdultNamesAreKeptApart(t *testing.T) {
	s := adultSet(t, NewBuilder())
	for name, want := range map[string]bool{"red.example": true, "a.red.example": true, "freed.example": false, "x.freed.example": false, "fine.red.example": false,
		"other.example": false, "example": false, "deep.c2.example": true} {
		i, ok := s.Adult(name)
		if ok != want || ok && (i.Class != home.ClassAdult || i.Source != "adult") {
			t.Errorf("Adult(%s): %v %+v", name, ok, i)
		}
		if i, ok := s.Name(name); ok && i.Class != home.ClassMalware {
			t.Errorf("Name(%s): %+v", name, i)
		}
	}
	if i, ok := s.Name("x.deep.c2.example"); !ok || i.Class != home.ClassMalware {
		t.Errorf("malware hides behind what is adult: %+v", i)
	}
	if _, ok := s.Addr(netip.MustParseAddr("203.0.113.7")); ok {
		t.Error("an address is listed")
	}
	s.Prefixes(func(p netip.Prefix, _ uint16, _ *Class) bool {
		t.Errorf("the kernel would get %s", p)
		return true
	})
	if !s.HasAdult() || (*Set)(nil).HasAdult() || NewBuilder().Build().HasAdult() {
		t.Error("HasAdult")
	}
	if _, ok := (*Set)(nil).Adult("red.example"); ok {
		t.Error("nothing lists something")
	}
}

// What a feed said before it broke is kept, what was undone is not, and deltas reach the names as they do others.
func TestAdultNamesKeptUndoneAndChanged(t *testing.T) {
	old := adultSet(t, NewBuilder())
	b := NewBuilderFrom(old)
	if n := b.Keep(old, "adult"); n != 5 {
		t.Errorf("%d kept", n)
	}
	m := b.Mark()
	b.Add(&List{Source: "more", Class: home.ClassAdult}, Entry{Name: "more.example"})
	b.Undo(m)
	s := b.Build()
	if _, ok := s.Adult("red.example"); !ok {
		t.Error("not kept")
	}
	if _, ok := s.Adult("more.example"); ok {
		t.Error("not undone")
	}
	b = NewBuilder()
	m = b.Mark()
	b.Add(&List{Source: "more", Class: home.ClassAdult}, Entry{Name: "more.example"})
	if b.Undo(m); b.Build().HasAdult() {
		t.Error("not undone from nothing")
	}
	next, refused := old.Apply(Delta{Add: []Listed{{List{Class: home.ClassAdult}, Entry{Name: "new.example"}},
		{List{Class: home.ClassAdult}, Entry{Prefix: netip.MustParsePrefix("203.0.113.9/32")}}}, Remove: []Entry{{Name: "red.example"}}})
	_, added := next.Adult("new.example")
	if _, left := next.Adult("red.example"); !added || left || refused != 1 {
		t.Errorf("added %v, left %v, %d refused", added, left, refused)
	}
	if _, ok := old.Adult("red.example"); !ok {
		t.Error("the old set changed")
	}
	if later, _ := next.Apply(Delta{Add: []Listed{{List{}, Entry{Name: "bad.example"}}}}); !later.HasAdult() || later.Len() != next.Len()+1 {
		t.Errorf("%d after %d", later.Len(), next.Len())
	}
}
