// Command gen makes oui.bin, the registry of network interfaces' makers, from IEEE's public listings. See ../SOURCE.md.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// assignment is one block of addresses.
type assignment struct {
	prefix uint32 // the first 24 bits
	bits   int    // how many more are fixed: 0, 4 or 12
	sub    uint32 // those
	vendor string
}

// perPart is how many assignments are deflated together: a question unpacks so many.
const perPart = 512

func main() {
	in := flag.String("in", "/usr/share/ieee-data", "folder with oui.txt, mam.txt, oui36.txt and iab.txt, or files, separated by commas")
	out := flag.String("out", "identity/oui/oui.bin", "file to write")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "oui/gen:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	var all []assignment
	for path := range strings.SplitSeq(in, ",") {
		paths := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			paths = paths[:0]
			for _, name := range []string{"oui.txt", "mam.txt", "oui36.txt", "iab.txt"} {
				paths = append(paths, filepath.Join(path, name))
			}
		}
		for _, p := range paths {
			f, err := os.Open(p)
			if err != nil {
				return fmt.Errorf("%w (apt-get install ieee-data)", err)
			}
			got, err := parse(f)
			f.Close()
			if err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			all = append(all, got...)
		}
	}
	blob, err := encode(all)
	if err != nil {
		return err
	}
	fmt.Printf("%d assignments, %d bytes\n", len(all), len(blob))
	return os.WriteFile(out, blob, 0o644)
}

// parse reads a listing: "AA-BB-CC (hex) NAME" begins a record, "AABBCC (base 16) NAME" or "900000-9FFFFF (base 16) NAME"
// says which part of AA-BB-CC it is.
func parse(r io.Reader) (out []assignment, err error) {
	sc := bufio.NewScanner(r)
	prefix, have := uint32(0), false
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if head, _, ok := strings.Cut(line, "(hex)"); ok {
			v, err := strconv.ParseUint(strings.ReplaceAll(strings.TrimSpace(head), "-", ""), 16, 24)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			prefix, have = uint32(v), true
			continue
		}
		head, name, ok := strings.Cut(line, "(base 16)")
		if !ok {
			continue
		}
		if !have {
			return nil, fmt.Errorf("line %d: a block without its prefix", n)
		}
		a := assignment{prefix: prefix, vendor: tidy(name)}
		if err := a.block(strings.TrimSpace(head)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if a.vendor != "" {
			out = append(out, a)
		}
	}
	if len(out) == 0 && sc.Err() == nil {
		return nil, errors.New("no assignment found")
	}
	return out, sc.Err()
}

// block reads which part of the prefix is meant: all of it, or first-last behind it.
func (a *assignment) block(s string) error {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		return nil
	}
	lo, err := strconv.ParseUint(first, 16, 24)
	if err != nil {
		return err
	}
	hi, err := strconv.ParseUint(last, 16, 24)
	if err != nil {
		return err
	}
	switch hi - lo {
	case 1<<20 - 1:
		a.bits = 4
	case 1<<12 - 1:
		a.bits = 12
	default:
		return fmt.Errorf("block %s is neither 28 nor 36 bits long", s)
	}
	a.sub = uint32(lo >> (24 - a.bits))
	return nil
}

// encode makes the blob that package oui describes.
func encode(all []assignment) ([]byte, error) {
	slices.SortStableFunc(all, func(a, b assignment) int {
		return int(int64(a.prefix)<<16|int64(a.bits)<<12|int64(a.sub)) - int(int64(b.prefix)<<16|int64(b.bits)<<12|int64(b.sub))
	})
	all = slices.CompactFunc(all, func(a, b assignment) bool { return a.prefix == b.prefix && a.bits == b.bits && a.sub == b.sub })
	var table, parts []byte
	n := 0
	for len(all) > 0 {
		end := min(perPart, len(all))
		for end < len(all) && all[end].prefix == all[end-1].prefix {
			end++
		}
		data, err := deflate(encodePart(all[:end]))
		if err != nil {
			return nil, err
		}
		parts = append(parts, data...)
		p := all[0].prefix
		table = binary.BigEndian.AppendUint32(append(table, byte(p>>16), byte(p>>8), byte(p)), uint32(len(parts)))
		all = all[end:]
		n++
	}
	if n > 1<<16-1 {
		return nil, errors.New("too many parts")
	}
	return slices.Concat([]byte("oui1"), []byte{byte(n >> 8), byte(n)}, table, parts), nil
}

func encodePart(part []assignment) (b []byte) {
	names, before := map[string]uint64{}, uint32(0)
	for _, a := range part {
		b = binary.AppendUvarint(b, uint64(a.prefix-before))
		before = a.prefix
		b = append(b, byte(a.bits))
		if a.bits > 0 {
			b = binary.AppendUvarint(b, uint64(a.sub))
		}
		k, ok := names[a.vendor]
		b = binary.AppendUvarint(b, k)
		if !ok {
			names[a.vendor] = uint64(len(names) + 1)
			b = append(binary.AppendUvarint(b, uint64(len(a.vendor))), a.vendor...)
		}
	}
	return b
}

func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
