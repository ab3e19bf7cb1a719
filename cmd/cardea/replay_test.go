package main_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// captures lists the real captures, kept outside the repository, below some folders of CARDEA_DATA.
func captures(t *testing.T, folders ...string) (list []string) {
	t.Helper()
	root := os.Getenv("CARDEA_DATA")
	if root == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CARDEA_DATA does not name the folder of real captures")
		}
		t.Log("CARDEA_DATA is not set: nothing was tried on real captures")
		return nil
	}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if name := filepath.Base(path); err == nil && !d.IsDir() && (strings.Contains(name, ".pcap") || strings.HasSuffix(name, ".cap")) {
				list = append(list, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(list) == 0 {
		t.Fatalf("no captures in %v", folders)
	}
	return list
}

// fields are what each kind of record has at least.
var fields = map[string][]string{
	"device": {"id", "mac", "macs", "addresses", "names", "vendor"},
	"contact": {"device", "endpoint", "flows", "failed", "bytes_up", "bytes_down", "packets", "first", "last", "usual", "service", "listed",
		"verdict", "reason"},
	"finding": {"device", "mac", "time", "packet", "detector", "score", "sentence", "facts"},
	"summary": {"packets", "bytes", "truncated", "malformed", "devices", "contacts", "findings", "seconds"},
}

// checkRecords checks the form of a replay's NDJSON and returns its last record, the summary.
func checkRecords(t *testing.T, file, out string) (sum map[string]any) {
	t.Helper()
	n, devices := map[string]int{}, map[any]bool{}
	var owners []any
	for line := range strings.Lines(out) {
		if sum["kind"] == "summary" {
			t.Fatalf("%s: a line behind the summary: %s", file, line)
		}
		sum = nil
		if err := json.Unmarshal([]byte(line), &sum); err != nil {
			t.Fatalf("%s: %v in %s", file, err, line)
		}
		kind, _ := sum["kind"].(string)
		n[kind]++
		for _, key := range fields[kind] {
			if _, ok := sum[key]; !ok {
				t.Fatalf("%s: a %s without %s: %s", file, kind, key, line)
			}
		}
		switch kind {
		case "device":
			devices[sum["id"]] = true
		case "contact", "finding":
			owners = append(owners, sum["device"])
			if e, ok := sum["endpoint"].(map[string]any); kind == "contact" && (!ok || e["proto"] == nil || e["port"] == nil || e["ip"] == nil || e["name"] == nil || e["domain"] == nil) {
				t.Fatalf("%s: endpoint: %s", file, line)
			}
			if kind == "contact" && (sum["reason"] == "" || sum["verdict"] == "none") {
				t.Fatalf("%s: a verdict without reason: %s", file, line)
			}
		case "summary":
		default:
			t.Fatalf("%s: unknown kind %q", file, kind)
		}
	}
	if sum["kind"] != "summary" {
		t.Fatalf("%s: the last line is no summary: %v", file, sum)
	}
	for kind, key := range map[string]string{"device": "devices", "contact": "contacts", "finding": "findings"} {
		if sum[key] != float64(n[kind]) {
			t.Errorf("%s: the summary counts %v %s, there are %d", file, sum[key], key, n[kind])
		}
	}
	for _, id := range owners {
		if !devices[id] {
			t.Errorf("%s: device %v is never described", file, id)
			break
		}
	}
	return sum
}

// failed checks a command that failed: status 1 and one line that says why.
func failed(t *testing.T, what, stderr string, status int) {
	t.Helper()
	if status != 1 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "cardea: ") || strings.Contains(stderr, "goroutine") {
		t.Errorf("%s: exit status %d, %q: want 1 and one clear error", what, status, stderr)
	}
	noControls(t, what, stderr)
}

func TestReplayRealCaptures(t *testing.T) {
	t.Parallel()
	for i, file := range captures(t, "lan", "attack", "protocols/ndpi") {
		out, stderr, status := cardea(t, me, "replay", "--json", file)
		sum := checkRecords(t, file, out)
		if status != 0 {
			failed(t, file, stderr, status)
		} else if sum["packets"].(float64) == 0 || stderr != "" {
			t.Errorf("%s: %v, %s", file, sum, stderr)
		}
		if i%4 != 0 {
			continue
		}
		if again, _, _ := cardea(t, nobody, "replay", "--json", file); again != out && os.Getenv("CARDEA_DATA") != "" && readable(file) {
			t.Errorf("%s: another run gives another output", file)
		}
		text, _, _ := cardea(t, me, "replay", file)
		noControls(t, file, text)
	}
}

// readable says whether an ordinary user may read a file: the copy may lie in a closed folder.
func readable(path string) bool {
	for ; path != "/"; path = filepath.Dir(path) {
		if st, err := os.Stat(path); err != nil || st.Mode()&0o004 == 0 {
			return false
		}
	}
	return true
}

// logs lists the real logs of connections.
func logs(t *testing.T) (list []string) {
	t.Helper()
	root := os.Getenv("CARDEA_DATA")
	if root == "" {
		captures(t) // says that nothing is tried
		return nil
	}
	err := filepath.WalkDir(filepath.Join(root, "attack"), func(path string, d fs.DirEntry, err error) error {
		if name := filepath.Base(path); err == nil && (strings.Contains(name, "conn.log") || strings.HasSuffix(name, "-labeled.csv")) {
			list = append(list, path)
		}
		return err
	})
	if err != nil || len(list) < 10 {
		t.Fatal(list, err)
	}
	return list
}

func TestReplayRealLogs(t *testing.T) {
	t.Parallel()
	for i, file := range logs(t) {
		out, stderr, status := cardea(t, me, "replay", "--json", file)
		sum := checkRecords(t, file, out)
		if status != 0 || stderr != "" || sum["lines"].(float64) == 0 || sum["packets"].(float64) == 0 || sum["malformed"] != 0.0 || sum["devices"].(float64) > 256 {
			t.Errorf("%s: exit status %d, %s, %v", file, status, stderr, sum)
		}
		if i%6 == 0 {
			if again, _, _ := cardea(t, me, "replay", "--json", file); again != out {
				t.Errorf("%s: another run gives another output", file)
			}
		}
	}
}

// A log that is not sound is judged as far as it goes; what is none of connections is said to be none.
func TestReplayLog(t *testing.T) {
	dir := t.TempDir()
	const top = "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\torig_pkts\tresp_pkts\n"
	text := top
	for i := range 40 {
		text += fmt.Sprintf("%d.5\t192.168.1.5\t4000\t203.0.113.%d\t23\ttcp\tS0\t1\t0\n", 1_700_000_000+i, i)
	}
	for name, c := range map[string]struct {
		text             string
		status           int
		lines, malformed float64
	}{
		"sound":     {text, 0, 40, 0},
		"bad lines": {text + "\x1b[2J\nwhat is this\n", 0, 40, 2},
		"none good": {top + "\x1b[2J\n", 1, 0, 1},
		"empty":     {top, 0, 0, 0},
		"dns":       {"#separator \\x09\n#path\tdns\n#fields\tts\n", 1, 0, 0},
	} {
		path := filepath.Join(dir, "conn.log")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, stderr, status := cardea(t, me, "replay", "--json", path)
		sum := checkRecords(t, name, out)
		if lines, _ := sum["lines"].(float64); status != c.status || lines != c.lines || sum["malformed"] != c.malformed {
			t.Errorf("%s: exit status %d, %s, %v", name, status, stderr, sum)
		}
		if c.status == 1 {
			failed(t, name, stderr, status)
		} else if scans := strings.Count(out, `"detector":"scan-wan"`); (scans == 0) != (c.lines == 0) {
			t.Errorf("%s: %d scans", name, scans)
		}
		text, _, _ := cardea(t, me, "replay", path)
		if noControls(t, name, text); c.lines > 0 && !strings.Contains(text, "(line ") {
			t.Errorf("%s: no line is named:\n%s", name, text)
		}
	}
}

// Files made to break readers: a summary in any case; then status 0, or 1 and one clear error.
func TestReplayBrokenCaptures(t *testing.T) {
	t.Parallel()
	for _, file := range captures(t, "robustness") {
		out, stderr, status := cardea(t, me, "replay", "--json", file)
		checkRecords(t, file, out)
		if status != 0 {
			failed(t, file, stderr, status)
		}
	}
}

// evil is what a device may call itself.
const evil = "\x1b]0;owned\x07\x1b[2Jcam\u202egpj\r\n"

// craft makes a capture (pcap, Ethernet) in which a device asks for a lease under a hostile name and then calls a server.
func craft() []byte {
	var file bytes.Buffer
	le := func(v ...any) {
		for _, x := range v {
			binary.Write(&file, binary.LittleEndian, x)
		}
	}
	le(uint32(0xa1b2c3d4), uint16(2), uint16(4), uint32(0), uint32(0), uint32(65535), uint32(1))
	mac := []byte{2, 0, 0, 0, 0, 1}
	frame := func(at uint32, proto byte, src, dst [4]byte, l4 []byte) {
		eth := append(append(bytes.Repeat([]byte{0xff}, 6), mac...), 8, 0)
		ip := append([]byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0}, append(src[:], dst[:]...)...)
		binary.BigEndian.PutUint16(ip[2:], uint16(20+len(l4)))
		b := append(append(eth, ip...), l4...)
		le(at, uint32(0), uint32(len(b)), uint32(len(b)), b)
	}
	dhcp := make([]byte, 236)
	copy(dhcp, []byte{1, 1, 6, 0})
	copy(dhcp[28:], mac)
	dhcp = append(dhcp, 99, 130, 83, 99, 53, 1, 3, 50, 4, 192, 168, 1, 7, 12, byte(len(evil)))
	dhcp = append(append(dhcp, evil...), 255)
	udp := append([]byte{0, 68, 0, 67, 0, 0, 0, 0}, dhcp...)
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	frame(1, 17, [4]byte{}, [4]byte{255, 255, 255, 255}, udp)
	syn := []byte{0xc0, 0, 1, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0}
	frame(2, 6, [4]byte{192, 168, 1, 7}, [4]byte{203, 0, 113, 5}, syn)
	return file.Bytes()
}

func TestReplayCrafted(t *testing.T) {
	dir, whole := t.TempDir(), craft()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.pcap", whole)
	out, stderr, status := cardea(t, me, "replay", "--json", good)
	if sum := checkRecords(t, "good", out); status != 0 || stderr != "" || sum["packets"] != 2.0 || sum["contacts"].(float64) < 1 || sum["seconds"] != 1.0 {
		t.Errorf("exit status %d %s, %v", status, stderr, sum)
	}
	for _, args := range [][]string{{"replay", good}, {"replay", "--home", "192.168.1.0/24", good, good}} {
		out, stderr, status = cardea(t, me, args...)
		if noControls(t, "the report", out); status != 0 || stderr != "" || !strings.Contains(out, "02:00:00:00:00:01") || !strings.Contains(out, "203.0.113.5") {
			t.Errorf("%v: exit status %d %s\n%s", args, status, stderr, out)
		}
	}
	list := write("malware.txt", []byte("203.0.113.5\n"))
	out, _, status = cardea(t, me, "replay", "--json", "--intel", list, good)
	if status != 0 || !strings.Contains(out, `"verdict":"block"`) && !strings.Contains(out, `"verdict":"contain"`) || strings.Contains(out, `"listed":{}`) {
		t.Errorf("--intel: exit status %d\n%s", status, out)
	}
	for name, path := range map[string]string{
		"empty": write("empty.pcap", nil), "garbage": write("garbage.pcap", []byte("GET / HTTP/1.1\r\n\x1b[2J")), "cut": write("cut.pcap", whole[:len(whole)-9]),
		"half a header": write("half.pcap", whole[:11]), "huge packet": write("huge.pcap", append(whole[:len(whole):len(whole)], bytes.Repeat([]byte{0xff}, 64)...)),
		"missing": filepath.Join(dir, "missing.pcap"), "folder": dir, "evil name": filepath.Join(dir, "\x1b[2Jmissing"),
	} {
		out, stderr, status := cardea(t, me, "replay", "--json", path)
		failed(t, name, stderr, status)
		if sum := checkRecords(t, name, out); sum["error"] == nil {
			t.Errorf("%s: the summary does not say what went wrong", name)
		}
		text, _, status := cardea(t, me, "replay", path)
		if noControls(t, name, text); status != 1 {
			t.Errorf("%s, for people: exit status %d", name, status)
		}
	}
}

// What goes away while it is written to ends the command with an error, not a panic.
func TestReplayIntoFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "good.pcap")
	if err := os.WriteFile(path, craft(), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, _ := command(t, me, "replay", "--json", path)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = full, &errs
	if err := cmd.Run(); err == nil {
		t.Error("exit status 0, though nothing could be written")
	}
	if s := errs.String(); !strings.Contains(s, "no space left") {
		t.Errorf("standard error: %s", s)
	}
}
