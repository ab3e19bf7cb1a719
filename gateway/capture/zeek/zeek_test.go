package zeek_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway/capture/zeek"
	"cardea/home"
	"cardea/internal/realdata"
)

const fields = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\t" +
	"local_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents"

const top = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-11-22-00-00-00\n#fields\t" + fields + "\n#types\ttime\tstring\n"

// row writes a line as Zeek does.
func row(ts, src string, sport int, dst string, dport int, proto, duration, state, history string, up, down int) string {
	return fmt.Sprintf("%s\tCu1\t%s\t%d\t%s\t%d\t%s\t-\t%s\t%d\t%d\t%s\tT\tF\t0\t%s\t%d\t%d\t%d\t%d\t-\n", ts, src, sport, dst, dport, proto, duration,
		up*10, down*10, state, history, up, up*50, down, down*50)
}

// seen is what a sink is told, in short.
type seen struct {
	lines []string
	last  time.Time
	back  bool
	ticks int
	open  map[uint64]home.FlowState
	bad   []string
	flows []home.Flow
}

// Handle notes an event and checks the flow's life.
func (s *seen) Handle(e *home.Event) {
	if e.Time.Before(s.last) {
		s.back = true
	}
	s.last = e.Time
	if e.Kind == home.EventTick {
		s.ticks++
		return
	}
	f := e.Flow
	s.lines = append(s.lines, fmt.Sprintf("%d.%03d %s %s>%s %s %d/%d #%d", e.Time.Unix(), e.Time.Nanosecond()/1e6, home.ProtoName(f.Proto), f.Src, f.Dst, f.State, f.UpPackets, f.DownPackets, e.Frame))
	s.flows = append(s.flows, *f)
	if s.open == nil {
		s.open = map[uint64]home.FlowState{}
	}
	was, ok := s.open[f.ID]
	switch {
	case f.State == home.FlowNew && ok, f.State != home.FlowNew && !ok, was == home.FlowEnd:
		s.bad = append(s.bad, s.lines[len(s.lines)-1])
	case f.State == home.FlowEnd:
		delete(s.open, f.ID)
		return
	}
	s.open[f.ID] = f.State
}

func replay(t *testing.T, text string, o zeek.Options) (*seen, zeek.Stats, error) {
	t.Helper()
	s := &seen{}
	st, err := zeek.Replay(t.Context(), strings.NewReader(text), s, o)
	if s.back || len(s.open) > 0 || len(s.bad) > 0 {
		t.Errorf("time ran back %v, %d flows never ended, wrong steps: %v", s.back, len(s.open), s.bad)
	}
	return s, st, err
}

// Each connection state has the life that Zeek's manual gives it (Zeek manual, base/protocols/conn/main.zeek).
func TestStates(t *testing.T) {
	for _, c := range []struct {
		state, history string
		up, down       int
		want           string
	}{
		{"SF", "ShADadFf", 5, 4, "new answered end"},
		{"S0", "S", 3, 0, "new end"},
		{"REJ", "Sr", 1, 1, "new refused end"},
		{"S1", "ShADad", 5, 4, "new answered end"},
		{"S2", "ShADadF", 5, 4, "new answered end"},
		{"S3", "ShADadf", 5, 4, "new answered end"},
		{"RSTO", "ShADR", 3, 2, "new answered end"},
		{"RSTR", "ShADr", 3, 2, "new answered end"},
		{"RSTOS0", "SR", 2, 0, "new end"},
		{"RSTRH", "^hr", 0, 2, "new answered end"},
		{"SH", "SF", 2, 0, "new end"},
		{"SHR", "^hf", 0, 2, "new answered end"},
		{"OTH", "Dd", 2, 2, "new answered end"},
		{"OTH", "D", 2, 0, "new end"},
	} {
		s, st, err := replay(t, top+row("1700000000.25", "192.168.1.5", 40000, "203.0.113.7", 23, "tcp", "1.5", c.state, c.history, c.up, c.down), zeek.Options{})
		var got []string
		for _, f := range s.flows {
			got = append(got, f.State.String())
		}
		if err != nil || strings.Join(got, " ") != c.want || st.Rows != 1 {
			t.Errorf("%s: %v, %v, want %s; %v", c.state, got, st, c.want, err)
			continue
		}
		end := s.flows[len(s.flows)-1]
		if end.UpPackets != uint64(c.up) || end.DownPackets != uint64(c.down) || end.UpBytes != uint64(50*c.up) || end.Answered != strings.Contains(c.want, "answered") {
			t.Errorf("%s: the end is %+v", c.state, end)
		}
	}
}

// One connection, however it is written, gives the same events and label.
func TestForms(t *testing.T) {
	const values = "1700000000.123456,Cu1,192.168.1.5,40000,203.0.113.7,6667,tcp,irc,12.5,100,200,SF,,,0,ShADadFf,6,412,5,460,"
	tsv := strings.ReplaceAll(strings.ReplaceAll(values, ",,", ",-,"), ",,", ",-,")
	tab := func(s string) string { return strings.ReplaceAll(s, ",", "\t") }
	names := strings.ReplaceAll(fields, "\t", ",")
	const object = `{"ts":1700000000.123456,"uid":"Cu1","id.orig_h":"192.168.1.5","id.orig_p":40000,"id.resp_h":"203.0.113.7","id.resp_p":6667,` +
		`"proto":"tcp","service":"irc","duration":12.5,"orig_bytes":100,"resp_bytes":200,"conn_state":"SF","history":"ShADadFf",` +
		`"orig_pkts":6,"orig_ip_bytes":412,"resp_pkts":5,"resp_ip_bytes":460`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(top + tab(tsv) + "-\n")); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	want := ""
	for _, c := range []struct{ name, text, label string }{
		{"plain", top + tab(tsv) + "-\n", ""},
		{"gzipped", packed.String(), ""},
		{"no end of line", top + tab(tsv) + "-", ""},
		{"DOS lines", strings.ReplaceAll(top+tab(tsv)+"-\n", "\n", "\r\n"), ""},
		{"columns of labels", strings.Replace(top, "tunnel_parents", "tunnel_parents\tlabel\tdetailedlabel", 1) + tab(tsv) + "-\tMalicious\tC&C\n", "true C&C"},
		{"IoT-23's last column", strings.Replace(top, "tunnel_parents", "tunnel_parents   label   detailed-label", 1) + tab(tsv) + "(empty)   Malicious   C&C\n", "true C&C"},
		{"IoT-23's benign", strings.Replace(top, "tunnel_parents", "tunnel_parents   label   detailed-label", 1) + tab(tsv) + "-   Benign   -\n", "false "},
		{"CSV", names + ",label,detailed-label\n" + values + ",Malicious,C&C\n", "true C&C"},
		{"CSV with quotes", names + ",label,detailed-label\n" + strings.Replace(values, "Cu1", `"C,u1"`, 1) + `,"Malicious","C&C"` + "\n", "true C&C"},
		{"JSON", object + "}\n", ""},
		{"JSON with labels", object + `,"label":"Malicious","detailed-label":"C&C"}` + "\n", "true C&C"},
		{"headers in another order", "#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\t" + fields + "\n#separator \\x09\n" + tab(tsv) + "-\n", ""},
		{"only the names are left", "#fields\t" + fields + "\n" + tab(tsv) + "-\n", ""},
		{"a remark above", "# home 7, by mail\n\n#fields\t" + fields + "\n" + tab(tsv) + "-\n", ""},
		{"types before names", "#types\ttime\tstring\n#open\t2026-11-22\n#fields\t" + fields + "\n" + tab(tsv) + "-\n", ""},
		{"names without a mark", fields + "\n" + tab(tsv) + "-\n", ""},
		{"JSON after an empty line", "\n" + object + "}\n", ""},
		{"JSON of a database", strings.NewReplacer("id.orig", "id_orig", "id.resp", "id_resp").Replace(object) + "}\n", ""},
		{"another separator", strings.Replace(strings.ReplaceAll(top+tab(tsv)+"-\n", "\t", "|"), `\x09`, `\x7c`, 1), ""},
	} {
		if !zeek.Is([]byte(c.text)[:min(len(c.text), zeek.Sniff)]) {
			t.Errorf("%s: not known as a log", c.name)
		}
		label := ""
		s, st, err := replay(t, c.text, zeek.Options{Row: func(r *zeek.Row) {
			if r.Label.Given {
				label = fmt.Sprint(r.Label.Malicious, " ", r.Label.Kind)
			}
			if r.Service != "irc" || r.History != "ShADadFf" || r.Duration != 12500*time.Millisecond || r.Start.Nanosecond() != 123456000 {
				t.Errorf("%s: %+v", c.name, r)
			}
		}})
		for i := range s.lines { // the number of the line differs
			s.lines[i], _, _ = strings.Cut(s.lines[i], " #")
		}
		got := strings.Join(s.lines, "\n")
		if want == "" {
			want = got
		}
		if err != nil || st.Rows != 1 || st.Bad != 0 || got != want || label != c.label {
			t.Errorf("%s: %+v, label %q, %v\n%s", c.name, st, label, err, got)
		}
	}
}

// What stands above the names is passed over and counted, as far as names may be looked for.
func TestAboveTheNames(t *testing.T) {
	line := row("5", "192.168.1.5", 4000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0)
	text := "export of home 7\nby nobody, of nothing\n#fields\t" + fields + "\n" + line
	if !zeek.Is([]byte(text)) {
		t.Error("not known as a log")
	}
	if s, st, err := replay(t, text, zeek.Options{}); err != nil || st.Rows != 1 || st.Bad != 2 || len(s.flows) != 2 {
		t.Errorf("%+v, %v", st, err)
	}
	var at *zeek.FormatError
	if _, _, err := replay(t, strings.Repeat("x\n", 100)+"#fields\t"+fields+"\n"+line, zeek.Options{}); !errors.As(err, &at) || at.Line > 64 || !strings.Contains(err.Error(), "no line of names") {
		t.Errorf("after a hundred lines: %v", err)
	}
}

// Labels of public data sets and of everybody's own: an attack, none, or a word that is not known.
func TestLabels(t *testing.T) {
	const attack, benign = "attack", "benign"
	for want, words := range map[string][]string{
		attack: {
			"PartOfAHorizontalPortScan", "C&C", "DDoS", "Okiru", "Okiru-Attack", "FileDownload", "C&C-FileDownload", "HeartBeat", "C&C-HeartBeat-Attack", "C&C-Torii", "Torii", "Mirai",
			"C&C-Mirai", "Attack", "Malicious", "malicious", "1", "1.0", "true", "True", "yes", "From-Botnet", "flow=From-Botnet-V42-UDP-DNS", "From-Botnet-V1-TCP-CC", "anomaly",
			"anomalous", "Abnormal", "DoS", "DoS Hulk", "DOS_SYN_Hping", "Brute Force", "bruteforce", "SSH-Patator Brute", "port_scan", "PortScan", "Reconnaissance", "MITM", "probe", "u2r",
			"backdoor", "Non-Benign", "not normal", "spam", "infected",
		},
		benign: {
			"Benign", "benign", "BENIGN", "0", "0.0", "false", "no", "normal", "Normal", "From-Normal", "flow=From-Normal-V42-Jist", "Background", "flow=Background-UDP-Established",
			"From-Background", "flow=To-Background-UDP-CVUT-DNS-Server", "BenignTraffic", "Non-Malicious", "NonMalicious", "not an attack", "No attack", "none", "legitimate", "-", "--", "clean",
		},
		"unknown": {"Suspicious", "2", "camera", "?", "windows update", "unknown", "nonsense"},
	} {
		for _, w := range words {
			got := ""
			text := strings.Replace(top, "tunnel_parents", "tunnel_parents\tlabel", 1) + strings.TrimSuffix(row("5", "192.168.1.5", 4000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0), "\n") + "\t" + w + "\n"
			_, st, err := replay(t, text, zeek.Options{Row: func(r *zeek.Row) {
				switch {
				case !r.Label.Given || r.Label.Malicious && r.Label.Unknown != "":
					t.Errorf("%s: %+v", w, r.Label)
				case r.Label.Malicious:
					got = attack
				case r.Label.Unknown == w:
					got = "unknown"
				default:
					got = benign
				}
			}})
			if err != nil || st.Rows != 1 || got != want {
				t.Errorf("%s: %s, not %s; %v", w, got, want, err)
			}
		}
	}
	// A label that tells the kind names it; where it is not known or not given, what is said in detail counts.
	for in, want := range map[string]string{
		"DDoS\t-": "true DDoS ", "Malicious\t-": "true  ", "From-Botnet-V42\t-": "true  ", "1\tokiru": "true okiru ", "-\tC&C": "true C&C ", "odd\tC&C": "true C&C ",
		"odd\tbenign": "false benign ", "odd\t-": "false  odd", "Benign\tC&C": "false C&C ", "-\tsomething": "false something ",
	} {
		text := strings.Replace(top, "tunnel_parents", "tunnel_parents\tlabel\tdetailed-label", 1) + strings.TrimSuffix(row("5", "192.168.1.5", 4000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0), "\n") + "\t" + in + "\n"
		if _, _, err := replay(t, text, zeek.Options{Row: func(r *zeek.Row) {
			if got := fmt.Sprint(r.Label.Malicious, " ", r.Label.Kind, " ", r.Label.Unknown); got != want {
				t.Errorf("%q: %q, not %q", in, got, want)
			}
		}}); err != nil {
			t.Error(in, err)
		}
	}
}

// What is left out is counted, and is played by nobody.
func TestLeave(t *testing.T) {
	text := top + row("5", "192.168.1.5", 4000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0) + row("6", "192.168.1.6", 4000, "203.0.113.7", 443, "tcp", "-", "SF", "S", 1, 1)
	s, st, err := replay(t, text, zeek.Options{Leave: func(r *zeek.Row) bool { return r.Dst.Port() == 23 }})
	if err != nil || st.Rows != 1 || st.Left != 1 || len(s.flows) != 3 || s.flows[0].Dst.Port() != 443 {
		t.Errorf("%+v %v %v", st, s.lines, err)
	}
	if _, st, err = replay(t, text, zeek.Options{Leave: func(*zeek.Row) bool { return true }}); err != nil || st.Rows != 0 || st.Left != 2 || !st.First.IsZero() {
		t.Errorf("%+v %v", st, err)
	}
}

// What is no log of connections is not taken for one.
func TestIsNot(t *testing.T) {
	for _, s := range []string{"", "\n", "GET / HTTP/1.1", "{}", `{"a":1}`, "ts,uid\n1,2", "\xd4\xc3\xb2\xa1", "\x1f\x8b\x08", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
		"#separator \\x09\n#path\tdns\n#fields\tts\tid.orig_h\tid.resp_h\n", "#open\t2026\n#path\tdns\n#fields\tts\tid.orig_h\tid.resp_h\tproto\n",
		"# A page\n\n#fields are names\n", strings.Repeat("#\n", 100) + "#fields\t" + fields + "\n"} {
		if zeek.Is([]byte(s)) {
			t.Errorf("%q is taken for a log of connections", s)
		}
	}
	if got := zeek.Kind([]byte("#separator \\x09\n#set_separator\t,\n#path\tdns\n")); got != "dns" {
		t.Errorf("kind %q", got)
	}
}

// Lines that make no sense are counted and do not keep the others from being read; a file of nothing else is an error.
func TestBadLines(t *testing.T) {
	good := row("1700000000.5", "192.168.1.5", 40000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0)
	for name, bad := range map[string]string{
		"garbage": "\x00\xff\x1b[2J\n", "too few": "1700000000\tCu1\t192.168.1.5\n", "too many": strings.TrimSuffix(good, "\n") + "\tmore\tand more\n",
		"no time": strings.Replace(good, "1700000000.5", "-", 1), "negative time": strings.Replace(good, "1700000000.5", "-5", 1),
		"far future": strings.Replace(good, "1700000000.5", "99999999999", 1), "not a number": strings.Replace(good, "1700000000.5", "NaN", 1),
		"address": strings.Replace(good, "192.168.1.5", "192.168.1.500", 1), "port": strings.Replace(good, "40000", "70000", 1),
		"families": strings.Replace(good, "192.168.1.5", "fe80::1", 1), "zone": strings.Replace(good, "192.168.1.5", "fe80::1%eth0", 1),
		"count": strings.Replace(good, "\t0\tS\t1\t", "\t0\tS\t-1\t", 1), "long": strings.Repeat("x", 3*zeek.MaxLine) + "\n",
		"JSON": "{\"ts\":\n", "eternal": strings.Replace(good, "tcp\t-\t-", "tcp\t-\t1e300", 1),
	} {
		s, st, err := replay(t, top+good+bad+good, zeek.Options{})
		if err != nil || st.Rows != 2 || st.Bad != 1 || len(s.flows) != 4 {
			t.Errorf("%s: %+v, %d events, %v", name, st, len(s.flows), err)
		}
		var at *zeek.FormatError
		if !errors.As(st.Worst, &at) || at.Line != 10 {
			t.Errorf("%s: %v", name, st.Worst)
		}
		if _, st, err := replay(t, top+bad, zeek.Options{}); !errors.As(err, &at) || st.Rows != 0 {
			t.Errorf("%s alone: %+v, %v", name, st, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "no fields": "#separator \\x09\n", "wrong fields": "#separator \\x09\n#fields\tts\tuid\n1\t2\n", "another log": "#separator \\x09\n#path\tdns\n",
		"separator": "#separator \\xzz\n", "words": "hello\nworld\n", "cut gzip": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01", "many fields": "#fields" + strings.Repeat("\tx", 500) + "\n",
	} {
		var at *zeek.FormatError
		if _, _, err := replay(t, text, zeek.Options{}); !errors.As(err, &at) || at.Line < 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, st, err := replay(t, top, zeek.Options{}); err != nil || st.Rows != 0 {
		t.Errorf("a log of a time in which nothing happened: %+v, %v", st, err)
	}
}

// What other protocols did, and errors of ICMP, are no flows.
func TestOther(t *testing.T) {
	text := top + row("5", "192.168.1.5", 3, "203.0.113.7", 3, "icmp", "-", "OTH", "-", 1, 0) + row("6", "192.168.1.5", 8, "203.0.113.7", 0, "icmp", "0.1", "OTH", "-", 2, 2) +
		row("7", "fe80::1", 135, "ff02::1", 136, "icmp", "-", "OTH", "-", 1, 0) + row("8", "192.168.1.5", 0, "203.0.113.7", 0, "unknown_transport", "-", "OTH", "-", 1, 0)
	s, st, err := replay(t, text, zeek.Options{})
	if err != nil || st.Rows != 1 || st.Other != 3 || st.Bad != 0 || len(s.flows) != 3 || s.flows[0].Proto != home.ProtoICMP || s.flows[0].Dst.Port() != 0 {
		t.Errorf("%+v %v %v", st, s.lines, err)
	}
}

// A tuple that is used again ends first; a heavy connection is counted while it lasts; a log in any order comes out in the order of
// time, as far as the window goes.
func TestOrder(t *testing.T) {
	again := row("100", "192.168.1.5", 40000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0)
	s, _, err := replay(t, top+again+strings.Replace(again, "100", "107", 1), zeek.Options{})
	if got := strings.Join(s.lines, "\n"); err != nil || strings.Count(got, " new ") != 2 || !strings.Contains(s.lines[1], "107.000 tcp 192.168.1.5:40000>203.0.113.7:23 end 1/0") {
		t.Errorf("%v\n%s", err, got)
	}
	s, _, err = replay(t, top+row("100", "192.168.1.5", 40000, "203.0.113.7", 443, "tcp", "7200", "SF", "ShAD", 100_000, 5), zeek.Options{})
	counts := 0
	for i, f := range s.flows {
		if f.State == home.FlowCount {
			counts++
		}
		if i > 0 && f.UpPackets < s.flows[i-1].UpPackets {
			t.Errorf("counters ran back: %+v", f)
		}
	}
	if err != nil || counts < 100 || counts > 400 {
		t.Errorf("%d counts of two hours, %v", counts, err)
	}
	var lines []string
	for i := range 500 {
		lines = append(lines, row(fmt.Sprint(1000+i), "192.168.1.5", 1000+i, "203.0.113.7", 23, "tcp", fmt.Sprint(i%70), "SF", "S", 2, 2))
	}
	sorted, _, _ := replay(t, top+strings.Join(lines, ""), zeek.Options{})
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	mixed, st, err := replay(t, top+strings.Join(lines, ""), zeek.Options{})
	cut := func(list []string) (out []string) {
		for _, l := range list {
			l, _, _ = strings.Cut(l, " #")
			out = append(out, l)
		}
		return out
	}
	a, b := cut(sorted.lines), cut(mixed.lines)
	slices.Sort(a)
	slices.Sort(b)
	if err != nil || st.Late != 0 || !slices.Equal(a, b) {
		t.Errorf("a shuffled log gives other events: %+v, %v", st, err)
	}
	if _, st, _ := replay(t, top+strings.Join(lines, ""), zeek.Options{Window: 10}); st.Late == 0 || st.Rows != 500 {
		t.Errorf("with a narrow window: %+v", st)
	}
	if _, st, _ := replay(t, top+strings.Join(lines, ""), zeek.Options{MaxFlows: 3}); st.Evicted == 0 || st.Rows != 500 {
		t.Errorf("with few connections at once: %+v", st)
	}
}

// A log cannot buy hours of work: ticks are bounded.
func TestTicks(t *testing.T) {
	var text strings.Builder
	text.WriteString(top)
	for i := range 2000 {
		text.WriteString(row(fmt.Sprint(i*4_000_000), "192.168.1.5", 40000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0))
	}
	if s, _, err := replay(t, text.String(), zeek.Options{}); err != nil || s.ticks > 600_000 {
		t.Errorf("%d ticks, %v", s.ticks, err)
	}
	s, _, _ := replay(t, top+row("1000", "192.168.1.5", 40000, "203.0.113.7", 23, "tcp", "-", "S0", "S", 1, 0), zeek.Options{})
	if s.ticks != 30 {
		t.Errorf("%d ticks in the 30 s until it is over", s.ticks)
	}
}

// Whose home it is, where private addresses do not tell.
func TestHome(t *testing.T) {
	public := row("5", "203.0.113.9", 4000, "198.51.100.7", 23, "tcp", "-", "S0", "S", 1, 0)
	unsaid := strings.ReplaceAll(public, "\tT\tF\t", "\t-\t-\t")
	for _, c := range []struct{ name, text, want string }{
		{"private", row("5", "192.168.1.5", 4000, "198.51.100.7", 23, "tcp", "-", "S0", "S", 1, 0), ""},
		{"called local", public, "203.0.113.9/32"},
		{"most", unsaid + strings.Replace(unsaid, "203.0.113.9", "203.0.113.10", 1), "198.51.100.7/32"},
		{"nothing", "", ""},
	} {
		list, err := zeek.Home(t.Context(), strings.NewReader(top+c.text))
		got := ""
		for _, p := range list {
			if !slices.Contains(zeek.Private, p) {
				got += p.String()
			}
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.name, list, err)
		}
	}
}

// Stopping ends the reading.
func TestStops(t *testing.T) {
	line := row("5", "192.168.1.5", 4000, "198.51.100.7", 23, "tcp", "-", "S0", "S", 1, 0)
	enough := errors.New("enough")
	if _, err := zeek.Read(t.Context(), strings.NewReader(top+line+line), func(*zeek.Row) error { return enough }); !errors.Is(err, enough) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := zeek.Replay(ctx, strings.NewReader(top+line), &seen{}, zeek.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Every real log is read whole: as many lines as INDEX.md and wc count; of IoT-23's 20-1 and 34-1 as many malicious ones as their
// publisher's README tells (16; 6,706 C&C + 14,394 DDoS + 122 port scan).
func TestRealLogs(t *testing.T) {
	dir := realdata.Dir(t)
	for path, want := range map[string]struct{ rows, other, bad, malicious int }{
		"attack/iot-23/CTU-IoT-Malware-Capture-34-1.conn.log.labeled":                                 {23145, 0, 0, 21222},
		"attack/iot-23/CTU-Malware-Capture-42-1-labeled.csv":                                          {4426, 0, 0, 6},
		"attack/iot-23/CTU-Malware-Capture-20-1-labeled.csv":                                          {3209, 0, 0, 16},
		"attack/iot-23/CTU-Honeypot-Capture-4-1-labeled.csv":                                          {452, 0, 0, 0},
		"attack/iot-23/CTU-Honeypot-Capture-7-1-labeled.csv":                                          {82, 48, 0, 0},
		"attack/slips/port-scans/horizontal/conn.log":                                                 {41, 0, 0, 0},
		"attack/slips/port-scans/vertical/conn.log":                                                   {50, 0, 0, 0},
		"attack/stratosphere-zeek/001-zeek-scenario-malicious/labeled-conn.log":                       {669, 323, 0, 244},
		"attack/stratosphere-zeek/002-zeek-scenario-port-scanning/conn.log":                           {4487, 17, 0, 0},
		"attack/stratosphere-zeek/006-zeek-scenario-ssh/conn.log":                                     {12, 6, 0, 0},
		"attack/stratosphere-zeek/008-zeek-mixed/data/conn.log.labeled":                               {5661, 2, 0, 4199},
		"attack/stratosphere-zeek/dataset/CTU-Malware-Capture-Botnet-4/ground_truth/conn.log.labeled": {22602, 311, 0, 3145},
	} {
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if !zeek.Is(b[:min(len(b), zeek.Sniff)]) {
			t.Errorf("%s: not known as a log", path)
		}
		malicious := 0
		s, st, err := replay(t, string(b), zeek.Options{Row: func(r *zeek.Row) {
			if r.Label.Malicious {
				malicious++
			}
		}})
		got := struct{ rows, other, bad, malicious int }{int(st.Rows), int(st.Other), int(st.Bad), malicious}
		if err != nil || got != want || st.Late > 0 {
			t.Errorf("%q: %v, // late %d worst %v, %v, %d events", path, got, st.Late, st.Worst, err, len(s.lines))
		}
	}
}

// FuzzReplay: whatever a log says, reading it ends, keeps the order of time and ends every flow that it begins.
func FuzzReplay(f *testing.F) {
	line := row("1700000000.5", "192.168.1.5", 40000, "203.0.113.7", 23, "tcp", "3.5", "SF", "ShAD", 700, 5)
	f.Add([]byte(top + line + line))
	f.Add([]byte(strings.Replace(top, "tunnel_parents", "tunnel_parents   label   detailed-label", 1) + line))
	f.Add([]byte(strings.ReplaceAll(fields, "\t", ",") + "\n" + strings.ReplaceAll(line, "\t", ",")))
	f.Add([]byte(`{"ts":5,"id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"1.1.1.1","id.resp_p":"53","proto":"udp","conn_state":"SF","resp_pkts":1}` + "\n"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		s := &seen{}
		st, err := zeek.Replay(context.Background(), bytes.NewReader(b), s, zeek.Options{Window: 8, MaxFlows: 4})
		if s.back || len(s.open) > 0 || len(s.bad) > 0 {
			t.Errorf("time ran back %v, %d flows never ended, wrong steps: %v", s.back, len(s.open), s.bad)
		}
		if err == nil && st.Rows == 0 && len(s.flows) > 0 {
			t.Error("events without a line")
		}
		zeek.Is(b)
		if list, err := zeek.Home(context.Background(), bytes.NewReader(b)); err == nil && len(list) > 300 {
			t.Errorf("%d addresses at home", len(list))
		}
	})
}

// BenchmarkReplay is one line, of a log in IoT-23's form: half of them a scan's, half of them connections that were answered.
func BenchmarkReplay(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(top)
	const rows = 50_000
	for i := range rows {
		dst := netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}).String()
		if i%2 == 0 {
			text.WriteString(row(fmt.Sprintf("%d.%06d", 1_700_000_000+i/100, i%100*10000), "192.168.1.5", 1024+i%60000, dst, 23, "tcp", "-", "S0", "S", 1, 0))
		} else {
			text.WriteString(row(fmt.Sprintf("%d.%06d", 1_700_000_000+i/100, i%100*10000), "192.168.1.6", 1024+i%60000, dst, 443, "tcp", "1.25", "SF", "ShADadFf", 12, 14))
		}
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		st, err := zeek.Replay(context.Background(), bytes.NewReader(text.Bytes()), discard{}, zeek.Options{})
		if err != nil || st.Rows != rows {
			b.Fatal(st, err)
		}
		n += rows
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

type discard struct{}

// Handle does nothing.
func (discard) Handle(*home.Event) {}
