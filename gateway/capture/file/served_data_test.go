package file

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardea/home"
	"cardea/internal/realdata"
)

// clues counts what captures tell of devices.
type clues struct {
	served, cleartext, mappings, kinds map[string]int
}

func (c *clues) Handle(e *home.Event) {
	switch e.Kind {
	case home.EventServed:
		c.served[e.Served.Protocol]++
		for _, d := range e.Served.Details {
			key, _, _ := strings.Cut(d, "=")
			c.kinds[key]++
		}
		if e.Source.IsZero() || e.Served.Flow.ID == 0 {
			c.kinds["of nobody"]++
		}
	case home.EventMapping:
		c.mappings[e.Mapping.Protocol]++
	case home.EventGroup:
		c.kinds["group"]++
	case home.EventName:
		if e.Name.JA4 != "" {
			c.kinds["ja4"]++
		}
		if e.Name.Cleartext != "" {
			c.cleartext[e.Name.Cleartext]++
		}
	case home.EventFlow:
		if e.Flow.SYN != nil {
			c.kinds["syn"]++
		}
	case home.EventAnnounce:
		if e.Announce.Query {
			c.kinds["query"]++
		}
	case home.EventLease:
		if len(e.Lease.Options) > 0 {
			c.kinds["lease"]++
		}
	}
}

func cluesOf(t *testing.T, dir string, most int64) *clues {
	t.Helper()
	c := &clues{served: map[string]int{}, cleartext: map[string]int{}, mappings: map[string]int{}, kinds: map[string]int{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, ".pcap") {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > most {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, _ = Replay(context.Background(), f, c, Options{}) // what is readable counts
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCluesOfRealCaptures: what the captures hold is seen. The counts are lower bounds, of what tshark shows in them.
func TestCluesOfRealCaptures(t *testing.T) {
	root := realdata.Dir(t)
	for dir, want := range map[string]clues{
		"lan": {served: map[string]int{"upnp": 60, "http": 20, "tls": 60}, kinds: map[string]int{"modelname": 60, "manufacturer": 60,
			"group": 300, "query": 200, "ja4": 50, "syn": 200, "lease": 20}},
		"protocols/ndpi": {served: map[string]int{"rtsp": 3, "ssh": 2, "telnet": 2, "tls": 80},
			cleartext: map[string]int{"mqtt": 2, "smtp": 1, "telnet": 1}, mappings: map[string]int{"nat-pmp": 6}},
		"protocols/ordinary": {cleartext: map[string]int{"imap": 1, "pop3": 2}, kinds: map[string]int{"ja4": 200}},
		"device-id":          {cleartext: map[string]int{"http": 10}, kinds: map[string]int{"syn": 2000, "lease": 500, "group": 500, "query": 300}},
	} {
		got := cluesOf(t, filepath.Join(root, dir), 20<<20)
		for _, p := range [][2]map[string]int{{got.served, want.served}, {got.cleartext, want.cleartext}, {got.mappings, want.mappings}, {got.kinds, want.kinds}} {
			for key, n := range p[1] {
				if p[0][key] < n {
					t.Errorf("%s: %d of %s, want at least %d", dir, p[0][key], key, n)
				}
			}
		}
	}
}
