package patch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func apply(was, patch []byte, most int64) ([]byte, error) {
	var out bytes.Buffer
	err := Apply(bytes.NewReader(was), int64(len(was)), bytes.NewReader(patch), &out, most)
	return out.Bytes(), err
}

func TestAPatchMakesTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "was")
		is := bytes.Clone(was)
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			at := rapid.IntRange(0, len(is)).Draw(t, "at")
			end := min(len(is), at+rapid.IntRange(0, 300).Draw(t, "less"))
			is = append(append(bytes.Clone(is[:at]), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "more")...), is[end:]...)
		}
		p := Diff(was, is)
		if got, err := apply(was, p, int64(len(is))); err != nil || !bytes.Equal(got, is) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(is), err)
		}
		if !bytes.Equal(p, Diff(was, is)) {
			t.Fatal("made again it differs")
		}
		if len(is) > 0 {
			if _, err := apply(was, p, int64(len(is))-1); !errors.Is(err, ErrPatch) {
				t.Fatal("longer than it may be, and taken:", err)
			}
		}
	})
}

func TestAPatchIsSmall(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	was := make([]byte, 300_000)
	_, _ = rng.Read(was) // it never fails
	is := append(append(bytes.Clone(was[200_000:]), "something new"...), was[:200_000]...)
	is[77_777] ^= 1
	if p := Diff(was, is); len(p) > 200 {
		t.Errorf("%d bytes", len(p))
	}
	if p := Diff(nil, was); len(p) > len(was)+40 {
		t.Errorf("of nothing: %d bytes", len(p))
	}
}

func TestBadPatchesAreRefused(t *testing.T) {
	was := []byte(strings.Repeat("the file before ", 10))
	part := func(numbers ...int64) []byte {
		out := binary.AppendUvarint([]byte(Magic), uint64(numbers[0]))
		for _, n := range numbers[1:] {
			out = binary.AppendVarint(out, n)
		}
		return out
	}
	for name, p := range map[string][]byte{
		"nothing": nil, "another's": []byte("cardea patch 2\n"), "cut in the head": []byte(Magic[:5]), "an empty part": part(0), "cut in a number": append([]byte(Magic), 0x80),
		"before the beginning": part(10<<1, -1), "behind the end": part(10<<1, 151), "far behind": part(10<<1, 1<<62), "far before": part(10<<1, -1<<63), "a copy of nowhere": part(10 << 1),
		"new bytes that are not there": append(part(10<<1|1), "short"...), "as long as can be": binary.AppendUvarint([]byte(Magic), 1<<64-1),
	} {
		if out, err := apply(was, p, 1000); !errors.Is(err, ErrPatch) {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
}

func FuzzApply(f *testing.F) {
	was := []byte(strings.Repeat("the file before ", 40))
	f.Add(was, Diff(was, append(bytes.Clone(was[100:]), was[:90]...)))
	f.Add([]byte{}, []byte(Magic))
	f.Fuzz(func(t *testing.T, was, p []byte) {
		out, err := apply(was, p, 5000)
		if len(out) > 5000 || err != nil && !errors.Is(err, ErrPatch) {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
	})
}
