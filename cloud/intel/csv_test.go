package intel

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"cardea/home"
)

// read gives what a document says, as it is kept.
func read(name, text string, s Source) ([]string, Report, error) {
	var g gathered
	s.Life = DefaultLife
	err := g.document(name, strings.NewReader(text), &s)
	var out []string
	for k := range g.items {
		out = append(out, strings.TrimSpace(string(g.items[k].line(nil))))
	}
	return out, g.report, err
}

func TestTables(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // name|confidence|family
		refused    map[string]int
		bad        int
	}{
		{
			"urls", "####\r\n# A dump #\r\n# id,dateadded,url,url_status,last_online,threat,tags,link,reporter\r\n" +
				`"9","2026-11-20 09:58:06","http://198.51.100.23:45211/bin.sh","online","","malware_download","32-bit,elf","https://x.example/9/","a"` + "\r\n" +
				`"8","2026-11-20 09:57:10","https://evil5.example/get/x.exe","online","","malware_download","a ""b"" c","https://x.example/8/","b"` + "\r\n" +
				`"7","2026-11-20 09:56:06","http://c2host.example:8081/","offline","","malware_download","None","https://x.example/7/","c"` + "\r\n",
			[]string{"198.51.100.23/32#45211", "c2host.example"},
			map[string]int{csvPage: 1},
			0,
		},
		{
			"kinds", "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"malware_printable\",\"confidence_level\"\n" +
				`"2026", "1", "198.51.100.77:4444", "ip:port", "Mirai", "75"` + "\n" + `"2026", "2", "c2.example", "domain", "None", "100"` + "\n" +
				`"2026", "3", "0123456789abcdef0123456789abcdef", "md5_hash", "X", "100"` + "\n",
			[]string{"198.51.100.77/32#4444\t75\t\t\t\tMirai", "c2.example\t100"},
			map[string]int{csvHash: 1},
			0,
		},
		{
			"ports", "# c\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"malware\"\n\"2022\",\"198.51.100.170\",\"8080\",\"Emotet\"\n\"2022\",\"2001:db8::7\",\"443\",\"Emotet\"\n\"2022\",\"10.0.0.1\",\"443\",\"\"\n# END\n",
			[]string{"198.51.100.170/32#8080\t\t\t\t\tEmotet", "2001:db8::7/128#443\t\t\t\t\tEmotet"},
			map[string]int{"private, local or multicast address: 10.0.0.1": 1},
			0,
		},
		{"semicolons", "\ufeffdomain;family\nSemi1.Example.;Mirai\nb\u00fccher.example;\n;none\n", []string{"semi1.example\t\t\t\t\tMirai", "xn--bcher-kva.example"}, map[string]int{csvNone: 1}, 1},
		{"headless", "2026-11-19,198.51.100.9,1.5\n2026-11-19,c2.example,1.5\n2026-11-19,c3.example,x\n", []string{"198.51.100.9/32", "c2.example", "c3.example"}, nil, 0},
		{"a quote that nobody closes", "url,tags\nhttp://a.example/,\"x\nhttp://b.example/,y\n", []string{"a.example", "b.example"}, nil, 0},
		{"no end, no newline", "ip,x\n198.51.100.1,y", []string{"198.51.100.1/32"}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rep, err := read("t.csv", c.text, Source{})
			if err != nil || !slices.Equal(got, c.want) || rep.Bad != c.bad || fmt.Sprint(rep.Refused) != fmt.Sprint(c.refused) && len(c.refused)+len(rep.Refused) > 0 {
				t.Errorf("%q %+v %v", got, rep, err)
			}
			if len(c.refused) > 0 && !strings.Contains(strings.Join(rep.Places, "\n"), "t.csv, line ") {
				t.Errorf("no place: %q", rep.Places)
			}
		})
	}
}

// What was read before as a list stays one.
func TestWhatIsNoTable(t *testing.T) {
	for _, text := range []string{
		"||a.example^$important,document\n||b.example^$important,all\n", "0.0.0.0 a.example b.example # x, y\n0.0.0.0 c.example\n",
		"198.51.100.0/24 ; SBL1\n198.51.101.0/24 ; SBL2\n", "a.example # bad, very\nb.example\n", "198.51.100.1\t8\n198.51.100.2\t7\n", "a.example\nb.example\n",
		"# Domain: a list, of hosts\na.example\n",
	} {
		if tab, ok := tableOf([]byte(text)); ok {
			t.Errorf("%q: %+v", text, tab)
		}
	}
}

// What is not a list is refused by name, whoever says that it is one.
func TestWhatIsNoList(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, names(500, "bad"))
	_ = z.Close()
	for name, c := range map[string]struct{ text, why string }{
		"page":      {"\n<!DOCTYPE html><html><body>Please sign in", "a page of the web"},
		"zip":       {"PK\x03\x04\x14\x00", "ZIP"},
		"utf-16":    {"\xff\xfea\x00.\x00", "UTF-16"},
		"cut gzip":  {packed.String()[:packed.Len()-9], "cut off"},
		"cut STIX":  {`{"type":"bundle","objects":[{"type":"indicator",`, "cut off"},
		"binary":    {strings.Repeat("\x00\x01\x02\n", 50), "not a list"},
		"hashes":    {"md5_hash,url\n" + strings.Repeat("0,\n", 50), "not a table of endpoints"},
		"other XML": {"<?xml version=\"1.0\"?><a/>", "XML"},
	} {
		if _, rep, err := read("feed", c.text, Source{}); err == nil || !strings.Contains(err.Error(), c.why) || !strings.HasPrefix(err.Error(), "feed") {
			t.Errorf("%s: %v %+v", name, err, rep)
		}
	}
	if _, _, err := read("feed", "a.example\n", Source{Format: formatCSV}); err == nil {
		t.Error("said to be a table")
	}
}

// A packed list that unpacks to more than is taken, and one of more entries than are taken, fill no memory.
func TestBombs(t *testing.T) {
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	blank := bytes.Repeat([]byte("#"+strings.Repeat(" ", 4000)+"\n"), 256)
	for range 300 {
		_, _ = z.Write(blank)
	}
	_ = z.Close()
	if _, _, err := read("bomb.gz", packed.String(), Source{}); err == nil || !strings.Contains(err.Error(), "larger than is taken") {
		t.Error(err)
	}
	var g gathered
	endless := io.MultiReader(strings.NewReader("a.example\n"), &repeated{"b.example\n"})
	if err := g.document("endless", endless, &Source{}); err == nil || !strings.Contains(err.Error(), "more than 2097152 entries") || len(g.items) != MaxEntries {
		t.Errorf("%v: %d", err, len(g.items))
	}
}

type repeated struct{ s string }

func (r *repeated) Read(p []byte) (n int, err error) {
	for n+len(r.s) <= len(p) {
		n += copy(p[n:], r.s)
	}
	return n, nil
}

// Whatever comes, it is bounded, and what is taken can be kept and read again.
func FuzzDocument(f *testing.F) {
	f.Add("domain,family\na.example,X\n")
	f.Add("# id,url\n1,http://198.51.100.1/x\n")
	f.Add("\ufeffA.example.\r\n")
	f.Add(`{"type":"bundle","objects":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var g gathered
		if err := g.document("fuzz", strings.NewReader(text), &Source{Life: DefaultLife}); err != nil {
			return
		}
		if len(g.report.Places) > maxPlaces {
			t.Error("too many places")
		}
		for k := range g.items {
			line := strings.TrimSuffix(string(g.items[k].line(nil)), "\n")
			again, err := parseItem(line)
			if err != nil || string(again.line(nil)) != line+"\n" {
				t.Fatalf("%q: %v", line, err)
			}
		}
	})
}

func TestDoubt(t *testing.T) {
	for _, c := range []struct {
		was, is int
		want    bool
	}{{0, 1 << 20, false}, {1, 0, true}, {19, 10, false}, {19, 2000, true}, {40, 2000, true}, {40, 400, false}, {100, 10, true}, {100, 51, false}, {1000, 50_000, true}, {10_000, 20_000, false}} {
		if got := doubtful(c.was, c.is); got != c.want {
			t.Errorf("%d to %d: %v", c.was, c.is, got)
		}
	}
}

// What no list may have, in any of the ways that a list says it.
func TestTheGuardOfWhateverClass(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.file("own.txt", "\ufeffcsp.example\n")
		w.again(Options{Own: []string{"cloud.other.example"}, Known: func(context.Context) ([]Known, error) {
			return []Known{{Name: "fw-update.maker.example", Model: "Lamp", Share: 1, Homes: 30}, {Name: "metrics.maker.example", Model: "Lamp", Share: 1, Homes: 30}}, nil
		}})
		list := "a.csp.example\nx.cloud.other.example\nother.example\nnas.home.arpa\nprinter.local\nfw-update.maker.example\nmetrics.maker.example\nbad.example\n"
		for class, left := range map[home.Class]int{home.ClassMalware: 7, home.ClassTracking: 6} {
			d, err := w.n.DryRun(context.Background(), "", "list.txt", strings.NewReader(list), class)
			n := 0
			for _, k := range d.Refused {
				n += k
			}
			if err != nil || n != left {
				t.Errorf("%s: %+v %v", class, d.Refused, err)
			}
		}
	})
}
