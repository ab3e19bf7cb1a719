package judge_test

import (
	"bufio"
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardea/gateway/judge"
	"cardea/gateway/observe"
	"cardea/home"
)

// A Zeek conn.log has one line a flow. What the live path would have seen of it is made again here: the first packet, the
// answer or refusal a round trip later, counters each second of a heavy flow, the end. There is no DNS in it, so every
// contact is blind: harder on the detectors than life.

type zeekRow map[string]string

func readZeek(t testing.TB, path string) []zeekRow {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []zeekRow
	var fields []string
	sep := "\t"
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line := in.Text()
		switch {
		case strings.HasPrefix(line, "#fields\t"):
			fields = strings.Split(line, "\t")[1:]
		case strings.HasPrefix(line, "#"), line == "":
		case strings.HasPrefix(line, "{"):
			var m map[string]any
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			if d.Decode(&m) == nil {
				r := zeekRow{}
				for k, v := range m {
					switch v := v.(type) {
					case json.Number:
						r[k] = v.String()
					case string:
						r[k] = v
					}
				}
				rows = append(rows, r)
			}
		case fields == nil:
			sep, fields = ",", strings.Split(line, ",")
		default:
			r := zeekRow{}
			for i, v := range strings.Split(line, sep) {
				if i < len(fields) {
					r[fields[i]] = v
				}
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func (r zeekRow) float(k string) float64 {
	v, _ := strconv.ParseFloat(r[k], 64)
	return v
}

func (r zeekRow) addr(side string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(r["id."+side+"_h"])
	return netip.AddrPortFrom(a, uint16(r.float("id."+side+"_p"))), err == nil
}

func (r zeekRow) events() (out []home.Event) {
	src, ok1 := r.addr("orig")
	dst, ok2 := r.addr("resp")
	proto := map[string]uint8{"tcp": home.ProtoTCP, "udp": home.ProtoUDP, "icmp": home.ProtoICMP}[r["proto"]]
	if !ok1 || !ok2 || proto == 0 {
		return nil
	}
	if proto == home.ProtoICMP {
		src, dst = netip.AddrPortFrom(src.Addr(), 0), netip.AddrPortFrom(dst.Addr(), 0)
	}
	start := time.Unix(0, int64(r.float("ts")*1e9)).UTC()
	took := time.Duration(r.float("duration") * float64(time.Second))
	up, down := uint64(r.float("orig_pkts")), uint64(r.float("resp_pkts"))
	answered := down > 0 && r["conn_state"] != "REJ" && r["conn_state"] != "S0"
	fl := home.Flow{ID: home.FlowID(proto, src, dst), Proto: proto, Src: src, Dst: dst, Start: start}
	add := func(s home.FlowState, after time.Duration, share float64) {
		f := fl
		f.State, f.Answered = s, answered && s != home.FlowNew
		if s != home.FlowNew {
			f.UpPackets, f.UpBytes = uint64(float64(up)*share), uint64(r.float("orig_ip_bytes")*share)
			f.DownPackets, f.DownBytes = uint64(float64(down)*share), uint64(r.float("resp_ip_bytes")*share)
		}
		out = append(out, home.Event{Kind: home.EventFlow, Time: start.Add(after), Flow: &f})
	}
	add(home.FlowNew, 0, 0)
	soon := min(took, 50*time.Millisecond)
	switch {
	case answered:
		add(home.FlowAnswered, soon, .01)
	case r["conn_state"] == "REJ":
		add(home.FlowRefused, soon, .01)
	}
	for n := uint64(512); n < up; n *= 2 { // the capture counts at powers of two
		after := time.Duration(float64(took) * float64(n) / float64(up))
		add(home.FlowCount, after, float64(n)/float64(up))
	}
	if up > 256 {
		for s := time.Second; s < took && s < time.Minute; s += time.Second {
			add(home.FlowCount, s, float64(s)/float64(took))
		}
	}
	end := took + 5*time.Second
	if !answered {
		end = took + 30*time.Second
	}
	add(home.FlowEnd, end, 1)
	return out
}

// replayZeek judges a log.
func replayZeek(t testing.TB, path string, prefixes ...netip.Prefix) []*home.Finding {
	var events []home.Event
	for _, r := range readZeek(t, path) {
		events = append(events, r.events()...)
	}
	slices.SortStableFunc(events, func(a, b home.Event) int { return a.Time.Compare(b.Time) })
	p := &pipeline{}
	p.j = judge.New(judge.Config{}, p)
	obs := observe.New(observe.Config{Home: prefixes, ByAddr: true}, p)
	for i := range events {
		obs.Handle(&events[i])
	}
	obs.Close()
	return p.findings
}
