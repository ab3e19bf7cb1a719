package infected_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardea/home"
	"cardea/internal/realdata"
	"cardea/lab/eval/infected"
	"cardea/lab/eval/units"
)

const logTop = "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tlabel\n"

func flow(at float64, src string, port int, dst string, dport int, state string) string {
	answers := map[bool]int{true: 8}[state == "SF"]
	return fmt.Sprintf("%.3f\t%s\t%d\t%s\t%d\ttcp\t0.5\t%s\t9\t900\t%d\t%d\t-\n", 1_767_225_600+at, src, port, dst, dport, state, answers, answers*100)
}

// daily is a device that calls its server each hour.
func daily(device string) (text string) {
	for h := range 24 {
		text += flow(float64(h)*3600, device, 4000+h, "203.0.113.7", 8883, "SF")
	}
	return text
}

func read(t *testing.T, o units.Options, paths ...string) []*units.Unit {
	t.Helper()
	list, _, err := units.Read(t.Context(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func look(t *testing.T, u *units.Unit, intel list) []infected.Evidence {
	t.Helper()
	found, err := infected.Look(t.Context(), u, intel)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// list is one of malware.
type list map[netip.Addr]bool

func (l list) Name(string) (home.Indicator, bool) { return home.Indicator{}, false }
func (l list) Addr(a netip.Addr) (home.Indicator, bool) {
	return home.Indicator{Value: a.String(), Class: home.ClassMalware, Confidence: 90}, l[a]
}

// A scan is hard evidence, told with its file and device; so is to deal with listed malware again and again, if a list is given. What is
// soft, as calls that look like malware's, is none.
func TestLook(t *testing.T) {
	scan, called, c2 := daily("192.168.1.10"), daily("192.168.1.10"), daily("192.168.1.10")
	for i := range 20 {
		scan += flow(90_000+float64(i)/10, "192.168.1.66", 6000+i, fmt.Sprintf("198.51.100.%d", i), 23, "S0")
		called += flow(float64(i)*1800+7, "192.168.1.10", 7000+i, "198.51.100.66", 443, "SF")
		c2 += flow(float64(i)*30, "192.168.1.10", 8000+i, "198.51.100.66", 4975, "S0")
	}
	bad := list{netip.MustParseAddr("198.51.100.66"): true}
	for _, c := range []struct {
		name, text string
		intel      list
		detector   home.Detector
		who        string
	}{
		{"nothing", daily("192.168.1.10"), bad, "", ""}, {"a scan", scan, nil, home.DetectScanWAN, "192.168.1.66"},
		{"listed malware", called, bad, home.DetectIndicator, "192.168.1.10"}, {"not listed", called, nil, "", ""}, {"soft", c2, nil, "", ""},
	} {
		path := filepath.Join(t.TempDir(), "a.log")
		if err := os.WriteFile(path, []byte(logTop+c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		found := look(t, read(t, units.Options{Benign: true}, path)[0], c.intel)
		if (len(found) > 0) != (c.detector != "") {
			t.Errorf("%s: %v", c.name, found)
		}
		for _, e := range found {
			if e.Detector != c.detector || len(e.Files) != 1 || e.Files[0] != path || !strings.HasPrefix(e.Who, c.who) || !strings.Contains(e.String(), path+": "+c.who) {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	}
}

// Of the real captures no benign one is refused; of the attacks those in which somebody scans or floods. What has no labels
// teaches nothing beside a log of it whose labels tell of an attack.
func TestLookReal(t *testing.T) {
	dir := realdata.Dir(t)
	refused := func(o units.Options, paths ...string) (n, of int) {
		for i, p := range paths {
			paths[i] = filepath.Join(dir, p)
		}
		for _, u := range read(t, o, paths...) {
			found := look(t, u, nil)
			for i := range found {
				t.Logf("%s: %s", u.Name, &found[i])
			}
			if of++; len(found) > 0 {
				n++
			}
		}
		return n, of
	}
	benign := []string{"benign-long", "benign-lifecycle", "benign-short", "device-id", "lan/uclouvain-benign"}
	if n, of := refused(units.Options{Benign: true}, benign...); n != 0 || of < 24 {
		t.Errorf("%d of %d benign units are refused", n, of)
	}
	if n, of := refused(units.Options{Each: true}, "attack/iot-23", "attack/slips", "attack/stratosphere-zeek", "attack/ddos", "lan/uclouvain-attack"); n < 5 || of != 21 {
		t.Errorf("%d of %d captures of attacks are refused", n, of)
	}
	for _, pair := range [][]string{
		{"attack/iot-23/CTU-IoT-Malware-Capture-42-1.pcap", "attack/iot-23/CTU-Malware-Capture-42-1-labeled.csv"},
		{"attack/stratosphere-zeek/001-zeek-scenario-malicious"},
	} {
		if n, of := refused(units.Options{Benign: true}, pair...); n != 1 || of != 1 {
			t.Errorf("beside labels: %d of %d", n, of)
		}
	}
	if n, _ := refused(units.Options{Benign: true}, "attack/iot-23/CTU-Malware-Capture-42-1-labeled.csv"); n != 0 {
		t.Error("a log that its own labels clean is refused")
	}
}
