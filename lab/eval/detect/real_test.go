package detect

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/home"
	"cardea/internal/realdata"
)

func paths(t *testing.T, paths ...string) []string {
	t.Helper()
	dir := realdata.Dir(t)
	for i, p := range paths {
		paths[i] = filepath.Join(dir, p)
	}
	return paths
}

func small(t *testing.T) Options {
	t.Helper()
	o := Options{
		Train:  paths(t, "device-id/iot-sentinel/HueBridge", "device-id/iot-sentinel/TP-LinkPlugHS110", "device-id/iot-sentinel/Aria"),
		Benign: paths(t, "lan/uclouvain-benign/philips-hue/no-firewall/wlan2.4.pcap", "benign-long/fit-7day/pcaps/schlage-lock-01.pcap", "benign-lifecycle"),
		Splice: true,
	}
	for _, a := range []string{"attack/slips/test7-malicious.pcap", "attack/slips/test12-icmp-portscan.pcap",
		"attack/iot-23/CTU-Malware-Capture-20-1-labeled.csv", "attack/iot-23/CTU-Honeypot-Capture-7-1-labeled.csv"} {
		o.Attack = append(o.Attack, Attack{File: paths(t, a)[0]})
	}
	return o
}

func runReal(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func capture(t *testing.T, list []Capture, name string) Capture {
	t.Helper()
	i := slices.IndexFunc(list, func(c Capture) bool { return strings.HasSuffix(c.File, name) })
	if i < 0 {
		t.Fatalf("%s is not in the report", name)
	}
	return list[i]
}

// The whole way on a small split of real captures: scanners are found in time, benign units and sham splices are not, and an
// attack stays one when it is spliced.
func TestRealCaptures(t *testing.T) {
	o := small(t)
	r := runReal(t, o)
	cardea := r.Methods[0]
	if cardea.Name != "cardea" || len(r.Methods) != ownMethods+4 {
		t.Fatalf("%d methods, the first is %s", len(r.Methods), cardea.Name)
	}
	if said(r.Split.Forward) != "true" || len(r.Split.Test) == 0 || len(r.Split.Calibration) == 0 {
		t.Errorf("split %+v", r.Split)
	}
	if b := cardea.False; b.Findings != 0 || b.Alerts.Count != 0 || b.Containments.Count != 0 || b.DeviceDays <= 0 {
		t.Errorf("benign: %+v", b)
	}
	for name, within := range map[string]float64{"test7-malicious.pcap": 511.5, "test12-icmp-portscan.pcap": 2} { // from the first packet
		if d := capture(t, cardea.Captures, name).Detection; !d.Detected || *d.Seconds > within || *d.Packets < 1 || !d.Contained {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if c := capture(t, cardea.Captures, "20-1-labeled.csv"); !c.Labelled || c.Malicious == 0 || c.Family == "" || c.Kinds[c.Family] == 0 {
		t.Errorf("labels of a log: %+v", c)
	}
	if !slices.ContainsFunc(r.Notes, func(n string) bool {
		return strings.Contains(n, "Honeypot-Capture-7-1") && strings.Contains(n, "nothing in it is malicious")
	}) {
		t.Errorf("a capture without malicious rows was not told: %q", r.Notes)
	}
	if m := r.Methods[ownMethods]; m.Name != "blocklist" || m.How != HowNotRun || len(r.Failed) > 0 {
		t.Errorf("%+v, failed %q", m, r.Failed)
	}
	for _, m := range slices.Delete(slices.Clone(r.Methods), ownMethods, ownMethods+1) {
		if len(m.Splices) != 3*min(spliceHosts, len(r.Split.Test)) || m.Sham == nil || m.Sham.Played == 0 {
			t.Errorf("%s: %d splices, sham %+v", m.Name, len(m.Splices), m.Sham)
		}
		if len(m.Captures) != 3 || len(m.Families) == 0 {
			t.Errorf("%s: %d captures", m.Name, len(m.Captures))
		}
	}
	if s := cardea.Sham; s.Alerts != 0 {
		t.Errorf("a sham splice was found: %q", s.Findings)
	}
	for _, c := range cardea.Splices {
		if strings.HasSuffix(c.File, "test7-malicious.pcap") && (!c.Detection.Detected || *c.Detection.Seconds > 511.5) {
			t.Errorf("spliced into %s: %+v", c.Host, c.Detection)
		}
	}
}

// The same captures give the same bytes, in whatever order they are named.
func TestOrderDoesNotMatter(t *testing.T) {
	o := Options{
		Train:  paths(t, "device-id/iot-sentinel/Aria", "device-id/iot-sentinel/TP-LinkPlugHS110"),
		Benign: paths(t, "lan/uclouvain-benign/philips-hue/no-firewall/wlan2.4.pcap", "benign-lifecycle/xiaodu-plug/xiaodu_plug_lifecycle/xiaodu_plug_setup.pcap"),
		Attack: []Attack{{File: paths(t, "attack/slips/test12-icmp-portscan.pcap")[0]}},
		Splice: true,
	}
	first, _ := json.Marshal(runReal(t, o))
	slices.Reverse(o.Train)
	slices.Reverse(o.Benign)
	second, _ := json.Marshal(runReal(t, o))
	if !bytes.Equal(first, second) {
		t.Errorf("not the same again:\n%s\n%s", first, second)
	}
}

// Labels from another file: the C2 of 42-1 begins with a download, 7 malicious rows of the log; a family by its name.
func TestLabelsOfAnotherFile(t *testing.T) {
	pcap, csv := paths(t, "attack/iot-23/CTU-IoT-Malware-Capture-42-1.pcap")[0], paths(t, "attack/iot-23/CTU-Malware-Capture-42-1-labeled.csv")[0]
	r := runReal(t, Options{Attack: []Attack{{File: pcap, Labels: csv}, {File: csv, Family: "Trojan"}}, Ablation: Ablation{Off: []home.Detector{home.DetectScanWAN}}})
	a, b := r.Methods[0].Captures[0], r.Methods[0].Captures[1]
	if !a.Labelled || a.Malicious == 0 || a.Malicious > 7 || a.Onset.Sub(*b.Onset).Abs().Seconds() > 1 {
		t.Errorf("packets: %d malicious flows from %v, the log's %d from %v", a.Malicious, a.Onset, b.Malicious, b.Onset)
	}
	if b.Family != "Trojan" || len(r.Ablations) != 1 {
		t.Errorf("family %q, ablations %q", b.Family, r.Ablations)
	}
	if how := r.Methods[ownMethods+1].How; how != HowSilent {
		t.Errorf("without calibration a baseline is %s", how)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "nothing to measure"},
		{Options{Benign: []string{t.TempDir()}}, "--benign: no captures"},
	} {
		if _, err := Run(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}

// Each switch changes what it is for: without the fleet nothing is known of models, by minutes far more calibrate, and a detector
// that is off finds nothing.
func TestAblations(t *testing.T) {
	base := Options{
		Train:  paths(t, "device-id/iot-sentinel/HueBridge"),
		Benign: paths(t, "lan/uclouvain-benign/philips-hue/no-firewall/lan.pcap", "benign-lifecycle"),
		Attack: []Attack{{File: paths(t, "attack/slips/test12-icmp-portscan.pcap")[0]}},
	}
	with := func(a Ablation) *Report {
		o := base
		o.Train, o.Benign = slices.Clone(o.Train), slices.Clone(o.Benign)
		o.Ablation = a
		return runReal(t, o)
	}
	full, minutes := with(Ablation{}), with(Ablation{MinuteCalibration: true})
	if a, b := full.Methods[0].DeviceDays, minutes.Methods[0].DeviceDays; b <= a {
		t.Errorf("%d device-days calibrate, %d minutes", a, b)
	}
	off := with(Ablation{Off: []home.Detector{home.DetectScanLAN}})
	if d := off.Methods[0].Captures[0].Detection; d.Detector == string(home.DetectScanLAN) || !full.Methods[0].Captures[0].Detection.Detected {
		t.Errorf("scan-lan is off: %+v", d)
	}
	for _, a := range []Ablation{{NoFleet: true}, {FlowVotes: true}} {
		if r := with(a); len(r.Ablations) != 1 || number(r.Calibration[0].Threshold) == number(full.Calibration[0].Threshold) {
			t.Errorf("%v changes nothing: threshold %s", r.Ablations, number(r.Calibration[0].Threshold))
		}
	}
	// So few units are the same with and without: that the profiles are made so is seen here, what it changes in their own tests.
	if o := (&run{o: Options{Ablation: Ablation{NoHierarchy: true}}}).options(); !o.NoHierarchy || o.FlowVotes {
		t.Errorf("no hierarchy: %+v", o)
	}
}
