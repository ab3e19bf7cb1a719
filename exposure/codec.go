package exposure

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"cardea/home"
)

// Facts travel as
//
//	"cxf1" uvarint(flaws) flaw… uvarint(ends) end…
//	flaw = vendor class cve day flags uvarint(models) model…
//	end  = product vendor system name cycle label day flags
//
// where a text is its length and its bytes, and a day the days since 1970 as uvarint, 0 for none. They are sorted, without
// twins, and there is one form only: what does not marshal to the same bytes again is refused.
const (
	factsMagic = "cxf1"
	maxFacts   = 50_000 // of either kind
	maxModels  = 256
	maxWord    = 64
	// MaxFactsBytes is the longest form that ParseFacts reads.
	MaxFactsBytes = 16 << 20
)

// Flags of a flaw and of an end.
const (
	flagEnded  = 1
	flagRansom = 2
)

// MarshalBinary gives the one form of the facts. It never fails.
func (f *Facts) MarshalBinary() ([]byte, error) {
	b := []byte(factsMagic)
	flaws, ends := f.Len()
	b = binary.AppendUvarint(b, uint64(flaws))
	for i := range flaws {
		x := &f.flaws[i]
		for _, s := range []string{x.vendor, string(x.class), x.cve} {
			b = appendText(b, s)
		}
		b = append(binary.AppendUvarint(b, days(x.added)), flag(x.ended, flagEnded)|flag(x.ransom, flagRansom))
		n := min(len(x.models), maxModels)
		b = binary.AppendUvarint(b, uint64(n))
		for _, m := range x.models[:n] {
			b = appendText(b, m)
		}
	}
	b = binary.AppendUvarint(b, uint64(ends))
	for i := range ends {
		x := &f.ends[i]
		for _, s := range []string{x.product, x.vendor, x.system, x.name, x.cycle, x.label} {
			b = appendText(b, s)
		}
		b = append(binary.AppendUvarint(b, days(x.day)), flag(x.ended, flagEnded))
	}
	return b, nil
}

func appendText(b []byte, s string) []byte {
	s = s[:min(len(s), maxWord)]
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func days(t time.Time) uint64 {
	if t.IsZero() || t.Unix() < 0 {
		return 0
	}
	return uint64(t.Unix() / 86400)
}

func flag(on bool, f byte) byte {
	if on {
		return f
	}
	return 0
}

// ParseFacts reads what MarshalBinary made.
func ParseFacts(b []byte) (*Facts, error) {
	if len(b) > MaxFactsBytes {
		return nil, fmt.Errorf("exposure facts: %d bytes are too many", len(b))
	}
	r := &reader{rest: b, size: len(b)}
	f := r.facts()
	if r.err == nil && len(r.rest) > 0 {
		r.fail("something follows")
	}
	if r.err != nil {
		return nil, fmt.Errorf("exposure facts: %w", r.err)
	}
	f.sort()
	if again, err := f.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("exposure facts: not in their one form")
	}
	return f, nil
}

// reader takes values off the front; after the first error it gives nothing but zeros.
type reader struct {
	rest []byte
	size int
	err  error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %s", r.size-len(r.rest), what)
	}
	r.rest = nil
}

func (r *reader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > limit {
		r.fail("a number is broken or too large")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() string {
	n := int(r.uvarint(maxWord))
	if n > len(r.rest) {
		r.fail("cut short")
		return ""
	}
	s := string(r.rest[:n])
	if s != printable(s, maxWord) {
		r.fail("text that cannot be shown")
		return ""
	}
	r.rest = r.rest[n:]
	return s
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail("cut short")
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

func (r *reader) day() time.Time {
	if n := r.uvarint(100_000); n > 0 {
		return time.Unix(int64(n)*86400, 0).UTC()
	}
	return time.Time{}
}

func (r *reader) facts() *Facts {
	f := &Facts{}
	if !bytes.HasPrefix(r.rest, []byte(factsMagic)) {
		r.fail("not exposure facts")
		return f
	}
	r.rest = r.rest[len(factsMagic):]
	for n := r.uvarint(maxFacts); n > 0 && r.err == nil; n-- {
		x := flaw{vendor: r.text(), class: home.DeviceClass(r.text()), cve: r.text(), added: r.day()}
		flags := r.byte()
		x.ended, x.ransom = flags&flagEnded != 0, flags&flagRansom != 0
		for m := r.uvarint(maxModels); m > 0 && r.err == nil; m-- {
			x.models = append(x.models, r.text())
		}
		f.flaws = append(f.flaws, x)
	}
	for n := r.uvarint(maxFacts); n > 0 && r.err == nil; n-- {
		x := end{product: r.text(), vendor: r.text(), system: r.text(), name: r.text(), cycle: r.text(), label: r.text(), day: r.day()}
		x.ended = r.byte()&flagEnded != 0
		f.ends = append(f.ends, x)
	}
	return f
}
