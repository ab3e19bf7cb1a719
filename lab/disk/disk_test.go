package disk

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

const secret = "www.Secret-Clinic.example"

const hash = 0xf123456789abcdef

func packed(t *testing.T, w io.WriteCloser, buf *bytes.Buffer, b []byte) []byte {
	t.Helper()
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// However a name lies in a file, it is found; what is no trace of it is not.
func TestANameIsFoundHoweverItLies(t *testing.T) {
	noise := bytes.Repeat([]byte{0, 0xff, 'x', 7}, 50)
	around := func(b ...byte) []byte { return append(append(bytes.Clone(noise), b...), noise...) }
	var z, l, d bytes.Buffer
	deflate, err := flate.NewWriter(&d, 4)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("it calls " + secret + " each hour")
	gzipped := packed(t, gzip.NewWriter(&z), &z, text)
	asJSON, err := json.Marshal(map[string]any{"facts": gzipped})
	if err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{
		"text":                  around(text...),
		"small letters":         around([]byte("x=www.secret-clinic.example;")...),
		"a DNS message":         around([]byte("\x03www\rsecret-clinic\x07example\x00")...),
		"gzip":                  around(gzipped...),
		"zlib":                  around(packed(t, zlib.NewWriter(&l), &l, text)...),
		"the ledger":            around(append(append([]byte("Cdl1"), make([]byte, 28)...), packed(t, deflate, &d, text)...)...),
		"base64":                around([]byte(`"` + base64.StdEncoding.EncodeToString(text) + `"`)...),
		"gzip in base64":        asJSON,
		"a hash":                around(binary.LittleEndian.AppendUint64(nil, hash)...),
		"a hash from the right": around(binary.BigEndian.AppendUint64(nil, hash)...),
		"a hash as a varint":    around(binary.AppendUvarint(nil, hash)...),
		"a hash as a number":    around([]byte("17375229402069405167 17375178925017878000 f123456789abcdef")...),
	} {
		f := Found{}
		f.Bytes("here", b, Name(secret, hash), Name("other.example", hash+1), Address(netip.MustParseAddr("198.51.100.7")))
		if !f.In(secret, "here") || f.In("other.example", "here") {
			t.Errorf("%s: %v", what, f)
		}
	}
	for what, b := range map[string][]byte{"text": []byte(`"ip":"198.51.100.7"`), "bytes": around(4, 198, 51, 100, 7)} {
		f := Found{}
		if f.Bytes("here", b, Address(netip.MustParseAddr("198.51.100.7")), Name(secret, hash)); !f.In("198.51.100.7", "here") || len(f) != 1 {
			t.Errorf("an address as %s: %v", what, f)
		}
	}
	f := Found{}
	if f.Bytes("here", around(gzipped[:12]...), Name("clinic.example.org", 5)); len(f) != 0 {
		t.Errorf("found where it is not: %v", f)
	}
}

// Files and cells of a database are told by where they are.
func TestPlacesAreTold(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "some.db")
	d, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	d.SetMaxOpenConns(1) // the pragma is of one connection
	var number uint64 = hash
	for _, q := range []string{"CREATE TABLE a (x TEXT, y BLOB, z INTEGER)", "PRAGMA secure_delete = on"} {
		if _, err := d.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.ExecContext(t.Context(), "INSERT INTO a VALUES (?, ?, ?), ('', NULL, ?)", "of "+secret, []byte(secret), 1, int64(number)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub", "log"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	search := func() Found {
		f := Found{}
		if err := f.Folder(t.Context(), dir, Name(secret, hash)); err != nil {
			t.Fatal(err)
		}
		if err := f.Database(t.Context(), path, Name(secret, hash)); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := search()
	for _, place := range []string{"some.db", "sub/log", "a.x", "a.y", "a.z"} {
		if !f.In(secret, place) {
			t.Errorf("not found in %s: %v", place, f)
		}
	}
	if _, err := d.ExecContext(t.Context(), "DELETE FROM a"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if f := search(); len(f[secret]) != 1 || !f.In(secret, "sub/log") {
		t.Errorf("after it was deleted: %v", f)
	}
	if f.Folder(t.Context(), filepath.Join(dir, "none")) == nil || f.Database(t.Context(), filepath.Join(dir, "none.db")) == nil {
		t.Error("what is not there was searched")
	}
}
