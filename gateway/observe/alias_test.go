package observe

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

func hear(o *Observer, at time.Time, m home.MAC, addr, name string) {
	o.Handle(&home.Event{Kind: home.EventAnnounce, Time: at, Source: m, Port: "lan1", Announce: &home.Announce{Names: []string{name}}})
	a := netip.MustParseAddr(addr)
	o.Handle(&home.Event{Kind: home.EventNeighbor, Time: at, Source: m, Port: "lan1", Neighbor: &home.Neighbor{
		Op: home.NeighborRequest, SenderMAC: m, SenderAddr: a, TargetAddr: netip.MustParseAddr("192.168.1.1")}})
}

func TestMergedDevicesAreOne(t *testing.T) {
	var r recorder
	o := New(Config{Gateway: []home.MAC{router}}, &r)
	hear(o, t0, camera, "192.168.1.20", "camera")
	o.Handle(lookup(t0, camera, "192.168.1.20", "api.example.com", "198.51.100.7"))
	o.Handle(flowEvent(t0, home.FlowNew, "192.168.1.20:4000", "198.51.100.7:443", camera, router))
	old := o.Known(camera)
	random := mac("02:00:00:00:00:07")
	hear(o, t0.Add(time.Minute), random, "192.168.1.21", "camera")
	o.Handle(lookup(t0.Add(time.Minute), random, "192.168.1.21", "api.example.com", "198.51.100.7"))
	open := flowEvent(t0.Add(time.Minute), home.FlowNew, "192.168.1.21:4000", "198.51.100.7:443", random, router)
	o.Handle(open)
	young := o.Known(random)
	if err := o.Merge(old, young); err != nil {
		t.Fatal(err)
	}
	open.Flow.State, open.Flow.UpPackets, open.Flow.DownPackets = home.FlowEnd, 3, 4
	o.Handle(open)
	if got := r.last(); got.Device.ID != old || got.Device.MAC != random {
		t.Errorf("the open flow is %+v's", got.Device)
	}
	hear(o, t0.Add(2*time.Minute), random, "192.168.1.21", "camera")
	d, _ := o.Device(old)
	if !slices.Equal(d.MACs, []home.MAC{camera, random}) || len(d.Addresses) != 2 || !slices.Equal(d.Names, []string{"camera"}) || !d.First.Equal(t0) {
		t.Errorf("merged: %+v", d)
	}
	if _, ok := o.Device(young); ok || o.Known(random) != old || o.Current(young) != old {
		t.Error("the younger id is still in use")
	}
	o.Close()
	flows := map[string]home.Contact{}
	for _, c := range r.contacts {
		if c.Device != old {
			t.Errorf("a contact of %s", c.Device)
		}
		if !c.Lookup {
			flows[c.Endpoint.Name] = c
		}
	}
	if c := flows["api.example.com"]; len(flows) != 1 || c.Flows != 2 || c.Packets != 7 {
		t.Errorf("contacts: %+v", flows)
	}
	aliases := o.Aliases()
	if len(aliases) != 1 || aliases[0].From != young || aliases[0].Into != old || aliases[0].MAC != random {
		t.Fatalf("aliases: %+v", aliases)
	}

	after := New(Config{Gateway: []home.MAC{router}}, &r) // a restart in between
	for _, d := range o.Devices() {
		after.Remember(d)
	}
	after.RememberAliases(aliases)
	if back, err := after.Split(old, random); err != nil || back != young || after.Known(random) != young || len(after.Aliases()) != 0 {
		t.Errorf("split gives %s, %v", back, err)
	}
}

func TestWhatCannotBeMergedOrSplit(t *testing.T) {
	o := New(Config{Gateway: []home.MAC{router}}, &recorder{})
	a, b, g := o.IDOf(camera), o.IDOf(phone), o.IDOf(router)
	for _, err := range []error{o.Merge(a, a), o.Merge(a, "nobody"), o.Merge("nobody", a)} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%v", err)
		}
	}
	if err := errors.Join(o.Merge(a, g)); !errors.Is(err, ErrGateway) {
		t.Errorf("the gateway was merged: %v", err)
	}
	for _, try := range []struct {
		id home.DeviceID
		m  home.MAC
	}{{a, camera}, {a, phone}, {"nobody", phone}, {b, home.MAC{}}} {
		if id, err := o.Split(try.id, try.m); !errors.Is(err, ErrUnknown) {
			t.Errorf("split %v: %v, %v", try, id, err)
		}
	}
}

// shape is what a resident sees of the home's devices, without order.
func shape(o *Observer) (list []string) {
	for _, d := range o.Devices() {
		slices.SortFunc(d.MACs, func(a, b home.MAC) int { return cmp.Compare(a.String(), b.String()) })
		slices.SortFunc(d.Addresses, netip.Addr.Compare)
		slices.Sort(d.Names)
		list = append(list, fmt.Sprint(d.ID, d.MACs, d.Addresses, d.Names, d.First.UnixNano(), d.Maker))
	}
	slices.Sort(list)
	return list
}

// Splitting off what was merged gives back what was there, in whatever order it is done, and merging is associative.
func TestSplitUndoesMerge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		build := func() (*Observer, []home.DeviceID, []home.MAC) {
			o := New(Config{Gateway: []home.MAC{router}, Vendor: func(m home.MAC) string { return "Maker" }}, &recorder{})
			var ids []home.DeviceID
			var macs []home.MAC
			for i := range 5 {
				m := home.MAC{2, 0, 0, 0, 1, byte(i)}
				hear(o, t0.Add(time.Duration(i)*time.Minute), m, fmt.Sprintf("192.168.1.%d", 20+i), fmt.Sprint("name-", i%3))
				ids, macs = append(ids, o.Known(m)), append(macs, m)
			}
			return o, ids, macs
		}
		o, ids, macs := build()
		before := shape(o)
		order := rapid.Permutation([]int{1, 2, 3, 4}).Draw(rt, "order")
		for _, i := range order[:rapid.IntRange(1, 4).Draw(rt, "merges")] {
			if err := o.Merge(ids[0], ids[i]); err != nil {
				rt.Fatal(err)
			}
		}
		parts := slices.Clone(o.Aliases())
		for _, i := range rapid.Permutation(parts).Draw(rt, "splits") {
			if id, err := o.Split(i.Into, i.MAC); err != nil || id != i.From {
				rt.Fatal(id, err)
			}
		}
		if after := shape(o); !reflect.DeepEqual(before, after) {
			rt.Fatalf("before %v\nafter  %v", before, after)
		}
		left, _, _ := build()
		right, _, _ := build()
		for _, err := range []error{left.Merge(ids[0], ids[1]), left.Merge(ids[0], ids[2]), right.Merge(ids[1], ids[2]), right.Merge(ids[0], ids[1])} {
			if err != nil {
				rt.Fatal(err)
			}
		}
		if !reflect.DeepEqual(shape(left), shape(right)) {
			rt.Fatalf("(a+b)+c %v\na+(b+c) %v", shape(left), shape(right))
		}
		for _, m := range macs[:3] {
			if left.Known(m) != right.Known(m) {
				rt.Fatal("a MAC is another device's")
			}
		}
	})
}

// A device makes itself new IPv6 addresses all the time (RFC 8981); they push out each other only.
func TestTemporaryAddressesPushOutNoStableOnes(t *testing.T) {
	o := New(Config{Gateway: []home.MAC{router}, Home: []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24"), netip.MustParsePrefix("2001:db8:1::/64")}}, &recorder{})
	use := func(at time.Time, addr string) {
		o.Handle(&home.Event{Kind: home.EventNeighbor, Time: at, Source: phone, Neighbor: &home.Neighbor{
			Op: home.NeighborReply, SenderMAC: phone, SenderAddr: netip.MustParseAddr(addr), TargetAddr: netip.MustParseAddr("2001:db8:1::1")}})
	}
	stable := []string{"192.168.1.30", "fe80::3ecd:5dff:fe00:2", "2001:db8:1::3ecd:5dff:fe00:2", "2001:db8:1::77", "fe80::1234:5678"}
	now := t0
	for _, a := range stable {
		use(now, a)
	}
	use(now.Add(25*time.Hour), "2001:db8:1::77") // kept for more than a day: no temporary one
	for i := range 30 {
		now = now.Add(time.Duration(i) * time.Hour)
		use(now, fmt.Sprintf("2001:db8:1:0:abcd:%x::9", i+1))
	}
	d := o.Devices()[0]
	for _, a := range stable {
		if !slices.Contains(d.Addresses, netip.MustParseAddr(a)) {
			t.Errorf("%s was pushed out: %v", a, d.Addresses)
		}
	}
	if last := netip.MustParseAddr("2001:db8:1:0:abcd:1e::9"); len(d.Addresses) != maxAddresses || !slices.Contains(d.Addresses, last) {
		t.Errorf("%d addresses: %v", len(d.Addresses), d.Addresses)
	}
	if len(o.byAddr) != len(d.Addresses) {
		t.Errorf("%d addresses are still known as its own", len(o.byAddr))
	}
}

func TestADeviceFromBeforeGetsItsMaker(t *testing.T) {
	o := New(Config{Vendor: func(home.MAC) string { return "Belkin" }}, &recorder{})
	o.Remember(home.Device{ID: "x", MAC: camera, MACs: []home.MAC{camera}})
	d, ok := o.Device("x")
	if !ok || d.Maker != "Belkin" || d.Vendor != "Belkin" || d.Evidence == nil {
		t.Errorf("%+v", d)
	}
	o = New(Config{Vendor: func(home.MAC) string { return "Belkin" }}, &recorder{})
	o.Remember(home.Device{ID: "x", MAC: camera, MACs: []home.MAC{camera}, Identity: home.Identity{Vendor: "Acme", By: "owner"}})
	if d, _ := o.Device("x"); d.Vendor != "Acme" || d.Maker != "Belkin" {
		t.Errorf("the owner's word is lost: %+v", d)
	}
}

func TestServedMappingAndGroup(t *testing.T) {
	var r recorder
	o := New(Config{Gateway: []home.MAC{router}}, &r)
	hear(o, t0, camera, "192.168.1.20", "camera")
	hear(o, t0, phone, "192.168.1.30", "phone")
	serve := func(src, dst string, from, to home.MAC) home.Observation {
		o.Handle(&home.Event{Kind: home.EventServed, Time: t0, Source: from, Dest: to, Served: &home.Served{
			Flow: home.Flow{Proto: home.ProtoTCP, Src: ap(src), Dst: ap(dst)}, Protocol: "http"}})
		return r.last()
	}
	if got := serve("192.168.1.30:4000", "192.168.1.20:80", camera, phone); got.Device == nil || got.Device.MAC != camera || got.Peer == nil ||
		got.Peer.MAC != phone || !got.Proven || got.Direction != home.Local {
		t.Errorf("at home: %+v", got)
	}
	if got := serve("203.0.113.5:4000", "192.168.1.20:80", camera, router); got.Device == nil || got.Device.MAC != camera || got.Peer != nil ||
		got.Direction != home.Inbound || got.Far.IP.String() != "203.0.113.5" {
		t.Errorf("for the internet: %+v", got)
	}
	if got := serve("192.168.1.20:4000", "203.0.113.5:443", router, camera); got.Device != nil || got.Peer == nil || got.Peer.MAC != camera ||
		got.Direction != home.Outbound || got.Far.Port != 443 {
		t.Errorf("by the internet: %+v", got)
	}
	ask := func(answer bool, from, to home.MAC) home.Observation {
		o.Handle(&home.Event{Kind: home.EventMapping, Time: t0, Source: from, Dest: to, Mapping: &home.Mapping{
			Protocol: "upnp", Addr: netip.MustParseAddr("192.168.1.20"), Internal: 80, Answer: answer}})
		return r.last()
	}
	if got := ask(false, phone, router); got.Device == nil || got.Device.MAC != phone || !got.Proven || got.Peer == nil || got.Peer.MAC != camera {
		t.Errorf("asked: %+v", got)
	}
	if got := ask(true, router, phone); got.Device == nil || got.Device.MAC != phone || got.Proven {
		t.Errorf("answered: %+v", got)
	}
	o.Handle(&home.Event{Kind: home.EventGroup, Time: t0, Source: camera, Port: "lan1", Group: &home.Group{}})
	if got := r.last(); got.Device == nil || got.Device.MAC != camera || !got.Proven || got.Direction != home.Local {
		t.Errorf("joined: %+v", got)
	}
}

// After a restart nobody knows with which MAC an address was used before it is heard again: a split gives it to whose it was.
func TestASplitAfterARestartGivesAddressesBack(t *testing.T) {
	o := New(Config{Gateway: []home.MAC{router}}, &recorder{})
	hear(o, t0, camera, "192.168.1.20", "camera")
	hear(o, t0, phone, "192.168.1.30", "phone")
	cam, tel := o.Known(camera), o.Known(phone)
	if err := o.Merge(cam, tel); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(o.Aliases())
	if err != nil {
		t.Fatal(err)
	}
	var aliases []Alias
	if err := json.Unmarshal(b, &aliases); err != nil {
		t.Fatal(err)
	}
	again := New(Config{Gateway: []home.MAC{router}}, &recorder{})
	for _, d := range o.Devices() {
		again.Remember(d)
	}
	again.RememberAliases(aliases)
	if id, err := again.Split(cam, phone); err != nil || id != tel {
		t.Fatal(id, err)
	}
	for id, want := range map[home.DeviceID]string{cam: "192.168.1.20", tel: "192.168.1.30"} {
		if d, _ := again.Device(id); len(d.Addresses) != 1 || d.Addresses[0].String() != want {
			t.Errorf("%s has %v, not %s", id, d.Addresses, want)
		}
		if d, _ := again.ByAddr(netip.MustParseAddr(want)); d.ID != id {
			t.Errorf("%s is of %s", want, d.ID)
		}
	}
}
