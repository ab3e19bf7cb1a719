package same

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

// lived is a Linker of five faces of five devices that share something.
func lived() (*Linker, []home.DeviceID, []home.MAC) {
	h := newHouse()
	var ids []home.DeviceID
	var macs []home.MAC
	for i := range 5 {
		x := again(phone, fmt.Sprintf("06:00:00:00:01:%02x", i), fmt.Sprintf("192.168.1.%d", 40+i))
		h.life(5*time.Minute, x)
		h.pass(time.Hour)
		ids, macs = append(ids, h.devices[x.mac].ID), append(macs, x.mac)
	}
	return h.l, ids, macs
}

// state is whose every face is, and which merges hold, without when.
func state(l *Linker) string {
	var list []string
	for _, f := range l.Snapshot().Faces {
		list = append(list, fmt.Sprint(f.MAC, f.Device, f.Own, f.By))
	}
	return fmt.Sprint(list)
}

func TestMergesAreAssociativeAndSplitUndoesThem(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l, ids, macs := lived()
		before := state(l)
		merged := rapid.Permutation([]int{1, 2, 3, 4}).Draw(rt, "order")[:rapid.IntRange(1, 4).Draw(rt, "merges")]
		by := rapid.SampledFrom([]By{Evidence, Owner}).Draw(rt, "by")
		for _, i := range merged {
			if err := l.Merge(ids[0], ids[i], by); err != nil {
				rt.Fatal(err)
			}
		}
		if n := len(l.Links()); n != len(merged) {
			rt.Fatalf("%d links for %d merges", n, len(merged))
		}
		for _, i := range rapid.Permutation(merged).Draw(rt, "splits") {
			l.Split(ids[0], macs[i], ids[i])
		}
		if after := state(l); after != before {
			rt.Fatalf("before %s\nafter  %s", before, after)
		}
		for _, i := range merged {
			if err := l.Merge(ids[0], ids[i], Evidence); err == nil {
				rt.Fatal("evidence merges what was split")
			}
			if err := l.Merge(ids[0], ids[i], Owner); err != nil {
				rt.Fatal(err)
			}
		}
		left, _, _ := lived()
		right, _, _ := lived()
		for _, err := range []error{left.Merge(ids[0], ids[1], by), left.Merge(ids[0], ids[2], by), right.Merge(ids[1], ids[2], by), right.Merge(ids[0], ids[1], by)} {
			if err != nil {
				rt.Fatal(err)
			}
		}
		if state(left) != state(right) {
			rt.Fatalf("(a+b)+c %s\na+(b+c) %s", state(left), state(right))
		}
	})
}

// In whatever order a device shows what it is, the same is proposed.
func TestTheOrderOfCluesDoesNotMatter(t *testing.T) {
	want := ""
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse()
		back := again(phone, "06:00:00:00:00:99", "192.168.1.40")
		steps := []func(thing){h.dhcp, h.connect, h.ask}
		for _, x := range []thing{phone, back} {
			for _, i := range rapid.Permutation([]int{0, 1, 2}).Draw(rt, "order") {
				steps[i](x)
			}
			h.pass(5 * time.Minute)
			h.connect(x)
			h.pass(time.Hour)
		}
		got := fmt.Sprint(h.l.Proposals())
		if want == "" {
			want = got
		}
		if got != want || len(h.l.Proposals()) != 1 {
			rt.Fatalf("%s\n%s", got, want)
		}
	})
}

func TestASnapshotComesBack(t *testing.T) {
	h := newHouse()
	h.life(10*time.Minute, phone, laptop)
	h.pass(time.Hour)
	back := again(phone, "06:00:00:00:00:99", "192.168.1.40")
	h.life(5*time.Minute, back, again(phone, "06:00:00:00:00:98", "192.168.1.41"))
	if err := h.l.Merge(h.devices[phone.mac].ID, h.devices[back.mac].ID, Owner); err != nil {
		t.Fatal(err)
	}
	s := h.l.Snapshot()
	if len(s.Faces) != 4 || len(s.Apart) == 0 || len(s.Common) == 0 {
		t.Fatalf("%d faces, %d apart, %d common", len(s.Faces), len(s.Apart), len(s.Common))
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var read Snapshot
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	l := New(Config{})
	l.Restore(read)
	if again, err := json.Marshal(l.Snapshot()); err != nil || string(again) != string(b) {
		t.Errorf("%v\n%s\n%s", err, again, b)
	}
}

func FuzzRestore(f *testing.F) {
	h := newHouse()
	h.life(5*time.Minute, phone, laptop)
	b, err := json.Marshal(h.l.Snapshot())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"faces":[{"mac":"02:00:00:00:00:01","device":"x","own":"y","clues":[{"clue":255},{"clue":1,"hash":2}],"lodgers":[{"address":"::1"}]}],"apart":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Snapshot
		if json.Unmarshal(b, &s) != nil {
			return
		}
		l := New(Config{Faces: 16})
		l.Restore(s)
		once := l.Snapshot()
		if len(once.Faces) > 16 || len(once.Apart) > maxApart || len(once.Common) > maxCommon {
			t.Fatal("more than there is room for")
		}
		for _, x := range once.Faces {
			if len(x.Clues) > 32 || len(x.Asked) > sketch || len(x.Lodgers) > maxLodgers {
				t.Fatalf("%+v", x)
			}
		}
		l.Proposals()
		l.Links()
		l.Doubts()
		for _, x := range once.Faces {
			l.Behind(x.Device)
			o := home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Time: t0, Source: x.MAC, Neighbor: &home.Neighbor{}}, Proven: true,
				Device: &home.Device{ID: x.Device, MACs: []home.MAC{x.MAC}}}
			l.Observe(&o, home.Identity{})
		}
		twice := New(Config{Faces: 16})
		twice.Restore(once)
		if !reflect.DeepEqual(once, twice.Snapshot()) {
			t.Fatal("a snapshot that was restored is another one")
		}
	})
}

// Whoever invents addresses fills no memory and pushes out nobody on another port.
func TestBounds(t *testing.T) {
	h := newHouse()
	c := h.config()
	c.Faces = 256
	h.l = New(c)
	h.life(time.Minute, laptop)
	for i := range 2000 {
		x := thing{mac: home.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}, port: "lan9", addr: fmt.Sprintf("192.168.2.%d", i%250+1), name: fmt.Sprint("name-", i), params: []byte{byte(i), 3}}
		h.dhcp(x)
		h.now = h.now.Add(time.Second)
	}
	if len(h.l.faces) > 256 || len(h.l.index) > 256*10 || h.l.faces[laptop.mac] == nil {
		t.Errorf("%d faces, %d values, the laptop is known: %v", len(h.l.faces), len(h.l.index), h.l.faces[laptop.mac] != nil)
	}
}

// A device costs little: its share of the 2 kB that a device may cost with its identity.
func TestBytesOfADevice(t *testing.T) {
	const n = 512
	var before, after runtime.MemStats
	h := newHouse()
	things := make([]thing, n)
	for i := range things {
		things[i] = thing{mac: home.MAC{2, 0, 0, 1, byte(i >> 8), byte(i)}, addr: fmt.Sprintf("192.168.%d.%d", i/200, i%200+1), name: fmt.Sprintf("name-of-%d", i),
			client: fmt.Appendf(nil, "client-number-%d", i), params: []byte{1, byte(i), byte(i >> 8)}, syn: phoneSYN, ja4: fmt.Sprint("t13d", i), asks: phone.asks}
		h.device(things[i].mac, things[i].addr)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, x := range things {
		h.dhcp(x)
		h.connect(x)
		h.ask(x)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapAlloc - before.HeapAlloc) / n
	t.Logf("%d bytes a device", each)
	if each > 1400 {
		t.Errorf("%d bytes a device", each)
	}
	runtime.KeepAlive(h)
}

func BenchmarkObserve(b *testing.B) {
	h := newHouse()
	for i := range 200 {
		h.life(time.Second, again(phone, fmt.Sprintf("06:00:00:00:01:%02x", i), fmt.Sprintf("192.168.1.%d", i+1)))
	}
	d := h.device(phone.mac, phone.addr)
	o := home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: h.now, Source: phone.mac, Port: "lan1", Lookup: &home.Lookup{Question: "push.example"}}, Device: d, Proven: true}
	b.ReportAllocs()
	for b.Loop() {
		o.Time = o.Time.Add(time.Millisecond)
		h.l.Observe(&o, home.Identity{})
	}
}

func BenchmarkProposals(b *testing.B) {
	h := newHouse()
	for i := range 200 {
		h.life(time.Second, again(phone, fmt.Sprintf("06:00:00:00:01:%02x", i), fmt.Sprintf("192.168.1.%d", i+1)))
	}
	for b.Loop() {
		h.l.Proposals()
	}
}
