package disk

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
)

// most is how many bytes are unpacked of one place.
const most = 64 << 20

// block begins one in the gateway's ledger: behind it are 28 bytes about the block, then deflated contacts. It is looked for wherever
// it is, so that what is torn or left over is read, too.
var block = []byte("Cdl1")

const blockHead = 4 + 28

// unpack gives what is compressed in b: gzip, zlib, and the ledger's blocks. What is damaged is given as far as it can be read.
func unpack(b []byte) (out [][]byte) {
	each(b, block, func(at []byte) {
		if len(at) > blockHead {
			out = add(out, flate.NewReader(bytes.NewReader(at[blockHead:])))
		}
	})
	each(b, []byte{0x1f, 0x8b, 8}, func(at []byte) {
		if z, err := gzip.NewReader(bytes.NewReader(at)); err == nil {
			out = add(out, z)
		}
	})
	for _, head := range [][]byte{{0x78, 0x01}, {0x78, 0x5e}, {0x78, 0x9c}, {0x78, 0xda}} {
		each(b, head, func(at []byte) {
			if z, err := zlib.NewReader(bytes.NewReader(at)); err == nil {
				out = add(out, z)
			}
		})
	}
	return out
}

func each(b, head []byte, f func(at []byte)) {
	for {
		i := bytes.Index(b, head)
		if i < 0 {
			return
		}
		f(b[i:])
		b = b[i+1:]
	}
}

func add(out [][]byte, r io.Reader) [][]byte {
	plain, _ := io.ReadAll(io.LimitReader(r, most)) // as far as it goes
	if len(plain) == 0 {
		return out
	}
	return append(out, plain)
}
