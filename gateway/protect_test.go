package gateway

import (
	"testing"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/gateway/permits"
	"cardea/home"
)

// What homes with a model are known to use, that model may use when it is held to its profile; what is known of its class alone says
// nothing of it, and without profiles nothing is known.
func TestWhatAModelUses(t *testing.T) {
	level := profile.Level{Class: home.ClassCamera, Vendor: "Seewell", Model: "Seewell Cam 2"}
	far := home.Endpoint{Name: "relay.seewell.example", Domain: "seewell.example", Port: 8883, Proto: "tcp"}
	counts := profile.NewCounts()
	for week := uint32(100); week < 104; week++ {
		for h := range 40 {
			counts.Add(&profile.Use{Level: level, Week: week, Home: uint64(h), Network: uint32(h%5) + 1, Active: 7,
				Ends: []profile.End{{Chain: endpoint.Of(&far, false, false), Days: 7}}})
		}
	}
	set := counts.Build(profile.Options{Now: 104, Version: 7})
	for _, c := range []struct {
		what string
		set  *profile.Set
		who  permits.Subject
		name string
		want bool
	}{
		{"its model", set, permits.Subject{Class: level.Class, Vendor: level.Vendor, Model: level.Model}, far.Name, true},
		{"another name", set, permits.Subject{Class: level.Class, Vendor: level.Vendor, Model: level.Model}, "relay.attacker.example", false},
		{"another vendor of the class", set, permits.Subject{Class: level.Class, Vendor: "Somebody", Model: "Somebody's"}, far.Name, false},
		{"nobody", set, permits.Subject{}, far.Name, false},
		{"no profiles", nil, permits.Subject{Class: level.Class, Vendor: level.Vendor, Model: level.Model}, far.Name, false},
	} {
		book := permits.New(permits.Config{Profiles: models{func() *profile.Set { return c.set }}, Domain: registrable})
		if got := book.Permits(c.who, home.ModeProfileOnly, c.name); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
		if book.Permits(c.who, home.ModeVendorOnly, c.name) {
			t.Errorf("%s: its maker's, by no table of ours", c.what)
		}
	}
}
