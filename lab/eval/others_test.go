package eval

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
	"cardea/identity/oui"
	"cardea/internal/realdata"
)

// bookSink plays events into one book.
type bookSink struct {
	book    *identity.Book
	devices map[home.DeviceID]home.MAC
}

func (b *bookSink) Observe(o *home.Observation) {
	if o.Device != nil {
		b.devices[o.Device.ID] = o.Device.MAC
	}
	b.book.Observe(o)
}

func (b *bookSink) Contact(*home.Contact) {}

// TestOtherLaboratories: a device in another laboratory's capture is called by its right model, or unknown to what was learned.
func TestOtherLaboratories(t *testing.T) {
	root := realdata.Dir(t)
	folders, err := readFolders(filepath.Join(root, "device-id/iot-sentinel"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := name(t.Context(), folders); err != nil {
		t.Fatal(err)
	}
	taught, err := reading{scramble: true}.load(t.Context(), folders)
	if err != nil {
		t.Fatal(err)
	}
	m := identity.Learn(units(labelsOf(folders), taught), identity.LearnOptions{})
	right := map[string]string{ // by address, what some of them are
		"00:17:88:74:c2:dc": "HueBridge", "50:c7:bf:ed:0a:54": "TP-LinkPlug",
	}
	devices, wrong := 0, 0
	for _, part := range []string{"lan", "benign-long", "benign-short", "benign-lifecycle", "protocols"} {
		err := filepath.WalkDir(filepath.Join(root, part), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.Contains(path, ".pcap") {
				return err
			}
			sink := &bookSink{identity.NewBook(identity.Config{Facts: facts.Default()}), map[home.DeviceID]home.MAC{}}
			_ = replay(t.Context(), path, observe.New(observe.Config{Vendor: oui.Vendor, Domain: registrable}, sink)) // some are damaged on purpose
			sink.book.Set(m)
			for id, mac := range sink.devices {
				devices++
				j := m.Judge(sink.book.Session(id))
				if j.Accepted && (right[mac.String()] == "" || !strings.HasPrefix(j.Candidates[0].Model, right[mac.String()])) {
					wrong++
					t.Logf("%s: %s taken for %v, fit %.2f", path[len(root):], mac, j.Candidates[0], j.Fit)
				}
				if j.Accepted || j.Copies != "" || right[mac.String()] != "" {
					t.Logf("%s: %s accepted %v copied %v %v fit %.2f %v", path[len(root):], mac, j.Accepted, j.Copies, j.Candidates, j.Fit, sink.book.Identity(id))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d devices", devices)
	if devices < 100 || wrong*100 > devices {
		t.Errorf("%d of %d devices of other laboratories were taken for a model that they are not", wrong, devices)
	}
}
