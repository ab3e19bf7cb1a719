package rooms

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProvidersAreReadFromAFile(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("secret", "the secret\n")
	write("empty", "\n")
	one := `{"tenant":"north","issuer":"https://login.example.net","client_id":"cardea","client_secret_file":"secret","account_claim":"customer_number","scopes":["customer"]}`
	for _, c := range []struct{ name, text, why string }{
		{"good", "[" + one + "]", ""},
		{"a public client", `[{"tenant":"north","issuer":"https://login.example.net","client_id":"cardea"}]`, ""},
		{"with staff", strings.Replace("["+one+"]", `"scopes"`, `"staff":{"client_id":"desk","client_secret_file":"secret","role_claim":"groups","roles":{"a":["soc"]}},"scopes"`, 1), ""},
		{"staff without a claim", `[{"tenant":"north","issuer":"https://login.example.net","staff":{"client_id":"desk","roles":{"a":["soc"]}}}]`, "want role_claim"},
		{"staff with a role of tokens", `[{"tenant":"north","issuer":"https://login.example.net","staff":{"client_id":"desk","role_claim":"g","roles":{"a":["automation"]}}}]`, "no role of people"},
		{"two of a tenant", "[" + one + "," + one + "]", "provider 2: want one for each tenant"},
		{"no tenant", `[{"issuer":"https://login.example.net","client_id":"cardea"}]`, "want one for each tenant"},
		{"no https", strings.Replace("["+one+"]", "https", "http", 1), "want https"},
		{"no client", `[{"tenant":"north","issuer":"https://login.example.net"}]`, "want a client id"},
		{"no such secret", strings.Replace("["+one+"]", `"secret"`, `"missing"`, 1), "missing"},
		{"an empty secret", strings.Replace("["+one+"]", `"secret"`, `"empty"`, 1), "is empty"},
		{"a secret in it", `[{"tenant":"north","client_secret":"x"}]`, "want a JSON list"},
		{"more than a list", "[] []", "want a JSON list"},
		{"too long", strings.Repeat(" ", maxProviderDoc+1), "has more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, of, err := providers(write("oidc.json", c.text), "https://home.example.net")
			if c.why == "" && (err != nil || got["north"] == nil || got["north"].Issuer() != "https://login.example.net") {
				t.Errorf("%v, %v", got, err)
			}
			if (of["north"] != nil) != (c.name == "with staff") {
				t.Errorf("staff: %v", of)
			}
			if c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
				t.Errorf("%v, want %q", err, c.why)
			}
			if err != nil && strings.Contains(err.Error(), "the secret") {
				t.Errorf("it tells the secret: %v", err)
			}
		})
	}
	if got, _, err := providers("", ""); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, _, err := providers(filepath.Join(folder, "nowhere"), ""); err == nil {
		t.Error("a file that is not there")
	}
}
