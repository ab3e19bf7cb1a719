package cache

import (
	"encoding/binary"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"cardea/gateway/resolve/message"
)

// answerTo makes a question and an answer of one A record that carries the serial, padded by further records.
func answerTo(t testing.TB, name string, serial, ttl uint32, extra int) (*message.Question, []byte) {
	t.Helper()
	msg := make([]byte, message.HeaderLen, 512)
	msg[2], msg[5] = 1, 1
	msg, ok := message.AppendWire(msg, name)
	if !ok {
		t.Fatalf("name %q", name)
	}
	msg = append(msg, 0, 1, 0, 1)
	var q message.Question
	if err := q.Parse(msg); err != nil {
		t.Fatal(err)
	}
	a := append([]byte(nil), msg...)
	a[2] |= 0x80
	a[7] = byte(1 + extra)
	for range 1 + extra {
		a = append(a, 0xc0, 12, 0, 1, 0, 1)
		a = binary.BigEndian.AppendUint32(a, ttl)
		a = append(a, 0, 4)
		a = binary.BigEndian.AppendUint32(a, serial)
	}
	return &q, a
}

func read(q *message.Question, a []byte) (serial, ttl uint32) {
	at := len(q.Head()) + 6
	return binary.BigEndian.Uint32(a[at+6:]), binary.BigEndian.Uint32(a[at:])
}

// The cache may forget, but what it says is what was put last, never past its TTL, and its memory never grows.
func TestCacheAgainstMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type kept struct{ serial, stored, ttl uint32 }
		size := rapid.IntRange(0, 80_000).Draw(rt, "size")
		c := New(size)
		bound := c.Counters().Bytes
		if bound > uint64(max(size, 40_000)) {
			rt.Fatalf("asked for %d bytes, took %d", size, bound)
		}
		model, now, hits := map[string]kept{}, uint32(100), 0
		out := make([]byte, 0, 4096)
		for i := range uint32(rapid.IntRange(1, 3000).Draw(rt, "steps")) {
			name := fmt.Sprintf("n%d.example", rapid.IntRange(0, 400).Draw(rt, "name"))
			now += uint32(rapid.IntRange(0, 2).Draw(rt, "pass"))
			ttl := uint32(rapid.IntRange(0, 60).Draw(rt, "ttl"))
			q, a := answerTo(t, name, i, ttl, rapid.IntRange(0, 12).Draw(rt, "extra"))
			if rapid.Bool().Draw(rt, "put") {
				c.Put(q, a, ttl, now)
				if ttl > 0 {
					model[name] = kept{i, now, ttl}
				}
				continue
			}
			got, ok := c.Get(out, q, now)
			if !ok {
				continue
			}
			hits++
			serial, left := read(q, got)
			want := model[name]
			if age := now - want.stored; serial != want.serial || age >= want.ttl || left != want.ttl-age {
				rt.Fatalf("%s at %d: serial %d with %d s left, last put %+v", name, now, serial, left, want)
			}
		}
		if got := c.Counters(); got.Bytes != bound || got.Entries > 400 {
			rt.Fatalf("grew from %d bytes: %+v", bound, got)
		}
		c.Flush()
		if q, _ := answerTo(t, "n1.example", 0, 0, 0); c.Counters().Entries != 0 {
			rt.Fatal("entries after Flush")
		} else if _, ok := c.Get(out, q, now); ok {
			rt.Fatal("an answer after Flush")
		}
	})
}

// A flood of names that are asked for once does not push out what is used.
func TestCacheKeepsWhatIsUsedInAFlood(t *testing.T) {
	c := New(256 << 10)
	out := make([]byte, 0, 512)
	popular, a := answerTo(t, "time.example", 7, 3600, 0)
	c.Put(popular, a, 3600, 1)
	for i := range uint32(50_000) {
		q, a := answerTo(t, fmt.Sprintf("x%d.flood.example", i), i, 3600, 0)
		c.Put(q, a, 3600, 1)
		if i%100 == 0 {
			if _, ok := c.Get(out, popular, 1); !ok {
				t.Fatalf("lost after %d random names", i)
			}
		}
	}
	if n := c.Counters(); n.Evicted < 40_000 || n.Carried == 0 {
		t.Errorf("counters %+v", n)
	}
}

func TestCacheKeyHasDOAndCDAndType(t *testing.T) {
	c := New(0)
	q, a := answerTo(t, "example.com", 1, 60, 0)
	c.Put(q, a, 60, 1)
	for what, change := range map[string]func(q *message.Question){
		"DO":   func(q *message.Question) { q.DO = true },
		"CD":   func(q *message.Question) { q.Flags |= message.FlagCD },
		"type": func(q *message.Question) { q.Type = message.TypeAAAA },
	} {
		other, _ := answerTo(t, "example.com", 1, 60, 0)
		change(other)
		if _, ok := c.Get(nil, other, 1); ok {
			t.Errorf("the same answer with another %s", what)
		}
	}
	upper, _ := answerTo(t, "eXaMple.com", 1, 60, 0)
	if _, ok := c.Get(nil, upper, 1); !ok {
		t.Error("the case of letters matters")
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	c := New(1 << 20)
	q, a := answerTo(t, "example.com", 1, 60, 3)
	c.Put(q, a, 60, 1)
	out := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() { c.Get(out, q, 5) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
