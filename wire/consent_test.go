package wire_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

var here = home.Place{
	Tenant: "0193aaaa-0000-7000-8000-000000000001", Home: "0193aaaa-0000-7000-8000-000000000002", Gateway: "0193aaaa-0000-7000-8000-000000000003",
}

// signer signs as WebCrypto's ECDSA does: r and s, 32 bytes each.
func signer(t *testing.T) (key []byte, sign func(text string) []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err = k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return key, func(text string) []byte {
		h := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, k, h[:])
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
}

// What a browser signs is a text that must never change.
func TestTheTextsThatAreSigned(t *testing.T) {
	c := &pb.Consent{Id: "c1", Tenant: here.Tenant, Home: here.Home, Gateway: here.Gateway, Scope: "contacts", From: 1, Until: 2, Key: "k"}
	want := "Cardea consent 1\nid c1\ntenant " + here.Tenant + "\nhome " + here.Home + "\ngateway " + here.Gateway + "\nscope contacts\nfrom 1\nuntil 2\n"
	if got := wire.ConsentText(c); got != want {
		t.Errorf("%q", got)
	}
	want = "Cardea resident key 1\ntenant " + here.Tenant + "\nhome " + here.Home + "\nkey 04ff\n"
	if got := wire.KeyText(here, []byte{4, 255}); got != want {
		t.Errorf("%q", got)
	}
	if got := wire.KeyID([]byte("key")); got != "2c70e12b7a0646f92279f427c7b38e73" {
		t.Error(got)
	}
}

func TestAConsentIsCheckedWhole(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	key, sign := signer(t)
	keys := map[string][]byte{wire.KeyID(key): key}
	good := &pb.Consent{Id: "c1", Tenant: here.Tenant, Home: here.Home, Gateway: here.Gateway, Scope: "contacts",
		From: now.Add(-time.Minute).UnixMilli(), Until: now.Add(time.Hour).UnixMilli(), Key: wire.KeyID(key)}
	good.Signature = sign(wire.ConsentText(good))
	if err := wire.CheckConsent(good, here, keys, now); err != nil {
		t.Fatal(err)
	}
	resigned := func(m *pb.Consent) { m.Signature = sign(wire.ConsentText(m)) }
	for name, c := range map[string]struct {
		change func(*pb.Consent)
		want   string
	}{
		"another home":      {func(m *pb.Consent) { m.Home = here.Tenant; resigned(m) }, "another home"},
		"another gateway":   {func(m *pb.Consent) { m.Gateway = here.Tenant; resigned(m) }, "another home"},
		"over":              {func(m *pb.Consent) { m.Until = now.UnixMilli(); resigned(m) }, "not hold"},
		"not begun":         {func(m *pb.Consent) { m.From = now.UnixMilli() + 1; resigned(m) }, "not hold"},
		"a week":            {func(m *pb.Consent) { m.Until = now.Add(7 * 24 * time.Hour).UnixMilli(); resigned(m) }, "too long"},
		"since ever":        {func(m *pb.Consent) { m.From, m.Until = math.MinInt64+1, math.MaxInt64; resigned(m) }, "too long"},
		"longer than told":  {func(m *pb.Consent) { m.Until++ }, "does not fit"},
		"another scope":     {func(m *pb.Consent) { m.Scope = "all" }, "does not fit"},
		"an unknown key":    {func(m *pb.Consent) { m.Key = "x" }, "does not know"},
		"no signature":      {func(m *pb.Consent) { m.Signature = nil }, "64 bytes"},
		"an ASN.1 one":      {func(m *pb.Consent) { m.Signature = append(m.Signature, 0) }, "64 bytes"},
		"a zero signature":  {func(m *pb.Consent) { m.Signature = make([]byte, 64) }, "does not fit"},
		"a turned one":      {func(m *pb.Consent) { m.Signature[5] ^= 1 }, "does not fit"},
		"a negative period": {func(m *pb.Consent) { m.From, m.Until = m.Until, m.From; resigned(m) }, "not hold"},
	} {
		m := proto.CloneOf(good)
		c.change(m)
		if err := wire.CheckConsent(m, here, keys, now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if wire.CheckConsent(nil, here, keys, now) == nil {
		t.Error("none at all is accepted")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte{4}, "text", make([]byte, 64))
	f.Add(append([]byte{4}, make([]byte, 64)...), "", make([]byte, 64))
	f.Fuzz(func(t *testing.T, key []byte, text string, signature []byte) {
		if wire.Verify(key, text, signature) == nil {
			t.Fatal("a signature out of nothing")
		}
	})
}
