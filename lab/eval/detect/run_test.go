package detect

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const logTop = "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tlabel\n"

// flowLine is a line of a log of 2026-01, with what it is labelled as.
func flowLine(hour, second int, src string, port int, dst string, dport int, state, label string) string {
	answers := map[bool]int{true: 8}[state == "SF"]
	return fmt.Sprintf("%d.25\t%s\t%d\t%s\t%d\ttcp\t2.5\t%s\t9\t900\t%d\t%d\t%s\n", 1_767_225_600+hour*3600+second, src, port, dst, dport, state, answers, answers*100, label)
}

// homeDays is a log of a home in which one device calls its server each hour.
func homeDays(n, from, days int, device, label string) string {
	text := logTop
	for h := range days * 24 {
		text += flowLine(from*24+h, n, device, 4000+100*n+h%50, "203.0.113.7", 8883, "SF", label)
	}
	return text
}

func writeLog(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Logs of six homes in which the device has the same private address are six units: none is left out for that.
func TestRunPrivateAddresses(t *testing.T) {
	dir := t.TempDir()
	var p []string
	for i := range 6 {
		p = append(p, writeLog(t, dir, fmt.Sprintf("%c.log", 'a'+i), homeDays(i, i*2, 2, "192.168.1.10", "-")))
	}
	r, err := Run(t.Context(), Options{Train: p[:2], Benign: p[2:]})
	if err != nil || len(r.Split.Train) != 2 || len(r.Split.Calibration) != 2 || len(r.Split.Test) != 2 || len(r.Split.Why) > 0 || said(r.Split.Forward) != "true" || said(r.Split.After) != "true" || len(r.Failed) > 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	excerpt := writeLog(t, dir, "g.log", strings.Join(strings.SplitAfter(homeDays(1, 2, 2, "192.168.1.10", "-"), "\n")[:20], ""))
	r, err = Run(t.Context(), Options{Train: p[:2], Benign: append(p[2:], excerpt)})
	if err != nil || len(r.Split.Why) != 1 || !strings.Contains(r.Split.Why[0], "shows the same flows as") || len(r.Split.Calibration)+len(r.Split.Test) != 4 {
		t.Fatalf("%v, %+v", err, r.Split)
	}
}

// The rows of an attack teach nobody, and are no false alerts; a label that nobody knows is told, and is neither.
func TestRunLeavesAttacksOut(t *testing.T) {
	dir := t.TempDir()
	c2 := func(n, day int, label string) (text string) {
		for h := range 24 {
			text += flowLine(day*24+h, 30, "192.168.1.10", 9000+n, "198.51.100.66", 6667, "SF", label)
		}
		return text
	}
	var p []string
	for i := range 5 {
		p = append(p, writeLog(t, dir, fmt.Sprintf("%c.log", 'a'+i), homeDays(i, i*2, 2, "192.168.1.10", "Benign")+c2(i, i*2, "C&C")+c2(50+i, i*2, "Odd")))
	}
	r, err := Run(t.Context(), Options{Train: p[:2], Benign: p[2:4], Attack: []Attack{{File: p[4]}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range [][]Unit{r.Split.Train, r.Split.Calibration, r.Split.Test} {
		if u[0].Left.Malicious != 24 || u[0].Left.Unknown != 24 || fmt.Sprint(u[0].Left.Words) != "[Odd]" {
			t.Errorf("%+v", u[0])
		}
	}
	notes := strings.Join(r.Notes, "\n")
	if strings.Count(notes, "24 rows labelled as part of an attack and 24 rows with a label that is not known (\"Odd\")") != 4 || !strings.Contains(notes, "e.log: 24 rows with a label that is not known (\"Odd\"): they are not counted as the attack") {
		t.Error(notes)
	}
	m := r.Methods[0]
	if len(m.Captures) != 1 || m.Captures[0].Family != "C&C" || m.Captures[0].Malicious == 0 || m.False.Findings != 0 {
		t.Errorf("%+v %+v", m.Captures, m.False)
	}
}

// Who trains with a device that surely misbehaves is told, and does not learn from it; unless that is wanted.
func TestRunRefusesTheInfected(t *testing.T) {
	dir := t.TempDir()
	scan := homeDays(9, 0, 1, "192.168.1.10", "-")
	for i := range 20 {
		scan += flowLine(30, i/10, "192.168.1.66", 9000+i, fmt.Sprintf("198.51.100.%d", i), 23, "S0", "-")
	}
	bad, good := writeLog(t, dir, "bad.log", scan), writeLog(t, dir, "a.log", homeDays(1, 0, 1, "192.168.1.10", "-"))
	benign := []string{writeLog(t, dir, "b.log", homeDays(2, 4, 1, "192.168.1.10", "-")), writeLog(t, dir, "c.log", homeDays(3, 6, 1, "192.168.1.10", "-"))}
	for _, c := range []struct {
		name             string
		o                Options
		learned, refused int
		failed           string
	}{
		{"one of two", Options{Train: []string{good, bad}, Benign: benign}, 1, 1, ""},
		{"all the same", Options{Train: []string{good, bad}, Benign: benign, Despite: true}, 2, 0, ""},
		{"all of it", Options{Train: []string{bad}, Benign: benign}, 0, 1, "--train: a device surely misbehaves in all of it"},
	} {
		r, err := Run(t.Context(), c.o)
		if err != nil {
			t.Fatal(err)
		}
		s := r.Split
		if len(s.Train) != c.learned || s.Refused == nil || len(s.Refused) != c.refused || (c.failed == "") != (len(r.Failed) == 0) || !strings.HasPrefix(strings.Join(r.Failed, ""), c.failed) {
			t.Errorf("%s: %+v, failed %q", c.name, s, r.Failed)
		}
		var text strings.Builder
		w := bufio.NewWriter(&text)
		if r.Print(w); w.Flush() != nil || strings.Contains(text.String(), "bad.log: 192.168.1.66: scan-wan: tried") != (c.refused > 0) {
			t.Errorf("%s:\n%s", c.name, &text)
		}
	}
}

// What was asked for and came to nothing is no success: some of it fails the run beside its report, all of it is an error.
func TestRunMeasuresNothing(t *testing.T) {
	dir := t.TempDir()
	a, b := writeLog(t, dir, "a.log", homeDays(1, 0, 2, "192.168.1.10", "-")), writeLog(t, dir, "b.log", homeDays(2, 4, 2, "192.168.1.10", "-"))
	fine := writeLog(t, dir, "fine.log", homeDays(3, 4, 1, "192.168.1.10", "Benign"))
	bad := writeLog(t, dir, "bad.log", homeDays(4, 4, 1, "192.168.1.10", "C&C"))
	text := writeLog(t, dir, "notes.txt", "hello")
	folder := t.TempDir()
	for _, c := range []struct {
		name   string
		o      Options
		err    string
		failed string
	}{
		{"no capture", Options{Attack: []Attack{{File: text}}}, "nothing was measured: --attack " + text + ": neither packets", ""},
		{"an empty folder", Options{Attack: []Attack{{File: folder}}}, "nothing was measured: --attack " + folder + ": no captures in it", ""},
		{"nothing malicious", Options{Attack: []Attack{{File: fine}}}, "nothing in it is malicious", ""},
		{"only of training", Options{Train: []string{a}, Benign: []string{a}}, "nothing was measured: a.log is left out", ""},
		{"nothing normal", Options{Benign: []string{bad}}, "--benign: no captures in what was given (" + bad + ": nothing in it is normal", ""},
		{"one of two attacks", Options{Attack: []Attack{{File: bad}, {File: text}}}, "", "--attack " + text},
		{"benign of training beside an attack", Options{Train: []string{a}, Benign: []string{a}, Attack: []Attack{{File: bad}}}, "", "--benign: no unit is left"},
		{"a benign attack beside benign units", Options{Benign: []string{a, b}, Attack: []Attack{{File: fine}}}, "", "--attack: no attack was measured"},
		{"a splice without a host", Options{Attack: []Attack{{File: bad}}, Splice: true}, "", "--splice: nothing was spliced"},
		{"all", Options{Train: []string{a}, Benign: []string{b}, Attack: []Attack{{File: bad}}, Splice: true}, "", ""},
		{"only attacks", Options{Attack: []Attack{{File: bad}}}, "", ""},
	} {
		name := strings.ReplaceAll(filepath.Base(filepath.Dir(a)), "/", "")
		c.err = strings.Replace(c.err, "a.log is", name+"/a.log is", 1)
		r, err := Run(t.Context(), c.o)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", c.name, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.failed == "" && len(r.Failed) > 0, c.failed != "" && (len(r.Failed) != 1 || !strings.Contains(r.Failed[0], c.failed)):
			t.Errorf("%s: failed %q, want %q", c.name, r.Failed, c.failed)
		case len(c.o.Train) == 0 && r.Split.Forward != nil:
			t.Errorf("%s: forward in time of nothing", c.name)
		}
	}
}

// Levels by themselves know less: what only another model of the vendor uses is as new to a model as what nobody uses, and so scores more.
func TestRunNoHierarchy(t *testing.T) {
	dir := t.TempDir()
	put := func(part, model string, n, day int, news bool) {
		text := logTop
		for h := range 72 {
			server, port := "203.0.113.99", 8883
			if model == "lifx-bulb" || news && h >= 60 {
				server, port = "203.0.113.7", 9123
			}
			text += flowLine(day*24+h, n, "192.168.1.10", 4000+100*n+h%50, server, port, "SF", "-")
		}
		at := filepath.Join(dir, part, model)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		writeLog(t, at, fmt.Sprintf("%d.log", n), text)
	}
	for n := range 4 {
		put("train", "lifx-bulb", n, n, false)
		put("train", "lifx-plug", 10+n, n, false)
		put("benign", "lifx-plug", 20+n, 10+4*n, true)
	}
	bits := func(a Ablation) float64 {
		r, err := Run(t.Context(), Options{Train: []string{filepath.Join(dir, "train")}, Benign: []string{filepath.Join(dir, "benign")}, ByFolder: true, Ablation: a})
		if err != nil || len(r.Calibration) == 0 || r.Calibration[0].Threshold == nil || len(r.Split.Train) != 8 {
			t.Fatalf("%v, %+v", err, r)
		}
		return *r.Calibration[0].Threshold
	}
	with, without := bits(Ablation{}), bits(Ablation{NoHierarchy: true})
	if without <= with {
		t.Errorf("with the levels above %g bits, without %g", with, without)
	}
}
