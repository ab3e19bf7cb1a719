package rooms

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"cardea/cloud/account/oidc"
)

// issuer is a provider that signs whatever a test wants: a real one never answers wrongly.
type issuer struct {
	t    *testing.T
	web  *httptest.Server
	keys map[string]*rsa.PrivateKey // those that it publishes, by name

	token string // what it hands out next
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, keys: map[string]*rsa.PrivateKey{}}
	mux := http.NewServeMux()
	answer := func(path string, f func() any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(f()); err != nil {
				t.Error(err)
			}
		})
	}
	answer("/.well-known/openid-configuration", func() any {
		return map[string]any{"issuer": i.web.URL, "authorization_endpoint": i.web.URL + "/go", "token_endpoint": i.web.URL + "/token", "jwks_uri": i.web.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}}
	})
	answer("/token", func() any {
		return map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.token}
	})
	answer("/keys", func() any {
		list := []map[string]string{}
		for name, k := range i.keys {
			list = append(list, map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": encoded(k.N.Bytes()), "e": encoded(big.NewInt(int64(k.E)).Bytes())})
		}
		return map[string]any{"keys": list}
	})
	i.web = httptest.NewServer(mux)
	t.Cleanup(i.web.Close)
	return i
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign makes a token; a nil key makes one that nobody signed.
func (i *issuer) sign(name string, k *rsa.PrivateKey, claims map[string]any) string {
	i.t.Helper()
	algorithm := "RS256"
	if k == nil {
		algorithm = "none"
	}
	body, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	text := encoded(fmt.Appendf(nil, `{"alg":%q,"kid":%q}`, algorithm, name)) + "." + encoded(body)
	if k == nil {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Fatal(err)
	}
	return text + "." + encoded(signature)
}

// TestTokensOfStaffThatAreRefused: a token for another client, of another issuer or another sign-in, too old or signed by nobody we know lets nobody
// in; a key that the provider has changed is fetched anew, and the one of before counts no more.
func TestTokensOfStaffThatAreRefused(t *testing.T) {
	i := newIssuer(t)
	first, second := newKey(t), newKey(t)
	i.keys["first"] = first
	door, err := oidc.New(oidc.Config{Issuer: i.web.URL, ClientID: "cardea-staff", Redirect: "https://home.example.net" + backStaff, RoleClaim: "groups"})
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(name string, k *rsa.PrivateKey, changes map[string]any) (oidc.Who, error) {
		t.Helper()
		where, keep, err := door.Begin("state")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(where)
		if err != nil {
			t.Fatal(err)
		}
		claims := map[string]any{"iss": i.web.URL, "aud": "cardea-staff", "sub": "s1", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": u.Query().Get("nonce"),
			"email": "s@example.net", "email_verified": true, "groups": []string{"soc", "noc"}}
		for claim, value := range changes {
			if claims[claim] = value; value == nil {
				delete(claims, claim)
			}
		}
		i.token = i.sign(name, k, claims)
		return door.Finish(t.Context(), "code", keep)
	}
	good := func(name string, k *rsa.PrivateKey) {
		t.Helper()
		if who, err := signIn(name, k, nil); err != nil || who.Subject != "s1" || !who.Verified || len(who.Groups) != 2 {
			t.Errorf("%+v, %v", who, err)
		}
	}
	good("first", first)
	for what, changes := range map[string]map[string]any{
		"for another client":         {"aud": "another"},
		"for nobody":                 {"aud": nil},
		"of another issuer":          {"iss": "https://login.example.org"},
		"too old":                    {"exp": time.Now().Add(-time.Minute).Unix()},
		"without an end":             {"exp": nil},
		"of another sign-in":         {"nonce": "another"},
		"without a nonce":            {"nonce": nil},
		"of nobody":                  {"sub": nil},
		"of somebody without an end": {"sub": string(make([]byte, 1<<12))},
	} {
		if who, err := signIn("first", first, changes); !errors.Is(err, oidc.ErrRefused) {
			t.Errorf("a token %s: %+v, %v", what, who, err)
		}
	}
	for what, k := range map[string]*rsa.PrivateKey{"another key": second, "nobody": nil} {
		if who, err := signIn("first", k, nil); !errors.Is(err, oidc.ErrRefused) {
			t.Errorf("signed by %s: %+v, %v", what, who, err)
		}
	}
	i.keys = map[string]*rsa.PrivateKey{"second": second}
	good("second", second)
	if who, err := signIn("first", first, nil); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("signed by the key of before: %+v, %v", who, err)
	}
}
