package observe_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/gateway/capture/file"
	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity/same"
)

// linked is an observer with a linker behind it, as the pipeline has them.
type linked struct {
	o     *observe.Observer
	l     *same.Linker
	found []*home.Finding
	auto  []same.Link
}

func newLinked() *linked {
	w := &linked{}
	w.l = same.New(same.Config{Find: func(f *home.Finding) { w.found = append(w.found, f) }})
	w.o = observe.New(observe.Config{}, w)
	return w
}

func (w *linked) Observe(o *home.Observation) {
	id := home.Identity{}
	if o.Device != nil {
		id = o.Device.Identity
	}
	w.l.Observe(o, id)
}

func (w *linked) Contact(*home.Contact) {}

func (w *linked) play(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := file.Replay(context.Background(), f, w.o, file.Options{}); err != nil && !strings.Contains(path, "robustness") {
		t.Logf("%s: %v", path, err)
	}
	for _, k := range w.l.Proposals() {
		if k.Automatic {
			w.auto = append(w.auto, k)
		}
	}
}

func captures(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".pcap") || strings.HasSuffix(path, ".pcapng")) {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// Real captures, each as one home and then many as one: nothing is merged by itself, since no device of them came back with another
// address, and the benign ones hold no forged address and no changed identity.
func TestNothingIsMergedInRealCaptures(t *testing.T) {
	data := os.Getenv("CARDEA_DATA")
	if data == "" {
		t.Log("NOT RUN: CARDEA_DATA is not set, so no real capture was looked at")
		return
	}
	files := captures(t, data)
	if len(files) < 300 {
		t.Fatalf("%d captures: is CARDEA_DATA whole?", len(files))
	}
	devices, proposals := 0, 0
	for _, path := range files {
		w := newLinked()
		w.play(t, path)
		w.check(t, path)
		devices += len(w.o.Devices())
		proposals += len(w.l.Proposals())
	}
	for _, folder := range []string{"device-id", "benign-lifecycle", "benign-long", "lan"} {
		w := newLinked()
		for _, path := range captures(t, filepath.Join(data, folder)) {
			w.play(t, path)
		}
		w.check(t, folder)
		proposals += len(w.l.Proposals())
	}
	t.Logf("%d captures, %d devices, %d proposals for a resident", len(files), devices, proposals)
}

func (w *linked) check(t *testing.T, what string) {
	t.Helper()
	for _, k := range w.auto {
		t.Errorf("%s: merged by itself: %+v", what, k)
	}
	for _, k := range w.l.Proposals() {
		a, _ := w.o.Device(k.Into)
		b, _ := w.o.Device(k.From)
		t.Logf("%s: proposed %.2f: %v %v %q %q", what, k.Confidence, a.MACs, b.MACs, a.Names, k.Why)
	}
	for _, d := range w.o.Devices() {
		if got := w.l.Behind(d.ID); got != nil {
			t.Logf("%s: behind %v: %+v", what, d.MAC, got)
		}
	}
	for _, f := range w.found {
		if strings.Contains(what, "attack") {
			t.Logf("%s: %s %s %v", what, f.Detector, f.Sentence, f.Facts)
			continue
		}
		t.Errorf("%s: %s %s %v", what, f.Detector, f.Sentence, f.Facts)
	}
}

// masked gives one hardware address of a capture another value, as a device that takes a random one does.
type masked struct {
	w        *linked
	old, new home.MAC
}

func (m *masked) swap(a *home.MAC) {
	if *a == m.old {
		*a = m.new
	}
}

func (m *masked) Handle(e *home.Event) {
	m.swap(&e.Source)
	m.swap(&e.Dest)
	if n := e.Neighbor; n != nil {
		m.swap(&n.SenderMAC)
		m.swap(&n.TargetMAC)
	}
	if l := e.Lease; l != nil {
		m.swap(&l.Client)
		l.ClientID = bytes.ReplaceAll(l.ClientID, m.old[:], m.new[:])
	}
	m.w.o.Handle(e)
}

// Every type of the captures comes back to one home with a random address: what is proposed is right, whoever else is there.
func TestWhoComesBackIsNobodyElse(t *testing.T) {
	data := os.Getenv("CARDEA_DATA")
	if data == "" {
		t.Log("NOT RUN: CARDEA_DATA is not set, so no real capture was looked at")
		return
	}
	types, err := filepath.Glob(filepath.Join(data, "device-id/iot-sentinel/*/_iotdevice-mac.txt"))
	if err != nil || len(types) < 15 {
		t.Fatalf("%d types, %v: is CARDEA_DATA whole?", len(types), err)
	}
	w, kind := newLinked(), map[home.MAC]home.MAC{}
	for round := range 2 {
		for i, label := range types {
			b, err := os.ReadFile(label)
			if err != nil {
				t.Fatal(err)
			}
			m, err := home.ParseMAC(strings.ToLower(strings.TrimSpace(string(b))))
			if err != nil {
				t.Fatal(err)
			}
			list := captures(t, filepath.Dir(label))
			mask := &masked{w: w, old: m, new: m}
			if round == 1 {
				mask.new = home.MAC{6, 0, 0, 0, 0, byte(i)}
				kind[mask.new] = m
			}
			f, err := os.Open(list[round])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := file.Replay(context.Background(), f, mask, file.Options{}); err != nil {
				t.Error(err)
			}
			f.Close()
		}
	}
	right := 0
	for _, k := range w.l.Proposals() {
		a, _ := w.o.Device(k.Into)
		b, _ := w.o.Device(k.From)
		if kind[b.MAC] != a.MAC && kind[a.MAC] != b.MAC && kind[a.MAC] != kind[b.MAC] {
			t.Errorf("%.2f: %v %q and %v %q (%v): %q", k.Confidence, a.MAC, a.Names, b.MAC, b.Names, kind[b.MAC], k.Why)
			continue
		}
		t.Logf("%.2f %v: %v %q: %q", k.Confidence, k.Automatic, a.MAC, a.Names, k.Why)
		right++
	}
	t.Logf("%d of %d types are proposed", right, len(types))
	if right < 12 {
		t.Errorf("%d of %d types are proposed: too few to show anything", right, len(types))
	}
}
