package eval

import (
	"bufio"
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/identity"
	"cardea/internal/realdata"
)

func TestReadMACs(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
		bad  bool
	}{
		{text: "20:f8:5e:ca:91:52", want: "20:f8:5e:ca:91:52"}, // no newline at its end
		{text: "20:F8:5E:CA:91:52\r\n", want: "20:f8:5e:ca:91:52"},
		{text: "# two\n20:f8:5e:ca:91:52, 20-f8-5e-ca-91-53\n20:f8:5e:ca:91:52\n", want: "20:f8:5e:ca:91:52 20:f8:5e:ca:91:53"},
		{text: ""},
		{text: "20:f8:5e:ca:91", bad: true},
		{text: "ff:ff:ff:ff:ff:ff", bad: true},
		{text: "00:00:00:00:00:00", bad: true},
	} {
		path := filepath.Join(t.TempDir(), macFile)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		macs, err := readMACs(path)
		var got []string
		for _, m := range macs {
			got = append(got, m.String())
		}
		if (err != nil) != c.bad || strings.Join(got, " ") != c.want {
			t.Errorf("%q: %v, %v", c.text, got, err)
		}
	}
}

func TestFoldersWithoutCaptures(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "Type"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, train := range []string{dir, filepath.Join(dir, "missing")} {
		if _, err := Identify(t.Context(), train, dir, Options{}); err == nil || !strings.Contains(err.Error(), "training folder") {
			t.Errorf("%s: %v", train, err)
		}
	}
}

// events takes what comes out of a scrambler.
type events []home.Event

func (l *events) Handle(e *home.Event) { *l = append(*l, *e) }

func TestScrambleFollowsTheDevice(t *testing.T) {
	own := home.MAC{0x90, 0x8d, 0x78, 0xa8, 0xe1, 0x43}
	run := func(seed string) (events, home.MAC) {
		var out events
		s := newScrambler(&out, seed)
		to := s.mac(own)
		s.Handle(&home.Event{Kind: home.EventAnnounce, Source: own, Announce: &home.Announce{
			Protocol: "mdns", Names: []string{"dchE143", "plug 12345", "HS100(EU)"}, Details: []string{"mac=90:8d:78:a8:e1:43", "model=SP1101W", "id=1101"},
		}})
		s.Handle(&home.Event{Kind: home.EventLease, Source: own, Lease: &home.Lease{Client: own, ClientID: append([]byte{1}, own[:]...), Hostname: "dch-a8e143"}})
		s.Handle(&home.Event{Kind: home.EventGroup, Source: own, Group: &home.Group{Addr: netip.MustParseAddr("ff02::1:ffa8:e143")}})
		return out, to
	}
	out, to := run("a")
	if to == own || [3]byte(to[:3]) != [3]byte(own[:3]) {
		t.Fatalf("%s became %s, want another lower half", own, to)
	}
	a := out[0].Announce
	end := strings.ToUpper(strings.ReplaceAll(to.String(), ":", "")[8:])
	if out[0].Source != to || a.Names[0] != "dch"+end || a.Names[1] == "plug 12345" || len(a.Names[1]) != 10 || a.Names[2] != "HS100(EU)" {
		t.Errorf("%s: %v", out[0].Source, a.Names)
	}
	if a.Details[0] != "mac="+to.String() || a.Details[1] != "model=SP1101W" || a.Details[2] == "id=1101" {
		t.Errorf("%v", a.Details)
	}
	l := out[1].Lease
	if l.Client != to || home.MACOf(l.ClientID[1:]) != to || l.Hostname != "dch-"+strings.ToLower(strings.ReplaceAll(to.String(), ":", ""))[6:] {
		t.Errorf("%+v", l)
	}
	if b := out[2].Group.Addr.As16(); [3]byte(b[13:]) != [3]byte(to[3:]) {
		t.Errorf("%s, want the end of %s", out[2].Group.Addr, to)
	}
	if again, _ := run("a"); again[0].Announce.Names[1] != a.Names[1] || again[0].Source != to {
		t.Error("not the same again")
	}
	if other, _ := run("b"); other[0].Source == to {
		t.Error("the same in another capture")
	}
}

func TestWilson(t *testing.T) {
	// Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263.
	if i := wilson(81, 263); i.Low < .2552 || i.Low > .2554 || i.High < .3661 || i.High > .3663 {
		t.Errorf("%+v", i)
	}
	if i := wilson(0, 0); i.Of != 0 || i.High != 0 {
		t.Errorf("%+v", i)
	}
}

// TestPublicCaptures leaves out days and types of the public captures, with everything that is a unit's own made worthless.
func TestPublicCaptures(t *testing.T) {
	dir := filepath.Join(realdata.Dir(t), "device-id/iot-sentinel")
	c, err := Cross(t.Context(), dir, Options{Scramble: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		what  string
		got   *float64
		least float64
	}{
		// The two Edimax plugs are twins for who does not read their maker's own protocol: 20 of 81, of 156.
		{"other days, right", c.Day.Top1, .78}, {"other days, accepted", c.Day.Accepted, .98}, {"other builds, accepted", c.Build.Accepted, .92},
		{"ten folds, right", c.Folds.Top1, .93}, {"ten folds, accepted", c.Folds.Accepted, .97},
		{"unseen types, unknown", c.Type.UnknownRejected, .86}, {"copies, unknown", c.Copy.UnknownRejected, .95}, {"copies, found", c.CopyFound, .7},
	} {
		if k.got == nil || *k.got < k.least {
			t.Errorf("%s: want at least %v", k.what, k.least)
		} else {
			t.Logf("%s: %.3f", k.what, *k.got)
		}
	}
	for _, x := range c.Day.Confusions {
		if !strings.HasPrefix(x.Type, "EdimaxPlug") {
			t.Errorf("%+v", x)
		}
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	c.Print(w)
	if w.Flush(); !strings.Contains(b.String(), "Leaving out each type") {
		t.Error("nothing printed")
	}
}

// TestFirstSeconds: what is learned from whole captures serves for a device's first seconds.
func TestFirstSeconds(t *testing.T) {
	dir := filepath.Join(realdata.Dir(t), "device-id/iot-sentinel")
	r, err := Identify(t.Context(), dir, dir, Options{Scramble: true, First: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if r.KnownCaptures != 156 || r.UnknownCaptures != 0 || *r.Top1Hub < .9 || r.UnknownRejected != nil || r.TrainTypes != 20 {
		t.Errorf("%+v", r)
	}
	if len(r.Guessed) != 1 || r.Guessed[0] != "HueSwitch" || len(r.Behind) != 4 {
		t.Errorf("guessed %v, behind %v", r.Guessed, r.Behind)
	}
}

// TestOneType learns from a single capture: everything else is unknown.
func TestOneType(t *testing.T) {
	data := filepath.Join(realdata.Dir(t), "device-id/iot-sentinel")
	train := filepath.Join(t.TempDir(), "train")
	if err := os.MkdirAll(train, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(train, "Aria"), os.DirFS(filepath.Join(data, "Aria"))); err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{"2", "3", "4", "5", "6", "7", "8", "9", "10"} {
		if err := os.Remove(filepath.Join(train, "Aria", "Setup-C-"+e+"-STA.pcap")); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Identify(t.Context(), train, data, Options{Scramble: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.TrainTypes != 1 || r.KnownCaptures != 10 || *r.RightAndAccepted != 1 || *r.UnknownRejected != 1 {
		t.Errorf("known %d, right %v, unknown rejected %v", r.KnownCaptures, *r.RightAndAccepted, *r.UnknownRejected)
	}
}

func TestUnitsHaveOneVote(t *testing.T) {
	label := map[string]identity.Label{"x": {Model: "x"}}
	s := identity.Session{Tokens: []identity.Shown{{Token: identity.Token{Hash: 1, Clue: identity.ClueName}}}}
	got := units(label, []*watched{
		{folder: "x", mac: home.MAC{2}, session: s}, {folder: "x", mac: home.MAC{2}, session: s}, {folder: "x", mac: home.MAC{4}, session: s}, {folder: "x"},
	})
	if len(got) != 2 || len(got[0].Sessions) != 2 || len(got[1].Sessions) != 1 {
		t.Errorf("%+v", got)
	}
}
