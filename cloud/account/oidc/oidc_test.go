package oidc

import (
	"encoding/json"
	"errors"
	"testing"
)

// FuzzClaims: whatever a provider writes into its claims is read or refused, and an account number is short.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `[]`, `{"email":"a@example.org","email_verified":"true","n":4711}`, `{"email":1}`, `{"email_verified":{},"n":[1]}`, `{"n":1e400}`, `{"n":-1}`, `{"n":1.5}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := read(func(v any) error { return json.Unmarshal(b, v) })
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatal(err)
			}
			return
		}
		if n := account(c.All["n"]); len(n) > maxText {
			t.Fatalf("%d bytes", len(n))
		}
	})
}

func TestAccountNumbers(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{{"A-17", "A-17"}, {" A-17 ", "A-17"}, {4711.0, "4711"}, {0.0, "0"}, {1.5, ""}, {-1.0, ""}, {1e20, ""}, {nil, ""}, {true, ""}, {[]any{"A-17"}, ""}} {
		if got := account(c.in); got != c.want {
			t.Errorf("%v is %q, want %q", c.in, got, c.want)
		}
	}
}

func TestIssuers(t *testing.T) {
	for issuer, good := range map[string]bool{"https://login.example.net": true, "https://login.example.net/realm": true, "http://127.0.0.1:8080": true,
		"http://login.example.net": false, "login.example.net": false, "": false, "https://login.example.net/?x": false, "https://login.example.net/#x": false} {
		if _, err := New(Config{Issuer: issuer, ClientID: "c", Redirect: "https://home.example.net/back"}); (err == nil) != good {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}
