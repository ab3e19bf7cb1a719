package detect

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a gateway would tell of the past if its devices' models were learned after all of it has a row of its own: benign units of a
// learned model alone count, each device and cause once, and attacks that were there before are told or missed.
func TestRunToldOfThePast(t *testing.T) {
	dir := t.TempDir()
	put := func(part, model string, n, day int, more string) string {
		at := filepath.Join(dir, part, model)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		return writeLog(t, at, fmt.Sprintf("%d.log", n), homeDays(n, day, 2, "192.168.1.10", "-")+more)
	}
	for n := range 4 {
		put("train", "lifx-plug", n, n*2, "")
	}
	telnet := flowLine(20*24+30, 5, "192.168.1.10", 9001, "198.51.100.9", 23, "SF", "-") + flowLine(20*24+32, 5, "192.168.1.10", 9002, "198.51.100.9", 23, "SF", "-")
	put("benign", "lifx-plug", 10, 14, "")
	put("benign", "lifx-plug", 11, 17, "")
	put("benign", "lifx-plug", 12, 20, telnet)
	put("benign", "lifx-bulb", 13, 23, strings.NewReplacer("9001", "9003", "9002", "9004").Replace(telnet)) // nobody taught what it does
	c2 := logTop
	for i := range 6 {
		c2 += flowLine(0, i*300, "192.168.1.66", 9100+i, "198.51.100.66", 6667, "SF", "C&C")
	}
	o := Options{
		Train: []string{filepath.Join(dir, "train")}, Benign: []string{filepath.Join(dir, "benign")}, ByFolder: true, Splice: true,
		Attack: []Attack{{File: writeLog(t, dir, "c2.log", c2)}},
	}
	run := func(o Options) (*Past, string) {
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		w := bufio.NewWriter(&text)
		if r.Print(w); w.Flush() != nil {
			t.Fatal("print")
		}
		return r.Past, text.String()
	}
	p, text := run(o)
	if p == nil || p.Units != 3 || p.Devices != 3 || p.Told != 1 || p.Findings != 1 || p.Alerts.Count != 1 || p.Reasons["bare address, 23/tcp"] != 1 || len(p.Examples) != 1 {
		t.Fatalf("%+v", p)
	}
	if p.DeviceDays < 5 || p.DeviceDays > 6 || *p.Alerts.UpperPerDeviceDay < 4.7/6 || *p.Alerts.UpperPerDeviceDay > 4.8/5 {
		t.Errorf("%g device-days, below %g", p.DeviceDays, *p.Alerts.UpperPerDeviceDay)
	}
	if len(p.Attacks) != 1 || p.Attacks[0].Judged || p.Attacks[0].Told {
		t.Errorf("by itself, of a model that nobody knows: %+v", p.Attacks)
	}
	told := 0
	for _, s := range p.Splices {
		if s.Told != s.Judged || s.Told && (s.Findings != 1 || !strings.Contains(s.Sentence, "198.51.100.66 on port 6667")) {
			t.Errorf("%+v", s)
		}
		if s.Told {
			told++
		}
	}
	for _, want := range []string{
		"== told of the past ==", "devices of learned models 3, in units 3,", "findings 1, devices told of 1\n", "bare address, 23/tcp: 1",
		fmt.Sprintf("spliced: %d of %d told", told, told),
	} {
		if told == 0 || !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	o.Ablation.NoFleet = true
	if p, text := run(o); p != nil || !strings.Contains(text, "not asked: no model was learned") {
		t.Errorf("without profiles: %+v", p)
	}
}
