package identity

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"cardea/home"
)

// A bundle of what was learned, all numbers as in encoding/binary, little-endian or uvarint:
//
//	"CIDM" version(1)
//	margin sharpen slope center (float64 each)
//	number of models; for each, in order of class, vendor, model:
//	  class vendor model (length, bytes) · units (2⁻²⁰ votes) · own margin + 1 in thousandths, 0 without
//	  number of tokens; for each, in order of hash:
//	    hash (8 bytes) · clue (1 byte) · how much the sum grew at each age (2⁻²⁰ votes, 4 numbers)
//
// There is one way to write a model: what is not written so is refused.
const (
	bundleMagic   = "CIDM"
	bundleVersion = 1
	maxBundle     = 64 << 20
	maxModels     = 65536
	maxLabel      = 200
	maxModelToks  = 16384
	maxVotes      = uint64(wholeVote) << 32
)

var errBundle = errors.New("model bundle is damaged")

// MarshalBinary writes the model as a bundle.
func (m *Model) MarshalBinary() ([]byte, error) {
	b := append([]byte(bundleMagic), bundleVersion)
	for _, v := range [...]float64{m.tuned.Margin, m.tuned.Sharpen, m.tuned.Slope, m.tuned.Center} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	labels := m.counts.Labels()
	if len(labels) > maxModels {
		return nil, fmt.Errorf("%d models do not fit a bundle", len(labels))
	}
	b = binary.AppendUvarint(b, uint64(len(labels)))
	for _, l := range labels {
		var err error
		if b, err = m.appendTally(b, l); err != nil {
			return nil, err
		}
	}
	if len(b) > maxBundle {
		return nil, fmt.Errorf("a model of %d bytes does not fit a bundle", len(b))
	}
	return b, nil
}

func (m *Model) appendTally(b []byte, l Label) ([]byte, error) {
	t := m.counts.models[l]
	for _, s := range [...]string{string(l.Class), l.Vendor, l.Model} {
		if len(s) > maxLabel || !utf8.ValidString(s) {
			return nil, fmt.Errorf("label %.20q is too long or no text", s)
		}
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	own := uint64(0)
	if v, ok := m.tuned.Margins[l]; ok {
		own = uint64(math.Round(v*1000)) + 1
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(t.units)), own)
	if len(t.tokens) > maxModelToks {
		return nil, fmt.Errorf("%d tokens of one model do not fit a bundle", len(t.tokens))
	}
	hashes := make([]uint64, 0, len(t.tokens))
	for h := range t.tokens {
		hashes = append(hashes, h)
	}
	slices.SortFunc(hashes, cmp.Compare)
	b = binary.AppendUvarint(b, uint64(len(hashes)))
	for _, h := range hashes {
		k := t.tokens[h]
		b = append(binary.LittleEndian.AppendUint64(b, h), byte(k.clue))
		last := share(0)
		for _, v := range k.by {
			b = binary.AppendUvarint(b, uint64(v-last))
			last = v
		}
	}
	return b, nil
}

// ParseModel reads a bundle.
func ParseModel(b []byte) (*Model, error) {
	if len(b) > maxBundle {
		return nil, fmt.Errorf("%w: more than %d bytes", errBundle, maxBundle)
	}
	r := bundleReader{b: b}
	if string(r.take(len(bundleMagic))) != bundleMagic {
		return nil, fmt.Errorf("%w: not a bundle of models", errBundle)
	}
	if v := r.take(1); r.err == nil && v[0] != bundleVersion {
		return nil, fmt.Errorf("model bundle of version %d, this program reads %d", v[0], bundleVersion)
	}
	t := Tuning{Margins: map[Label]float64{}}
	for _, v := range [...]*float64{&t.Margin, &t.Sharpen, &t.Slope, &t.Center} {
		*v = r.float()
	}
	c := NewCounts()
	n := r.number(maxModels)
	last := Label{}
	for i := uint64(0); i < n && r.err == nil; i++ {
		l := r.tally(c, &t)
		if r.err == nil && i > 0 && compareLabels(last, l) >= 0 {
			r.fail("models out of order")
		}
		last = l
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail("more behind its end")
	}
	if r.err != nil {
		return nil, r.err
	}
	return newModel(c, t), nil
}

// bundleReader reads a bundle to its first mistake.
type bundleReader struct {
	b   []byte
	at  int
	err error
}

func (r *bundleReader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at byte %d", errBundle, what, r.at)
	}
}

func (r *bundleReader) take(n int) []byte {
	if r.err != nil || n > len(r.b) {
		r.fail("cut off")
		return make([]byte, min(n, 8))
	}
	out := r.b[:n]
	r.b, r.at = r.b[n:], r.at+n
	return out
}

// number reads a uvarint of at most most, in its shortest form.
func (r *bundleReader) number(most uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if r.err != nil || n <= 0 || v > most || n > 1 && r.b[n-1] == 0 {
		r.fail("no number that fits")
		return 0
	}
	r.b, r.at = r.b[n:], r.at+n
	return v
}

// float reads a figure of the tuning: all are between 0 and 100.
func (r *bundleReader) float() float64 {
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
	if !(v >= 0 && v <= 100) || v == 0 && math.Signbit(v) {
		r.fail("no figure that fits")
		return 0
	}
	return v
}

func (r *bundleReader) text() string {
	b := r.take(int(r.number(maxLabel)))
	if r.err != nil {
		return ""
	}
	for _, c := range string(b) {
		if c < 0x20 || c == 0x7f || c == utf8.RuneError {
			r.fail("no text")
			return ""
		}
	}
	return string(b)
}

// tally reads one model.
func (r *bundleReader) tally(c *Counts, t *Tuning) Label {
	l := Label{Class: home.DeviceClass(r.text())}
	l.Vendor, l.Model = r.text(), r.text()
	if r.err == nil && l.Model == "" {
		r.fail("model without a name")
	}
	units := r.number(maxVotes)
	if own := r.number(1001); own > 0 {
		t.Margins[l] = float64(own-1) / 1000
	}
	n := r.number(maxModelToks)
	if r.err == nil && units == 0 {
		r.fail("model without votes")
	}
	if r.err != nil {
		return l
	}
	out := &tally{units: share(units), tokens: make(map[uint64]*count, min(n, 1024))}
	last := uint64(0)
	for i := uint64(0); i < n && r.err == nil; i++ {
		h := binary.LittleEndian.Uint64(r.take(8))
		if i > 0 && h <= last {
			r.fail("tokens out of order")
		}
		last = h
		k := &count{clue: Clue(r.take(1)[0])}
		if !k.clue.Known() {
			r.fail("unknown clue")
		}
		sum := uint64(0)
		for a := range ages {
			sum += r.number(units)
			k.by[a] = share(sum)
		}
		if sum > units {
			r.fail("more votes for a token than for its model")
		}
		out.tokens[h] = k
	}
	c.models[l] = out
	return l
}
