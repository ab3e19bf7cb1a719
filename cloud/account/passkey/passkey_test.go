package passkey

import (
	"errors"
	"strings"
	"testing"
)

func TestWherePasskeysWork(t *testing.T) {
	for public, works := range map[string]bool{"https://home.example.net": true, "https://home.example.net:8443": true, "http://localhost:8490": true,
		"http://home.example.net": false, "http://127.0.0.1:8490": false, "https://192.0.2.1": false, "https://[2001:db8::1]": false, "": false, "home": false} {
		if _, err := New(public, "Cardea"); (err == nil) != works {
			t.Errorf("%q: %v, want %v", public, err, works)
		}
	}
}

// FuzzAnswer: whatever comes instead of a browser's answer is refused, and nothing breaks.
func FuzzAnswer(f *testing.F) {
	d, err := New("https://home.example.net", "Cardea")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`,
		`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`, strings.Repeat("[", 1000)} {
		f.Add([]byte(seed))
	}
	o := Owner{Handle: make([]byte, 32), Name: "n", Display: "n"}
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, session, err := d.BeginNew(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.FinishNew(o, session, answer); !errors.Is(err, ErrRefused) {
			t.Fatalf("new: %v", err)
		}
		if _, session, err = d.BeginSignIn(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.FinishSignIn(session, answer, func(_, _ []byte) (Owner, error) { return o, nil }); !errors.Is(err, ErrRefused) {
			t.Fatalf("sign in: %v", err)
		}
	})
}
