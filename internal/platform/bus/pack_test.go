package bus

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAPackGivesBackItsReports(t *testing.T) {
	id := rapid.StringMatching(`[0-9a-f]{1,40}`)
	rapid.Check(t, func(t *rapid.T) {
		var pack []byte
		var want []Msg
		for range rapid.IntRange(0, 20).Draw(t, "reports") {
			place := id.Draw(t, "tenant") + "." + id.Draw(t, "home") + "." + id.Draw(t, "gateway")
			m := Msg{Subject: "t." + place, Data: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")}
			pack = appendReport(pack, m.Subject, m.Data)
			want = append(want, m)
		}
		got, err := unpack(Msg{Subject: "p.7.pack", Data: pack})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d of %d reports, %v", len(got), len(want), err)
		}
		for i, m := range got {
			if "t."+strings.TrimPrefix(m.Subject, "p.7.") != want[i].Subject || !bytes.Equal(m.Data, want[i].Data) {
				t.Fatalf("report %d: %q %x instead of %q %x", i, m.Subject, m.Data, want[i].Subject, want[i].Data)
			}
		}
		if len(pack) == 0 {
			return
		}
		cut := rapid.IntRange(1, len(pack)-1).Draw(t, "cut")
		got, err = unpack(Msg{Subject: "p.7.pack", Data: pack[:cut]})
		if len(got) >= len(want) || err != nil && !errors.Is(err, errPack) {
			t.Fatalf("%d of %d reports of a pack that was cut, %v", len(got), len(want), err)
		}
	})
}

func TestAMessageThatIsNoPackIsOneReport(t *testing.T) {
	m := Msg{Subject: "p.3.tenant.home.gateway", Data: []byte{255}}
	if got, err := unpack(m); err != nil || len(got) != 1 || got[0].Subject != m.Subject || !bytes.Equal(got[0].Data, m.Data) {
		t.Fatal(got, err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(appendReport(appendReport(nil, "t.a.b.c", []byte("data")), "t.d.e.f", nil))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := unpack(Msg{Subject: "p.1.pack", Data: data})
		var again []byte
		for _, m := range got {
			again = appendReport(again, "t."+strings.TrimPrefix(m.Subject, "p.1."), m.Data)
		}
		if len(again) > len(data) || err == nil && len(got) == 0 && len(data) > 0 {
			t.Fatalf("%d reports, %d bytes out of %d, %v", len(got), len(again), len(data), err)
		}
	})
}
