package main

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/internal/show"
	"cardea/lab"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// homeSnapshot is a home in which everything has happened at once.
func homeSnapshot() *snapshot {
	mac := func(n byte) home.MAC { return home.MAC{2, 0, 0, 0, 0, n} }
	s := &snapshot{agent: "agent armed, 1 shut in", watched: true, count: lab.Counters{Sent: 9660, WAN: 16, LAN: 14}}
	for i, name := range []string{"anna-phone", "kitchen-camera", "hall-camera", "living-room-tv", "printer", "desk-plug", "bulb", "nas"} {
		n := byte(i + 1)
		s.infos = append(s.infos, lab.Info{Name: name, MAC: mac(n), Now: mac(n), On: name != "printer",
			IPv4: netip.AddrFrom4([4]byte{192, 168, 130, 10 + n}), Infected: i == 1 || i == 2, Active: i == 1})
		if name == "nas" {
			continue // the gateway has not seen it yet
		}
		d := control.Device{Device: home.Device{ID: home.DeviceID("d" + name), MACs: []home.MAC{mac(n)}}, Name: name, Mode: home.ModeOff}
		switch name {
		case "kitchen-camera":
			d.Mode, d.Grade = home.ModeQuarantine, home.GradePort
		case "living-room-tv":
			d.Mode, d.Grade = home.ModeNoLAN, home.GradePort
		case "desk-plug":
			s.incidents = append(s.incidents, home.Incident{Device: d.ID, State: home.StateProbation})
		case "bulb":
			s.incidents = append(s.incidents, home.Incident{Device: d.ID, State: home.StateOpen})
		}
		s.devices = append(s.devices, d)
	}
	s.devices = append(s.devices,
		control.Device{Device: home.Device{ID: "router", Gateway: true}, Name: "router"},
		control.Device{Device: home.Device{ID: "forged", Addresses: []netip.Addr{netip.MustParseAddr("192.168.130.99")}},
			Name: "\x1b]0;owned\x07\x1b[31mevil\u202e\r\nname", Mode: home.ModeQuarantine, Grade: home.GradeNone})
	camera := home.DeviceID("dkitchen-camera")
	contact := func(d home.DeviceID, name, ip string, port uint16, ago time.Duration, a home.Action) home.Contact {
		c := home.Contact{Device: d, Endpoint: home.Endpoint{Name: name, Port: port, Proto: "tcp"}, Flows: 1, Last: noon.Add(-ago)}
		if ip != "" {
			c.Endpoint.IP = netip.MustParseAddr(ip)
		}
		c.Action, c.Reason = a, "it is on the list of command servers."
		return c
	}
	s.contacts = talks([]home.Contact{
		contact(camera, "c2.example", "203.0.113.9", 6667, 2*time.Second, home.Block),
		contact(camera, "api15.seewell.example", "", 443, 40*time.Second, home.Allow),
		contact(camera, "api15.seewell.example", "", 443, 3*time.Minute, home.Allow),
		contact(camera, "", "198.51.100.7", 23, 61*time.Second, home.Allow),
		contact(camera, "", "192.168.130.1", 53, 0, home.Allow),
		contact(camera, "", "255.255.255.255", 67, 0, home.Allow),
		contact("danna-phone", "a-very-long-host-name-of-a-content-network-that-nobody-reads.edge-17.streamvideo.example", "", 443, 0, home.Allow),
	}, netip.MustParseAddr("192.168.130.1"))
	return s
}

func homeModel() *model {
	m := &model{scenario: "camera", seed: 1}
	m.take(homeSnapshot())
	m.selected = "kitchen-camera"
	m.say(noon.Add(-40*time.Second), plain, "12 devices joined the home and got their addresses.")
	m.say(noon.Add(-9*time.Second), careful, "kitchen-camera tried 8 internet addresses on port 23 in less than a second; none answered.")
	m.say(noon.Add(-9*time.Second), bad, "kitchen-camera is shut in: its port is cut off from the internet and the other devices.")
	m.say(noon.Add(-2*time.Second), plain, "Check again, kitchen-camera: Not clean: it did it again less than a second ago (2035 times since we shut it in).")
	return m
}

func TestDrawGolden(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		for _, help := range []bool{false, true} {
			m := homeModel()
			name := fmt.Sprintf("view-%dx%d.txt", size[0], size[1])
			if m.help = help; help {
				name = "help-" + name
			}
			var got strings.Builder
			for _, l := range draw(m, size[0], size[1], noon) {
				got.WriteString(strings.TrimRight(l.text(), " ") + "\n")
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (go test ./cmd/cardea -update writes it anew): %s", name, diff)
			}
		}
	}
}

// Whatever the home and the terminal are like, a frame fits the terminal and holds no escape sequence but our own.
func TestDrawFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 200).Draw(t, "width"), rapid.IntRange(1, 70).Draw(t, "height")
		m := &model{agent: rapid.String().Draw(t, "agent"), help: rapid.Bool().Draw(t, "help"), busy: rapid.String().Draw(t, "busy")}
		for range rapid.IntRange(0, 25).Draw(t, "devices") {
			r := row{name: rapid.String().Draw(t, "name"), state: stateShut}
			r.recent = []talk{{what: rapid.String().Draw(t, "what"), note: rapid.String().Draw(t, "note"), last: noon}}
			m.rows = append(m.rows, r)
			m.selected = r.name
			m.say(noon, bad, "%s", rapid.String().Draw(t, "entry"))
		}
		lines := draw(m, w, h, noon)
		if len(lines) != h {
			t.Fatalf("%d lines in %d", len(lines), h)
		}
		for i, l := range lines {
			if n := show.Width(show.Text(l.text())); n > max(w, 8) {
				t.Fatalf("line %d has %d cells of %d: %q", i, n, w, l.text())
			}
		}
		for _, utf8 := range []bool{false, true} {
			frame := paint(lines, w, false, utf8)
			for _, own := range []string{"\x1b[H", "\x1b[K", "\x1b[J", "\x1b[7m", "\x1b[0m", "\r\n"} {
				frame = strings.ReplaceAll(frame, own, "")
			}
			if i := strings.IndexFunc(frame, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || !utf8 && r > '~' }); i >= 0 {
				t.Fatalf("a control character got through: %q", frame[i:])
			}
		}
	})
}

func TestPaintColours(t *testing.T) {
	lines := draw(homeModel(), 80, 24, noon)
	if s := paint(lines, 80, true, true); !strings.Contains(s, "\x1b[1;31m\x1b[7m■ shut in") {
		t.Error("what is shut in is not red")
	}
	for _, colour := range []string{"\x1b[1;31m", "\x1b[32m", "\x1b[33m", "\x1b[2m"} {
		if s := paint(lines, 80, false, true); strings.Contains(s, colour) {
			t.Errorf("NO_COLOR, and %q is sent", colour)
		}
	}
}

// Each state has an icon and a word of its own: nothing is told by colour alone.
func TestStatesDiffer(t *testing.T) {
	words := map[string]bool{}
	for _, s := range []deviceState{stateFine, stateNoticed, stateShut, statePending, stateNoLAN, stateProbation, stateOff, stateUnknown, stateNobody} {
		if words[s.word] || s.icon == "" || s.word == "" {
			t.Errorf("%+v", s)
		}
		words[s.word] = true
	}
}

func TestDecodeKeys(t *testing.T) {
	for in, want := range map[string][]key{
		"i": {keyInfect}, "c": {keyCheck}, "p": {keyPower}, "r": {keyRelease}, "b": {keyShutIn}, "q": {keyEnd}, "\x03": {keyEnd}, "\x04": {keyEnd},
		"j": {keyDown}, "k": {keyUp}, "g": {keyFirst}, "G": {keyLast}, "?": {keyHelp}, "h": {keyHelp}, "jjk": {keyDown, keyDown, keyUp},
		"\x1b[A": {keyUp}, "\x1b[B": {keyDown}, "\x1bOA": {keyUp}, "\x1bOB": {keyDown}, "\x1b[H": {keyFirst}, "\x1b[F": {keyLast},
		"\x1b[Bq": {keyDown, keyEnd}, "\x1b": nil, "\x1b[": nil, "\x1bq": nil, "\x1b[1;5A": nil, "\x1b[5~q": {keyEnd}, "\x1b[200~": nil,
		"": nil, "xyzIQ 0\x00\x7f": nil, "\xff\xfe": nil, "ü": nil,
	} {
		if got := decode([]byte(in)); !slices.Equal(got, want) {
			t.Errorf("decode(%q) = %v, want %v", in, got, want)
		}
	}
}

func FuzzDecodeKeys(f *testing.F) {
	f.Add([]byte("i\x1b[A\x1b[1;5Bq"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(decode(b)); n > len(b) {
			t.Fatalf("%d keys in %d bytes", n, len(b))
		}
	})
}

func TestSelection(t *testing.T) {
	m := homeModel()
	for _, step := range []struct {
		by   int
		want string
	}{{-1, "anna-phone"}, {-1, "anna-phone"}, {2, "hall-camera"}, {100, m.rows[len(m.rows)-1].name}, {-100, "anna-phone"}} {
		if m.move(step.by); m.selected != step.want {
			t.Errorf("move %d: %q, want %q", step.by, m.selected, step.want)
		}
	}
	m.selected = "gone"
	if m.move(1); m.selected != "kitchen-camera" {
		t.Errorf("after a device has gone: %q", m.selected)
	}
	(&model{}).move(1) // a home without devices
}

func TestTell(t *testing.T) {
	v := &view{names: map[home.DeviceID]string{"d": "camera"}}
	incident := &home.Incident{Code: "K7QM"}
	for _, e := range []control.Event{
		{Event: "finding", Device: "d", Finding: &home.Finding{Sentence: "tried 8 addresses"}},
		{Event: "incident", Device: "d", Incident: incident, Transition: &home.Transition{To: home.StateContained, By: "gateway", Why: "hard"}},
		{Event: "enforced", Device: "d", Detail: "quarantine, port"},
		{Event: "enforced", Device: "d", Detail: "quarantine, mac"},
		{Event: "enforced", Device: "d", Detail: "quarantine, none"},
		{Event: "incident", Device: "d", Incident: incident, Transition: &home.Transition{To: home.StateProbation, Why: "Checked and clean."}},
		{Event: "enforced", Device: "d", Detail: "no-lan, port"},
		{Event: "enforced", Device: "x", Detail: "off"},
		{Event: "seen", Detail: "whatever"},
	} {
		v.tell(e)
	}
	want := []string{
		"camera tried 8 addresses.",
		"The gateway opened case K7QM and shuts camera in.",
		"camera is shut in: its port is cut off from the internet and the other devices.",
		"camera is shut in by its hardware address. What shares its port, behind the same switch, it may still reach.",
		"camera is to be shut in; that is not in force yet.",
		"Case K7QM: camera is on probation. Checked and clean.",
		"camera reaches the internet again. The other devices it does not reach yet.",
		"A device reaches everything again.",
	}
	var got []string
	for _, e := range v.model.log {
		got = append(got, e.text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range 2 * maxEntries {
		v.model.say(noon, plain, "x")
	}
	if len(v.model.log) != maxEntries {
		t.Errorf("the log keeps %d lines", len(v.model.log))
	}
}
