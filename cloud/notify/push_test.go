package notify

import (
	"crypto/ecdh"
	"encoding/base64"
	"testing"

	"github.com/SherClockHolmes/webpush-go"
)

// The example of RFC 8291 (section 5 and appendix A): the browser's keys, and the message as it is sent.
const (
	rfcPublic  = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	rfcPrivate = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
	rfcAuth    = "BTBZMqHH6r4Tts7J_aSIgg"
	rfcText    = "When I grow up, I want to be a watermelon"
	rfcBody    = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)

// The browser of these tests reads the RFC's own message, so it is a browser and no friend of our library; what we send to it by the RFC's keys it
// reads as well, and nobody else does.
func TestPushIsEncryptedAsRFC8291Says(t *testing.T) {
	bytes := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, err := ecdh.P256().NewPrivateKey(bytes(rfcPrivate))
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.key, b.auth = key, bytes(rfcAuth)
	if got, err := b.open(bytes(rfcBody)); err != nil || got != rfcText {
		t.Fatalf("the RFC's message reads %q: %v", got, err)
	}
	s := b.subscription()
	if s.P256dh != rfcPublic || s.Auth != rfcAuth {
		t.Fatalf("the RFC's keys are told as %s and %s", s.P256dh, s.Auth)
	}
	changed := bytes(rfcBody)
	changed[len(changed)-1] ^= 1
	if got, err := b.open(changed); err == nil {
		t.Errorf("a changed message reads %q", got)
	}

	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	p := newPusher(Options{Keys: Keys{Public: public, Private: private}, Public: "https://home.example.net", Loopback: true})
	if err := p.send(t.Context(), s, "3f0c", []byte(rfcText), true); err != nil {
		t.Fatal(err)
	}
	texts, headers, errs := b.got()
	if len(texts) != 1 || texts[0] != rfcText || len(errs) > 0 {
		t.Fatalf("what we send reads %q: %v", texts, errs)
	}
	if h := headers[0]; h.Get("Content-Encoding") != "aes128gcm" || h.Get("Urgency") != "high" || h.Get("Topic") != "3f0c" || h.Get("TTL") == "" {
		t.Errorf("sent as %v", h)
	}
	other := newBrowser(t)
	s.Endpoint = other.URL + "/push/1"
	if err := p.send(t.Context(), s, "3f0c", []byte(rfcText), false); err != nil {
		t.Fatal(err)
	}
	if texts, _, errs := other.got(); len(texts) > 0 || len(errs) != 1 {
		t.Errorf("another browser reads %q: %v", texts, errs)
	}
}
