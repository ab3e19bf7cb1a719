// Package patch makes and applies differences between two files of any kind: copies from the file before, and what is new. It is pure, and
// imports the standard library only. A patch is bounded by whoever applies it, and what comes of it is to be verified by its hash: a patch
// that does not fit the file makes another file, never a crash.
//
// The form: Magic, then parts until the end. A part begins with a number n (uvarint): the lowest bit says of which kind it is, the rest how
// long. Kind 0 copies n>>1 bytes of the file before, from where the last copy ended plus a varint that follows; kind 1 is followed by n>>1 new
// bytes.
package patch

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic begins each patch.
const Magic = "cardea patch 1\n"

const (
	block  = 32 // bytes that are looked for at once
	factor = 0x100000001b3
)

// Diff makes the patch from was to is. The same files make the same bytes.
func Diff(was, is []byte) []byte {
	out := []byte(Magic)
	known := index(was)
	end := 0 // of the last copy, in was
	fresh := 0
	flush := func(to int) {
		if n := to - fresh; n > 0 {
			out = binary.AppendUvarint(out, uint64(n)<<1|1)
			out = append(out, is[fresh:to]...)
		}
	}
	var h uint64
	lead := uint64(1) // the factor of the byte that leaves
	for range block {
		lead *= factor
	}
	for i, rolling := 0, false; i+block <= len(is); {
		if !rolling {
			h = 0
			for _, c := range is[i : i+block] {
				h = h*factor + uint64(c) + 1
			}
			rolling = true
		}
		at, ok := known[h]
		if ok {
			size, back := match(was, is, int(at), i, fresh)
			if size >= block {
				from, to := int(at)-back, i-back
				flush(to)
				out = binary.AppendUvarint(out, uint64(size)<<1)
				out = binary.AppendVarint(out, int64(from-end))
				end, i, rolling = from+size, to+size, false
				fresh = i
				continue
			}
		}
		if i+block < len(is) {
			h = h*factor + uint64(is[i+block]) + 1 - (uint64(is[i])+1)*lead
		}
		i++
	}
	flush(len(is))
	return out
}

// index says where each block of a file is, the first of those that are the same.
func index(b []byte) map[uint64]int32 {
	out := make(map[uint64]int32, len(b)/block)
	for at := 0; at+block <= len(b); at += block {
		var h uint64
		for _, c := range b[at : at+block] {
			h = h*factor + uint64(c) + 1
		}
		if _, there := out[h]; !there {
			out[h] = int32(at) //nolint:gosec // files have less than 2 GiB
		}
	}
	return out
}

// match says how much is the same around two places, and how much of it is before them, not further than to low.
func match(was, is []byte, at, i, low int) (size, back int) {
	for at+size < len(was) && i+size < len(is) && was[at+size] == is[i+size] {
		size++
	}
	for back < at && i-back > low && was[at-back-1] == is[i-back-1] {
		back++
	}
	return size + back, back
}

// ErrPatch is what every error of a patch wraps that is not as Diff makes them.
var ErrPatch = errors.New("not a patch for this file")

// Apply writes to w what a patch makes of a file of size bytes. It stops after most bytes. After an error w has a part of it, or other things.
func Apply(was io.ReaderAt, size int64, patch io.Reader, w io.Writer, most int64) error {
	r := bufio.NewReader(patch)
	head := make([]byte, len(Magic))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != Magic {
		return fmt.Errorf("%w: it does not begin as one", ErrPatch)
	}
	end := int64(0)
	for {
		n, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPatch, err)
		}
		if n>>1 == 0 || n>>1 > uint64(most) {
			return fmt.Errorf("%w: a part of %d bytes, and %d may follow", ErrPatch, n>>1, most)
		}
		long := int64(n >> 1) //nolint:gosec // at most most
		most -= long
		var from io.Reader = r
		if n&1 == 0 {
			off, err := binary.ReadVarint(r)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrPatch, err)
			}
			if off < -end || off > size-end || size-end-off < long {
				return fmt.Errorf("%w: a copy from outside of it", ErrPatch)
			}
			from = io.NewSectionReader(was, end+off, long)
			end += off + long
		}
		if _, err := io.CopyN(w, from, long); err != nil {
			return fmt.Errorf("%w: %w", ErrPatch, err)
		}
	}
}
