package hello

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardea/home"
)

// helloOf makes a ClientHello of lists in hexadecimal, as JA4's raw form writes them; alpn is the first protocol.
func helloOf(ciphers, extensions, signatures string, versions []uint16, alpn string) []byte {
	values := func(s string) (b []byte) {
		for v := range strings.SplitSeq(s, ",") {
			if v != "" {
				x, err := hex.DecodeString(v)
				if err != nil {
					panic(err)
				}
				b = append(b, x...)
			}
		}
		return b
	}
	sized := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	var ext []byte
	for e := range strings.SplitSeq(extensions, ",") {
		typ := values(e)
		if len(typ) == 0 {
			continue
		}
		var data []byte
		switch binary.BigEndian.Uint16(typ) {
		case extServerName:
			data = sized(append([]byte{0}, sized([]byte("www.example.com"))...))
		case extALPN:
			data = sized(append([]byte{byte(len(alpn))}, alpn...))
		case extSignatures:
			data = sized(values(signatures))
		case extSupportedVersions:
			data = []byte{byte(2 * len(versions))}
			for _, v := range versions {
				data = binary.BigEndian.AppendUint16(data, v)
			}
		}
		ext = append(append(ext, typ...), sized(data)...)
	}
	body := append([]byte{3, 3}, make([]byte, 33)...)
	body = append(append(body, sized(values(ciphers))...), 1, 0)
	if len(ext) > 0 {
		body = append(body, sized(ext)...)
	}
	return message(body)
}

func fingerprint(t *testing.T, msg []byte, source home.NameSource) string {
	t.Helper()
	var h Hello
	if !h.Parse(msg) {
		t.Fatal("not parsed")
	}
	var j ja4
	return j.of(&h, source)
}

const (
	chromeCiphers    = "1a1a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
	chromeSignatures = "0403,0804,0401,0503,0805,0501,0806,0601"
	chromeFirst      = "2a2a,0023,ff01,0000,001b,0012,4469,002d,002b,000d,0010,0033,000a,0005,0017,000b,fafa,0015"
)

// The first ones are worked examples that FoxIO publishes with their raw forms.
func TestJA4(t *testing.T) {
	modern := []uint16{0x3a3a, 0x0304, 0x0303}
	for _, c := range []struct {
		what string
		msg  []byte
		by   home.NameSource
		want string
	}{
		{"Chrome", helloOf(chromeCiphers, chromeFirst, chromeSignatures, modern, "h2"), home.NameSNI, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"its extensions in another order", helloOf(chromeCiphers, "002b,4469,000b,0017,000d,0000,001b,0005,0033,ff01,0010,000a,002d,0012,0023,0015",
			chromeSignatures, modern, "h2"), home.NameSNI, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"with a pre-shared key for padding", helloOf(chromeCiphers, "000d,0010,0000,000b,0023,4469,ff01,0033,000a,002d,002b,0005,0017,0012,001b,0029",
			chromeSignatures, modern, "h2"), home.NameSNI, "t13d1516h2_8daaf6152771_9b887d9acb53"},
		{"GREASE among the signatures", helloOf(chromeCiphers, "fe0d,0010,0017,0033,44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012",
			"5a5a,0904,0905,0906,0403,0804,0401,0503,0805,0501,0806,0601", modern, "h2"), home.NameSNI, "t13d1517h2_8daaf6152771_cb7bf5808d99"},
		{"TLS 1.2", helloOf("c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f,000a",
			"0000,0005,000a,000b,000d,0023,0017,ff01", "0804,0805,0806,0401,0501,0201,0403,0503,0203,0202,0601,0603", nil, ""),
			home.NameSNI, "t12d190800_d83cc789557e_7af1ed941c26"},
		{"QUIC", helloOf(chromeCiphers, chromeFirst, chromeSignatures, modern, "h3"), home.NameQUIC, "q13d1516h3_8daaf6152771_e5627efa2ab1"},
		{"no extensions", helloOf("002f", "", "", nil, ""), home.NameSNI, "t12i010000_ba72b8082249_000000000000"},
		{"no signatures", helloOf("002f", "000a", "", nil, ""), home.NameSNI, "t12i010100_ba72b8082249_"},
		{"one letter", helloOf("002f", "0010", "", nil, "x"), home.NameSNI, "t12i0101xx_ba72b8082249_000000000000"},
		{"one byte that is no letter", helloOf("002f", "0010", "", nil, "\xab"), home.NameSNI, "t12i0101ab_ba72b8082249_"},
		{"bytes that are no letters", helloOf("002f", "0010", "", nil, "\xab\xcd"), home.NameSNI, "t12i0101ad_ba72b8082249_"},
		{"the last is no letter", helloOf("002f", "0010", "", nil, "0\xab"), home.NameSNI, "t12i01013b_ba72b8082249_"},
	} {
		got := fingerprint(t, c.msg, c.by)
		if strings.HasSuffix(c.want, "_") {
			got = got[:min(len(got), len(c.want))]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// The order of cipher suites and extensions, and GREASE, never matter; that of signature algorithms does.
func TestJA4IsStable(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		shuffle := func(s, label string) string {
			return strings.Join(rapid.Permutation(strings.Split(s, ",")).Draw(r, label), ",")
		}
		msg := helloOf(shuffle(chromeCiphers+",dada", "ciphers"), shuffle(chromeFirst, "extensions"), chromeSignatures, []uint16{0x0303, 0x0304}, "h2")
		if got := fingerprint(t, msg, home.NameSNI); got != "t13d1516h2_8daaf6152771_e5627efa2ab1" {
			r.Fatal(got)
		}
	})
	if fingerprint(t, helloOf(chromeCiphers, chromeFirst, "0804,0403", []uint16{0x0304}, "h2"), home.NameSNI) ==
		fingerprint(t, helloOf(chromeCiphers, chromeFirst, "0403,0804", []uint16{0x0304}, "h2"), home.NameSNI) {
		t.Error("the order of signature algorithms made no difference")
	}
}

// What is cut, or offers more than any real client, has no fingerprint.
func TestJA4OfUnfinishedAndHuge(t *testing.T) {
	whole := helloOf(chromeCiphers, chromeFirst, chromeSignatures, []uint16{0x0304}, "h2")
	for n := range len(whole) {
		var h Hello
		var j ja4
		if h.Parse(whole[:n]) && j.of(&h, home.NameSNI) != "" {
			t.Fatalf("a fingerprint of %d of %d bytes", n, len(whole))
		}
	}
	if got := fingerprint(t, helloOf(strings.Repeat("002f,", maxOffered+1), "", "", nil, ""), home.NameSNI); got != "" {
		t.Error(got)
	}
}

func TestNewestVersion(t *testing.T) {
	for _, c := range []struct {
		legacy   uint16
		versions []uint16
		want     uint16
	}{
		{0x0303, nil, 0x0303}, {0x0301, nil, 0x0301}, {0x0303, []uint16{0xfafa, 0x0303, 0x0304}, 0x0304}, {0x0303, []uint16{0x0302}, 0x0302},
		{0xfefd, nil, 0xfefd}, {0xfefd, []uint16{0xfefd, 0xfefc}, 0xfefc}, {0x0303, []uint16{0x7f1c}, 0x0303},
	} {
		h := Hello{Legacy: c.legacy, Versions: c.versions, Complete: true}
		if got := h.newest(); got != c.want {
			t.Errorf("%+v: %04x", c, got)
		}
	}
	if (&Hello{Legacy: 0x0303}).newest() != 0 {
		t.Error("the version of a cut message was believed")
	}
}

// A ClientHello without a server name is told too, over TCP, QUIC and DTLS.
func TestHelloWithoutName(t *testing.T) {
	var out Found
	n := NewNamer(Limits{})
	if !n.TCP(1, 1, false, records(clientHello("", false, 10), 16000), &out) || out.Host != "" || out.JA4[:4] != "t13i" || out.TLS != 0x0304 {
		t.Errorf("%+v", out)
	}
	for _, d := range dtlsRecords("", 4000) {
		if !n.UDP(2, 4433, d, &out) || out.Host != "" || out.JA4[0] != 'd' || out.Source != home.NameSNI {
			t.Errorf("%+v", out)
		}
	}
	msg := clientHello("", false, 10)
	id := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	if !n.UDP(3, 443, protect(t, 1, id, id, 0, crypto(msg, 0, len(msg)), 1200), &out) || out.JA4[:4] != "q13i" || out.Source != home.NameQUIC {
		t.Errorf("%+v", out)
	}
}

func TestJA4DoesNotAllocate(t *testing.T) {
	b := records(helloOf(chromeCiphers, chromeFirst, chromeSignatures, []uint16{0x0304}, "h2"), 16000)
	n := NewNamer(Limits{})
	var out Found
	if a := testing.AllocsPerRun(100, func() { n.TCP(1, 1, false, b, &out) }); a != 0 || out.JA4 == "" {
		t.Errorf("%v allocations, %q", a, out.JA4)
	}
}
