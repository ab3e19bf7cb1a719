// Package zeek reads Zeek's conn.log (one line a connection) and makes the same events of it that a live gateway makes. It
// takes the log as Zeek writes it (tab-separated with its # headers, or JSON lines), also with headers reordered or stripped down to
// the names of the fields, with labels as data sets add them (columns of their own, or several words in the last one, as in IoT-23's
// conn.log.labeled), and as CSV with a line of names; gzipped too.
//
// A line tells what a connection was when it was over, so that its life is made again from it: the first packet, the answer or
// refusal, counters while it lasts, the end. There are no names and no Ethernet addresses in it: who reads it knows devices by
// their addresses, and every contact is blind.
//
// It imports home and capture; it keeps no state between calls. A log is hostile input: lines, fields and memory are bounded;
// what makes no sense is counted, with the first such line as an error to show.
package zeek

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"cardea/gateway/capture"
	"cardea/home"
)

// Sniff is how many bytes of a file Is wants to see.
const Sniff = 4096

// Window is how many lines are read ahead: logs are in the order in which connections ended or began, and are put in the order
// of their beginning within it. What comes later than that is played as if it began when it came, and counted as Late.
const Window = 1 << 17

// MaxLine is the longest line that is read; what is longer is counted as bad.
const MaxLine = 1 << 16

// Options of Replay. The zero value is fit for use.
type Options struct {
	Window   int              // lines read ahead; 0: Window
	MaxFlows int              // most connections that go on at once; 0: 262,144. More end early
	Progress func(done int64) // called now and then with the bytes read so far, compressed ones; nil: never
	Row      func(*Row)       // is told every sound line, in the order of the file; valid during the call; nil: nobody
	Leave    func(*Row) bool  // says which sound lines are not played: they are counted as Left; nil: none
}

// Stats is what was in a log.
type Stats struct {
	Rows    uint64 // sound lines
	Bad     uint64 // lines that make no sense
	Other   uint64 // sound lines of other protocols than TCP, UDP and ICMP, and ICMP errors, which are no flow of their own
	Left    uint64 // sound lines that Leave had left out, and that are counted nowhere else
	Late    uint64 // lines out of order by more than the window
	Evicted uint64 // connections that ended early, because there were too many
	Packets uint64 // that the lines count
	Bytes   uint64
	First   time.Time // the first packet of any connection
	Last    time.Time // the last one
	Worst   error     // the first bad line, by its number; nil: none
}

// FormatError says where a log stops making sense.
type FormatError struct {
	Line int // 1 is the first
	Err  error
}

// Error tells the line.
func (e *FormatError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what was wrong.
func (e *FormatError) Unwrap() error { return e.Err }

// Replay reads a log and hands its events to sink, in the order of time, with a tick for each second. All connections end at the
// end of the log. What is readable is delivered also when an error follows; that is a *FormatError where the log is damaged or
// is none. Event.Frame is the number of the line.
func Replay(ctx context.Context, r io.Reader, sink capture.Sink, o Options) (Stats, error) {
	if o.Window <= 0 {
		o.Window = Window
	}
	if o.MaxFlows <= 0 {
		o.MaxFlows = 1 << 18
	}
	p := &player{sink: sink, maxFlows: o.MaxFlows, current: map[uint64]*life{}}
	var stats Stats
	err := read(ctx, r, o, &stats, func(row *Row) {
		if p.begun.len() >= o.Window {
			p.until(func() bool { return p.begun.len() < o.Window })
		}
		p.add(row)
	})
	p.until(func() bool { return p.begun.len()+p.running.len() == 0 })
	stats.Late, stats.Evicted = p.late, p.evicted
	return stats, err
}

// Read hands the sound lines of a log to f, in the order of the file. f returns an error to stop.
func Read(ctx context.Context, r io.Reader, f func(*Row) error) (Stats, error) {
	var stats Stats
	var stop error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := read(ctx, r, Options{}, &stats, func(row *Row) {
		if stop == nil {
			if stop = f(row); stop != nil {
				cancel()
			}
		}
	})
	if stop != nil {
		return stats, stop
	}
	return stats, err
}

// Plain decompresses the beginning of a file, if it is gzipped, as far as prefix goes.
func Plain(prefix []byte) []byte {
	if len(prefix) < 3 || prefix[0] != 0x1f || prefix[1] != 0x8b || prefix[2] != 8 {
		return prefix
	}
	z, err := gzip.NewReader(bytes.NewReader(prefix))
	if err != nil {
		return prefix
	}
	b, _ := io.ReadAll(io.LimitReader(z, Sniff)) // it ends amid the stream
	return b
}

// Is says whether a file that begins so is a log of connections, as far as its first Sniff bytes tell.
func Is(prefix []byte) bool {
	kind := Kind(prefix)
	return kind == "conn" || kind != "" && strings.HasPrefix(kind, "conn")
}

// Kind says which of Zeek's logs a file that begins so is, as conn, dns or ssl; "" where it is none.
func Kind(prefix []byte) string {
	b := bytes.TrimLeft(bytes.TrimPrefix(Plain(prefix), []byte("\xef\xbb\xbf")), "\r\n")
	line, _, _ := bytes.Cut(b, []byte("\n"))
	switch {
	case bytes.IndexByte(line, 0) >= 0:
		return ""
	case bytes.HasPrefix(b, []byte("#separator ")), bytes.HasPrefix(b, []byte("#fields")):
		return cmp.Or(headed(b), "conn")
	case bytes.HasPrefix(b, []byte("{")) && named(line, `"`) && bytes.Contains(line, []byte(`"conn_state"`)),
		!bytes.HasPrefix(b, []byte("{")) && !bytes.HasPrefix(b, []byte("#")) && named(line, "") && bytes.Contains(line, []byte("proto")):
		return "conn"
	}
	return headed(b)
}

// headLines is within how many lines the names of the fields must come: programs strip or reorder what Zeek writes above them.
const headLines = 64

// headed looks for Zeek's own lines among the first ones: what #path says, where there are #fields, else whether these are conn.log's.
func headed(b []byte) string {
	path, fields, conn := "", bytes.HasPrefix(b, []byte("#separator ")), false
	for range headLines {
		line, rest, more := bytes.Cut(b, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		switch {
		case bytes.IndexByte(line, 0) >= 0:
			return ""
		case bytes.HasPrefix(line, []byte("#fields")):
			fields = true
			conn = conn || named(line, "") && bytes.Contains(line, []byte("proto"))
		case bytes.HasPrefix(line, []byte("#path")) && len(line) > len("#path "):
			path = cmp.Or(path, cut(string(bytes.TrimSpace(line[len("#path "):])), 20))
		}
		if b = rest; !more {
			break
		}
	}
	switch {
	case path != "" && fields:
		return path
	case conn:
		return "conn"
	}
	return ""
}

// named says whether both ends' names are in a line.
func named(line []byte, quote string) bool {
	for _, sep := range []string{".", "_"} {
		if bytes.Contains(line, []byte(quote+"id"+sep+"orig_h"+quote)) && bytes.Contains(line, []byte(quote+"id"+sep+"resp_h"+quote)) {
			return true
		}
	}
	return false
}

var (
	errNoFields = errors.New("no line of names that has ts, id.orig_h, id.orig_p, id.resp_h, id.resp_p, proto and conn_state: this is no conn.log")
	errAllBad   = errors.New("no line of it makes sense")
)

// protocol is the number of a protocol that is followed; 0: another.
func protocol(name string) uint8 {
	switch name {
	case "tcp":
		return home.ProtoTCP
	case "udp":
		return home.ProtoUDP
	case "icmp":
		return home.ProtoICMP
	case "icmp6", "ipv6-icmp":
		return home.ProtoICMPv6
	}
	return 0
}
