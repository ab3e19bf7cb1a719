package record_test

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/home"
	"cardea/lab/plan"
	"cardea/lab/record"
)

//go:embed testdata
var data embed.FS

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	b, err := data.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatalf("%v; go test ./lab/record -record makes it", err)
	}
	return b
}

func macs(t *testing.T, name string) map[string]home.MAC {
	t.Helper()
	p, err := plan.New(record.Plan)
	if err != nil {
		t.Fatal(err)
	}
	return record.MACs(p, name)
}

// golden compares a text with its file. An empty text has none.
func golden(t *testing.T, name, is string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		err := os.Remove(path)
		if is != "" {
			err = os.WriteFile(path, []byte(is), 0o644)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return
	}
	was, err := data.ReadFile("testdata/" + name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if string(was) != is {
		t.Errorf("%s differs; -update writes it\n%s", path, difference(string(was), is))
	}
}

func TestGoldenSightings(t *testing.T) {
	for _, c := range record.Scenarios() {
		t.Run(c.Name, func(t *testing.T) {
			w := replay(t, recorded(t, c.Name+".pcap"))
			golden(t, c.Name+".txt", w.identities(c, macs(t, c.Name)))
		})
	}
}

func TestGoldenExposures(t *testing.T) {
	for _, c := range record.Scenarios() {
		t.Run(c.Name, func(t *testing.T) {
			w := replay(t, recorded(t, c.Name+".pcap"))
			golden(t, c.Name+".exposed.txt", w.exposures(c, macs(t, c.Name)))
		})
	}
}

// The secret is in the recording, or the test would prove nothing, and nowhere in what is told of it.
func TestNoSecretIsTold(t *testing.T) {
	n := 0
	for _, c := range record.Scenarios() {
		if !strings.HasPrefix(c.Name, "login-") {
			continue
		}
		n++
		pcap := recorded(t, c.Name+".pcap")
		if !slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(string(pcap), s) }) {
			t.Errorf("%s: there is no secret in it", c.Name)
		}
		w := replay(t, pcap)
		w.identities(c, macs(t, c.Name))
		if !strings.Contains(w.exposures(c, macs(t, c.Name)), "cleartext-login") {
			t.Errorf("%s: the login is not told", c.Name)
		}
		for _, list := range w.sightings {
			w.leaks = append(w.leaks, leaks(list)...)
		}
		w.leaks = append(w.leaks, leaks(w.exposed.Snapshot())...)
		if len(w.leaks) > 0 {
			t.Errorf("%s: a secret is told: %q", c.Name, w.leaks)
		}
	}
	if n == 0 {
		t.Fatal("there are no logins")
	}
}

// Recordings are ours, small, and say nothing of the machine that made them.
func TestRecordingsAreFitToBeKept(t *testing.T) {
	list, err := data.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, c := range record.Scenarios() {
		known = append(known, c.Name+".pcap", c.Name+".txt", c.Name+".exposed.txt")
	}
	size := 0
	for _, e := range list {
		if !slices.Contains(known, e.Name()) {
			t.Errorf("%s belongs to no scenario", e.Name())
		}
		b := recorded(t, e.Name())
		size += len(b)
		for _, word := range machine(t) {
			if strings.Contains(string(b), word) {
				t.Errorf("%s tells of the machine: %q", e.Name(), word)
			}
		}
	}
	if size > 300<<10 {
		t.Errorf("the recordings have %d bytes", size)
	}
}

// machine is what could be told of this machine: its name, its kernel, its folders, its user.
func machine(t *testing.T) []string {
	t.Helper()
	words := []string{"/home/", "/root/", "/tmp/", "/run/record"}
	for _, file := range []string{"/etc/hostname", "/etc/machine-id", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/boot_id",
		"/sys/class/dmi/id/product_uuid"} {
		if b, err := os.ReadFile(file); err == nil { // what the machine does not have, it cannot tell
			words = append(words, strings.TrimSpace(string(b)))
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	words = append(words, wd)
	return slices.DeleteFunc(words, func(s string) bool { return len(s) < 4 || s == "/" })
}
