package rooms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/account/oidc"
	"cardea/cloud/account/passkey"
	"cardea/cloud/staff/rights"
)

// provider is one entry of the file that --oidc names: where residents of a tenant sign in with the CSP's own account.
type provider struct {
	Tenant       string   `json:"tenant"` // its short name
	Issuer       string   `json:"issuer"`
	ClientID     string   `json:"client_id"`
	SecretFile   string   `json:"client_secret_file"` // beside the file, or with its whole path; "" for a public client
	AccountClaim string   `json:"account_claim"`      // has the customer's number, as homes have it
	Scopes       []string `json:"scopes"`             // besides openid, email and profile

	Staff *staffProvider `json:"staff"` // where staff sign in; nil: with passwords and links only
}

// staffProvider is the client of staff at the same issuer, or at another.
type staffProvider struct {
	Issuer     string                   `json:"issuer"` // "" for that of residents
	ClientID   string                   `json:"client_id"`
	SecretFile string                   `json:"client_secret_file"`
	Scopes     []string                 `json:"scopes"`
	RoleClaim  string                   `json:"role_claim"` // claims with dots between, as realm_access.roles
	Roles      map[string][]rights.Role `json:"roles"`      // by value of the claim
	Minutes    int                      `json:"session_minutes"`
}

const backStaff = "/v1/staff/sign-in/provider/back"

// staffDoor is nil where staff have none.
func (p provider) staffDoor(folder, public string) (*account.StaffDoor, error) {
	s := p.Staff
	if s == nil {
		return nil, nil
	}
	if s.RoleClaim == "" || len(s.Roles) == 0 || s.Minutes < 0 || s.Minutes > 12*60 {
		return nil, errors.New("staff: want role_claim, roles, and session_minutes of at most 720")
	}
	for value, roles := range s.Roles {
		for _, r := range roles {
			if !r.OfPeople() {
				return nil, fmt.Errorf("staff: %q gives %q, which is no role of people", value, r)
			}
		}
	}
	secret, err := secretIn(folder, s.SecretFile)
	if err != nil {
		return nil, err
	}
	issuer := s.Issuer
	if issuer == "" {
		issuer = p.Issuer
	}
	door, err := oidc.New(oidc.Config{Issuer: issuer, ClientID: s.ClientID, Secret: secret, Redirect: public + backStaff, RoleClaim: s.RoleClaim, Scopes: s.Scopes})
	return &account.StaffDoor{Door: door, Roles: s.Roles, Life: time.Duration(s.Minutes) * time.Minute}, err
}

const (
	maxProviders   = 1000
	maxProviderDoc = 1 << 20 // bytes
	backPath       = "/v1/sign-in/provider/back"
)

// ways are those in for residents, beside passwords and links.
type ways struct {
	passkeys  *passkey.Door // nil: browsers know no passkeys at this address
	providers map[string]*oidc.Door
	staff     map[string]*account.StaffDoor
}

func waysIn(cfg Config, log *slog.Logger) (w ways, err error) {
	if w.passkeys, err = passkey.New(cfg.Public, "Cardea"); err != nil {
		log.Info("residents sign in without passkeys", "why", err)
	}
	w.providers, w.staff, err = providers(cfg.OIDC, cfg.Public)
	return w, err
}

// providers reads the file; "" is none.
func providers(file, public string) (map[string]*oidc.Door, map[string]*account.StaffDoor, error) {
	if file == "" {
		return nil, nil, nil
	}
	b, err := readBounded(file, maxProviderDoc)
	if err != nil {
		return nil, nil, fmt.Errorf("sign-ins of providers: %w", err)
	}
	var list []provider
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil || d.More() || len(list) > maxProviders {
		return nil, nil, fmt.Errorf("%s: want a JSON list of at most %d providers: %w", file, maxProviders, err)
	}
	out, staff, seen := map[string]*oidc.Door{}, map[string]*account.StaffDoor{}, map[string]bool{}
	for i, p := range list {
		var door *oidc.Door
		of, err := p.staffDoor(filepath.Dir(file), public)
		if err == nil && (of == nil || p.ClientID != "") { // residents may have none where staff have one
			door, err = p.door(filepath.Dir(file), public)
		}
		if err == nil && (p.Tenant == "" || seen[p.Tenant]) {
			err = errors.New("want one for each tenant")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: provider %d: %w", file, i+1, err)
		}
		seen[p.Tenant] = true
		if door != nil {
			out[p.Tenant] = door
		}
		if of != nil {
			staff[p.Tenant] = of
		}
	}
	return out, staff, nil
}

func (p provider) door(folder, public string) (*oidc.Door, error) {
	secret, err := secretIn(folder, p.SecretFile)
	if err != nil {
		return nil, err
	}
	return oidc.New(oidc.Config{Issuer: p.Issuer, ClientID: p.ClientID, Secret: secret, Redirect: public + backPath, AccountClaim: p.AccountClaim, Scopes: p.Scopes})
}

// secretIn reads a client's secret; "" of a public client.
func secretIn(folder, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(folder, file)
	}
	b, err := readBounded(file, 4096)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return secret, nil
}

func readBounded(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d bytes", file, most)
	}
	return b, err
}

// PageLink is a page of the residents' app with a secret, which browsers do not send to the server.
func PageLink(public, page, secret string) string {
	return strings.TrimSuffix(public, "/") + "/" + page + "#" + secret
}
