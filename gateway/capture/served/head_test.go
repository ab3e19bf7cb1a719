package served

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const (
	camHead = "HTTP/1.1 401 Unauthorized\r\nServer: uc-httpd 1.0.0\r\nWWW-Authenticate: Basic realm=\"IP Camera\"\r\nContent-Length: 0\r\n\r\n"
	camTold = "http uc-httpd 1.0.0 [realm=IP Camera]"
)

// piece is a segment of an answer: the bytes from at to end of it.
type piece struct{ at, end int }

// tellAll gives all that an answer tells when its pieces come in this order, then its connection ends.
func tellAll(t *testing.T, r *Reader, all string, pieces ...piece) (told []string) {
	t.Helper()
	var out home.Served
	note := func(ok bool) {
		if ok {
			told = append(told, fmt.Sprint(out.Protocol, " ", out.Software, " ", out.Details))
		}
	}
	const start = 0xfffffff0 // sequence numbers wrap
	for _, p := range pieces {
		note(r.Answer(noon, 7, 80, start+uint32(p.at), []byte(all[p.at:p.end]), &out))
	}
	note(r.Finish(7, &out))
	if r.held != 0 || r.open != 0 {
		t.Fatalf("%v: left over: %d %d", pieces, r.held, r.open)
	}
	return told
}

func TestHeadInSegments(t *testing.T) {
	rtsp := "RTSP/1.0 401 Unauthorized\nCSeq: 2\nServer: Hipcam\nWWW-Authenticate: Digest realm=Hip\n\n"
	for _, c := range []struct{ all, want string }{{camHead, camTold}, {rtsp, "rtsp Hipcam [realm=Hip]"}} {
		all, n := c.all, len(c.all)
		check := func(pieces ...piece) {
			t.Helper()
			if told := tellAll(t, new(Reader), all, pieces...); !slices.Equal(told, []string{c.want}) {
				t.Fatalf("%v: %q", pieces, told)
			}
		}
		for i := 1; i < n; i++ { // cut at every byte, and at every two
			check(piece{0, i}, piece{i, n})
			check(piece{0, i}, piece{0, i}, piece{i, n}, piece{i, n}) // each comes twice
			check(piece{0, i}, piece{0, n})                           // sent again, with more
			check(piece{0, i}, piece{max(0, i-9), min(n, i+9)}, piece{min(n, i+9) - 1, n})
			for j := i + 1; j < n; j++ {
				check(piece{0, i}, piece{i, j}, piece{j, n})
			}
		}
		for size := 1; size < n; size++ {
			var pieces []piece
			for at := 0; at < n; at += size {
				pieces = append(pieces, piece{at, min(at+size, n)})
			}
			check(pieces...)
		}
	}
}

// A description is read behind a head in segments, whatever else it is cut into.
func TestDescriptionBehindHeadInSegments(t *testing.T) {
	all := "HTTP/1.1 200 OK\r\nSERVER: GoAhead\r\nContent-Type: text/xml\r\n\r\n" + description
	head, n := strings.Index(all, "<?xml"), len(all)
	want := fmt.Sprint("upnp GoAhead ", described1)
	for i := 1; i < head; i++ {
		for _, pieces := range [][]piece{
			{{0, i}, {i, n}},
			{{0, i}, {i, head}, {head, n}},
			{{0, i}, {i, head + 1}, {head + 1, n}},
			{{0, i}, {i, head - 1}, {head - 1, head + 40}, {head + 10, n}},
			{{0, i}, {i, head}, {0, head}, {head, head + 500}, {i, head + 500}, {head + 500, n}},
		} {
			told := tellAll(t, new(Reader), all, pieces...)
			if len(told) == 0 || told[len(told)-1] != want || len(told) > 2 || len(told) == 2 && told[0] != "http GoAhead []" {
				t.Fatalf("%v: %q", pieces, told)
			}
		}
	}
}

// What does not come to its end tells its whole lines, and nothing of a line that is not whole.
func TestHeadBreaksOff(t *testing.T) {
	whole := func(upto int) string { // what the lines before upto tell
		told := "http "
		if upto > strings.Index(camHead, "WWW") {
			return camTold[:len("http uc-httpd 1.0.0")] + map[bool]string{false: " []", true: " [realm=IP Camera]"}[upto >= strings.Index(camHead, "Content-L")]
		} else if upto == strings.Index(camHead, "WWW") {
			told += "uc-httpd 1.0.0"
		}
		return told + " []"
	}
	n := len(camHead)
	for i := 13; i < n; i++ {
		want := []string{whole(i)}
		for _, pieces := range [][]piece{{{0, i}}, {{0, 1}, {1, i}}, {{0, 12}, {12, i}}} {
			if told := tellAll(t, new(Reader), camHead, pieces...); !slices.Equal(told, want) {
				t.Fatalf("%v: %q, want %q", pieces, told, want)
			}
		}
		if i < n-3 { // the last comes before the one in the middle
			if told := tellAll(t, new(Reader), camHead, piece{0, i}, piece{i + 2, n}, piece{i, i + 2}); !slices.Equal(told, want) {
				t.Fatalf("out of order at %d: %q, want %q", i, told, want)
			}
		}
	}
	for i := range 12 { // not even a status
		if told := tellAll(t, new(Reader), camHead, piece{0, i}); told != nil {
			t.Fatalf("%d: %q", i, told)
		}
	}
}

// A segment that is sent again with other bytes in it leaves nothing to be sure of.
func TestHeadSaidTwice(t *testing.T) {
	n := len(camHead)
	forged := strings.Replace(camHead, "uc-httpd 1.0.0", "nginx 1.29.0.0", 1)
	for i := len("HTTP/1.1 401 Unauthorized\r\nServer: u"); i < n; i++ {
		var r Reader
		var out home.Served
		if r.Answer(noon, 1, 80, 0, []byte(camHead[:i]), &out) || r.Answer(noon, 1, 80, 0, []byte(forged[:i]), &out) ||
			r.Answer(noon, 1, 80, uint32(i), []byte(camHead[i:]), &out) || r.Finish(1, &out) {
			t.Fatalf("%d: %+v", i, out)
		}
	}
	// What was before the head is none of it.
	var r Reader
	var out home.Served
	r.Answer(noon, 1, 80, 100, []byte(camHead[:30]), &out)
	if r.Answer(noon, 1, 80, 10, []byte("what the last body ended with"), &out) ||
		r.Answer(noon, 1, 80, 90, []byte("0123456789"+camHead[:40]), &out) ||
		!r.Answer(noon, 1, 80, 140, []byte(camHead[40:]), &out) || out.Software != "uc-httpd 1.0.0" {
		t.Errorf("%+v", out)
	}
}

// A new answer behind a hole is read as one.
func TestHeadAfterHole(t *testing.T) {
	var r Reader
	var out home.Served
	r.Answer(noon, 1, 80, 0, []byte(camHead[:60]), &out)
	if !r.Answer(noon, 1, 80, 5000, []byte("HTTP/1.1 200 OK\r\nServer: other\r\n\r\n"), &out) || out.Software != "other" || r.held != 0 {
		t.Errorf("%+v", out)
	}
}

// Nobody can have more kept than has its place, and who finds none is read as far as his segment goes.
func TestHeadsAreBounded(t *testing.T) {
	var r Reader
	var out home.Served
	first := []byte("HTTP/1.1 200 OK\r\nServer: x\r\nX-Long: ")
	for id := range uint64(100) {
		told := r.Answer(noon, id, 80, 0, first, &out)
		if told != (id >= heads) || told && out.Software != "x" || r.held > heads {
			t.Fatalf("%d: %v %+v, %d held", id, told, out, r.held)
		}
	}
	if r.Answer(noon.Add(headAge-1), 200, 80, 0, []byte("HTTP/1.1 200 OK\r\n"), &out) != true {
		t.Error("took a young one's place")
	}
	if r.Answer(noon.Add(headAge), 201, 80, 0, []byte("HTTP/1.1 200 OK\r\n"), &out) || r.head(201) == nil || r.held != heads {
		t.Error("took no old one's place")
	}
	for id := range uint64(300) {
		r.Forget(id)
	}
	if r.held != 0 {
		t.Errorf("%d held after all", r.held)
	}
	for what, long := range map[string]string{"bytes": "X: " + strings.Repeat("y", 80) + "\r\n", "lines": "X:y\r\n", "one line": "yyyy"} {
		told := 0
		if r.Answer(noon, 400, 80, 0, []byte("HTTP/1.1 200 OK\r\nServer: big\r\n"), &out) {
			t.Fatal("told at once")
		}
		for seq := 30; seq < 4*headBytes; seq += len(long) {
			if r.Answer(noon, 400, 80, uint32(seq), []byte(long), &out) {
				told++
			}
		}
		if told != 1 || out.Software != "big" || r.held != 0 {
			t.Errorf("too many %s: told %d times, %+v", what, told, out)
		}
		r.Forget(400)
	}
}

// What only looks like the first bytes of an answer is read as what it is.
func TestNoHeadAfterAll(t *testing.T) {
	play(t, 23, []step{{"server", "\xff\xfd\x18cam login: ", "telnet cam login:"}, {"server", "R", ""}, {"server", "o", ""}, {"client", "root", "telnet"}})
	play(t, 2323, []step{{"server", "H", "telnet H"}, {"server", "i, login: ", ""}, {"client", "root", "telnet"}})
	play(t, 80, []step{{"server", "HTTP", ""}, {"server", "/2 is not this", ""}, {"server", camHead, "http uc-httpd 1.0.0 realm=IP Camera"}})
	play(t, 80, []step{{"server", "HTTP/1.1 ", ""}, {"server", "999 x\r\n", ""}, {"server", camHead, "http uc-httpd 1.0.0 realm=IP Camera"}})
}

func TestSOAPAnswerInSegments(t *testing.T) {
	all := "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<s:Envelope><s:Body><u:AddPortMappingResponse></u:AddPortMappingResponse></s:Body></s:Envelope>"
	for i := 1; i < len(all); i++ {
		var r Reader
		var m home.Mapping
		var out home.Served
		r.Ask(5, 0, cam, []byte(soap("AddPortMapping", addArgs)), &m)
		r.Answer(noon, 5, 5000, 0, []byte(all[:i]), &out)
		r.Answer(noon, 5, 5000, uint32(i), []byte(all[i:]), &out)
		if !r.Granted(5, &m) || m.Refused {
			t.Fatalf("%d: %+v", i, m)
		}
	}
}

// FuzzHead cuts a head as cuts says: it tells what it tells when it comes whole.
func FuzzHead(f *testing.F) {
	f.Add([]byte(camHead), []byte{1, 20, 7})
	f.Add([]byte("RTSP/1.0 200 OK\n\r\r\nServer: x\n\n"), []byte{0, 0, 3})
	f.Add([]byte("HTTP/1.0 404\r\r\nServer: \xff\x00\r\n \r\nWWW-Authenticate: realm=\r\n\r\n"), []byte{255, 1})
	f.Fuzz(func(t *testing.T, b, cuts []byte) {
		var h head
		end, _ := h.take(b)
		if protocol, _ := startOf(b); end == 0 || protocol == "" || end == headBytes || bytes.Contains(bytes.ToLower(b), []byte("xml")) {
			return
		}
		b = b[:end]
		var whole, parts Reader
		var want, got home.Served
		ok, told := whole.Answer(noon, 1, 80, 5, b, &want), 0
		for at, i := 0, 0; at < len(b); i++ {
			n := len(b) - at
			if i < len(cuts) {
				n = min(n, 1+int(cuts[i]))
			}
			again := min(at, i%7) // some bytes come twice
			if parts.Answer(noon, 1, 80, uint32(5+at-again), b[at-again:at+n], &got) {
				told++
			}
			at += n
		}
		if parts.Finish(1, &got) {
			told++
		}
		if ok != (told == 1) || told > 1 || want.Protocol != got.Protocol || want.Software != got.Software || !slices.Equal(want.Details, got.Details) {
			t.Fatalf("%v %+v, in parts %d %+v", ok, want, told, got)
		}
	})
}
