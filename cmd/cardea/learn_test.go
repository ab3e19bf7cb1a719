package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// homeLog is a log in which one device of a home calls servers on several days.
func homeLog(device string, days int, servers ...string) []byte {
	return homeLogFrom(4000, device, days, servers...)
}

// homeLogFrom is a log of another home: its device calls by other ports.
func homeLogFrom(port int, device string, days int, servers ...string) []byte {
	text := "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n"
	for d := range days {
		for h := range 24 {
			for i, s := range servers {
				text += fmt.Sprintf("%d.25\t%s\t%d\t%s\t8883\ttcp\t2.5\tSF\t9\t900\t8\t800\n", 1_700_006_400+d*86400+h*3600, device, port+i, s)
			}
		}
	}
	return []byte(text)
}

type leftOut struct {
	Malicious int      `json:"malicious_rows"`
	Unknown   int      `json:"unknown_rows"`
	Words     []string `json:"unknown_words"`
}

type learnedOut struct {
	Left  leftOut `json:"left_out"`
	Units []struct {
		Left    leftOut `json:"left_out"`
		Name    string
		Files   int
		Devices []map[string]any
	}
	Levels []struct {
		Name             string
		Homes, Endpoints int
	}
	Refused []struct {
		Name     string
		Evidence []struct {
			Files                   []string
			Who, Detector, Sentence string
		}
	}
	Days     int `json:"device_days"`
	Bytes    int
	Problems []struct {
		File, Error string
		Part        bool
	}
}

func learn(t *testing.T, wantStatus int, args ...string) (learnedOut, string) {
	t.Helper()
	out, stderr, status := cardea(t, me, append([]string{"learn", "--json"}, args...)...)
	var l learnedOut
	if status != wantStatus {
		t.Errorf("%v: exit status %d, %s", args, status, stderr)
	}
	if err := json.Unmarshal([]byte(out), &l); err != nil && wantStatus == 0 {
		t.Errorf("%v: %v in %s", args, err, out)
	}
	return l, stderr
}

func bytesIn(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same captures give the same file, in whatever order they are named and in however many parts they are counted.
func TestLearn(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	a, b := put("in/a.log", homeLog("192.168.1.5", 3, "203.0.113.7", "203.0.113.9")), put("in/b.log", homeLog("192.168.1.6", 2, "203.0.113.7"))
	c := put("in/c.log", homeLogFrom(7000, "192.168.1.5", 4, "203.0.113.7")) // another home, whose device has the same private address
	put("in/d.log", homeLog("192.168.1.5", 2, "203.0.113.7", "203.0.113.9")) // an excerpt of the first
	l, stderr := learn(t, 0, "--out", in("1"), "--counts", in("c1"), a, b, c, in("in/d.log"))
	if len(l.Units) != 3 || l.Units[0].Files != 2 || l.Days != 9 || len(l.Levels) != 1 || l.Levels[0].Homes != 3 || l.Levels[0].Endpoints != 2 || l.Bytes != len(bytesIn(t, in("1"))) || stderr != "" {
		t.Errorf("%+v, %s", l, stderr)
	}
	learn(t, 0, "--out", in("2"), c, in("in"), b, a)
	if !bytes.Equal(bytesIn(t, in("1")), bytesIn(t, in("2"))) {
		t.Error("in another order another file")
	}
	learn(t, 0, "--out", in("3"), "--counts", in("c3"), b)
	learn(t, 0, "--out", in("4"), "--merge", in("c3"), c, a, in("in/d.log"))
	if !bytes.Equal(bytesIn(t, in("1")), bytesIn(t, in("4"))) {
		t.Error("in parts another file")
	}
	text, _, status := cardea(t, me, "learn", "--out", in("5"), in("in"))
	if noControls(t, "learn", text); status != 0 || !strings.Contains(text, "9 device-days of 3 units") {
		t.Errorf("exit status %d:\n%s", status, text)
	}
	// What was learned is what a replay goes by, and nothing else is.
	out, stderr, status := cardea(t, me, "replay", "--json", "--profiles", in("1"), b)
	if checkRecords(t, "replay", out); status != 0 || strings.Contains(out, `"kind":"finding"`) {
		t.Errorf("exit status %d %s\n%s", status, stderr, out)
	}
	for _, bad := range []string{a, in("c1"), in("missing"), put("cut", bytesIn(t, in("1"))[:9])} {
		if _, stderr, status := cardea(t, me, "replay", "--json", "--profiles", bad, b); status != 1 || !strings.Contains(stderr, "--profiles") {
			t.Errorf("profiles of %s: exit status %d %s", bad, status, stderr)
		}
	}
}

// Rows that a log calls malicious are no normal: they change no byte of what is learned, and are counted.
func TestLearnLeavesAttacksOut(t *testing.T) {
	dir := t.TempDir()
	plain := strings.Split(strings.TrimSuffix(string(homeLog("192.168.1.5", 2, "203.0.113.7")), "\n"), "\n")
	var fine, mixed strings.Builder
	for i, l := range plain {
		label := map[bool]string{true: "\tlabel", false: "\tBenign"}[strings.HasPrefix(l, "#fields")]
		if strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "#fields") {
			label = ""
		}
		fine.WriteString(l + label + "\n")
		mixed.WriteString(l + label + "\n")
		if !strings.HasPrefix(l, "#") {
			for _, bad := range []string{"DDoS", "PartOfAHorizontalPortScan"} {
				mixed.WriteString(strings.NewReplacer("203.0.113.7", fmt.Sprintf("198.51.100.%d", i), "4000", "5000").Replace(l) + "\t" + bad + "\n")
			}
		}
	}
	a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	for path, text := range map[string]string{a: fine.String(), b: mixed.String()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one, _ := learn(t, 0, "--out", filepath.Join(dir, "1"), a)
	two, _ := learn(t, 0, "--out", filepath.Join(dir, "2"), b)
	if !bytes.Equal(bytesIn(t, filepath.Join(dir, "1")), bytesIn(t, filepath.Join(dir, "2"))) {
		t.Error("an attack was learned")
	}
	if one.Left.Malicious != 0 || two.Left.Malicious != 96 || two.Units[0].Left.Malicious != 96 || two.Left.Unknown != 0 || two.Left.Words == nil {
		t.Errorf("%+v %+v", one.Left, two.Left)
	}
	if text, _, status := cardea(t, me, "learn", "--out", filepath.Join(dir, "3"), b); status != 0 || !strings.Contains(text, "not learned from: 96 rows labelled as part of an attack\n") {
		t.Errorf("exit status %d:\n%s", status, text)
	}
}

// A home in which a device surely misbehaves teaches nothing, as in a fleet: who and why is told, and it is no failure, unless nothing is
// left to learn from. Who wants it all the same has it.
func TestLearnRefusesTheInfected(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	scan := homeLogFrom(7000, "192.168.1.9", 2, "203.0.113.9")
	for i := range 20 {
		scan = fmt.Appendf(scan, "%d.5\t192.168.1.66\t%d\t198.51.100.%d\t23\ttcp\t-\tS0\t1\t60\t0\t0\n", 1_700_006_400+200_000+i/10, 9000+i, i)
	}
	good, bad := put("good.log", homeLog("192.168.1.5", 2, "203.0.113.7")), put("bad\x1b[2J.log", scan)
	in := func(name string) string { return filepath.Join(dir, name) }
	learn(t, 0, "--out", in("1"), good)
	l, stderr := learn(t, 0, "--out", in("2"), good, bad)
	noControls(t, "standard error", stderr)
	if !bytes.Equal(bytesIn(t, in("1")), bytesIn(t, in("2"))) || len(l.Units) != 1 || len(l.Refused) != 1 || len(l.Refused[0].Evidence) != 1 {
		t.Fatalf("%+v", l)
	}
	if e := l.Refused[0].Evidence[0]; !slices.Equal(e.Files, []string{bad}) || e.Who != "192.168.1.66" || e.Detector != "scan-wan" || e.Sentence == "" {
		t.Errorf("%+v", e)
	}
	for _, want := range []string{"not learned from", "bad", ": 192.168.1.66: scan-wan: tried ", "--despite-findings learns"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in %s", want, stderr)
		}
	}
	if text, _, status := cardea(t, me, "learn", "--out", in("3"), good, bad); status != 0 || !strings.Contains(text, "not learned from: 1 unit in which a device surely misbehaves\n") {
		t.Errorf("exit status %d:\n%s", status, text)
	}
	l, stderr = learn(t, 0, "--out", in("4"), "--despite-findings", good, bad)
	if len(l.Units) != 2 || l.Refused == nil || len(l.Refused) != 0 || stderr != "" {
		t.Errorf("%+v %s", l, stderr)
	}
	if _, stderr = learn(t, 1, "--out", in("5"), bad); !strings.Contains(stderr, "in all homes that were given a device surely misbehaves: nothing was learned") {
		t.Error(stderr)
	}
	if _, err := os.Stat(in("5")); err == nil {
		t.Error("a file was written of nothing")
	}
	learn(t, 1, "--out", in("6"), "--intel", in("missing"), good)
}

// What cannot be read is told, and keeps nothing else from being learned.
func TestLearnHostile(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.log")
	for name, b := range map[string][]byte{
		"good.log": homeLog("192.168.1.5", 1, "203.0.113.7"), "cut.pcap": craft()[:len(craft())-9], "garbage.pcap": []byte("\xd4\xc3\xb2\xa1\x1b[2J"),
		"empty.pcap": nil, "evil\x1b[2J.log": []byte("#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\n"), "notes.txt": []byte("hello"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	l, stderr := learn(t, 1, "--out", out, dir)
	noControls(t, "standard error", stderr)
	var names []string
	for _, p := range l.Problems {
		names = append(names, filepath.Base(p.File))
		if p.Part != (filepath.Base(p.File) == "cut.pcap") {
			t.Errorf("%+v", p)
		}
	}
	if want := []string{"cut.pcap", "evil\x1b[2J.log", "garbage.pcap"}; !slices.Equal(names, want) || len(l.Units) != 2 || strings.Count(stderr, "\n") != 3 {
		t.Errorf("%q, %d units\n%s", names, len(l.Units), stderr)
	}
	before := bytesIn(t, out)
	for _, args := range [][]string{
		{"--out", out, t.TempDir()}, {"--out", out, "--json", t.TempDir()}, {"--out", out, filepath.Join(dir, "garbage.pcap"), filepath.Join(dir, "notes.txt")},
		{"--out", filepath.Join(dir, "missing", "out"), good}, {"--out", out, filepath.Join(dir, "missing")}, {"--out", out, filepath.Join(dir, "notes.txt")},
		{"--out", out, "--merge", good, good}, {"--out", out, "--home", "here", good},
	} {
		_, stderr, status := cardea(t, me, append([]string{"learn"}, args...)...)
		if failed(t, fmt.Sprint(args), stderr, status); status != 1 {
			t.Errorf("%v", args)
		}
	}
	if !bytes.Equal(before, bytesIn(t, out)) {
		t.Error("profiles were replaced by nothing")
	}
	none := filepath.Join(dir, "none")
	if _, stderr, status := cardea(t, me, "learn", "--out", none, t.TempDir()); status != 1 || !strings.Contains(stderr, "no captures in what was given: nothing was learned, and "+none+" was not written") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a file was written of nothing")
	}
	if _, _, status := cardea(t, me, "learn", good); status != 2 {
		t.Errorf("without --out: exit status %d", status)
	}
}

// Real units: each model is known by its own, and a replay of what was learned from finds nothing.
func TestLearnReal(t *testing.T) {
	t.Parallel()
	root := os.Getenv("CARDEA_DATA")
	if root == "" {
		captures(t)
		return
	}
	out := filepath.Join(t.TempDir(), "out")
	l, _ := learn(t, 0, "--out", out, filepath.Join(root, "benign-long"), filepath.Join(root, "device-id"))
	if len(l.Units) != 21 || l.Days < 40 || l.Bytes > len(l.Levels)*2048 {
		t.Errorf("%d units, %d levels, %d device-days, %d bytes", len(l.Units), len(l.Levels), l.Days, l.Bytes)
	}
	for _, file := range captures(t, "benign-long", "device-id/iot-sentinel/WeMoSwitch", "device-id/iot-sentinel/EdimaxPlug1101W") {
		text, stderr, status := cardea(t, me, "replay", "--json", "--profiles", out, file)
		sum := checkRecords(t, file, text)
		if status != 0 || sum["findings"] != 0.0 {
			t.Errorf("%s: exit status %d %s, %v", file, status, stderr, sum)
		}
	}
}
