package home

import "fmt"

// Place says whose something is: which CSP's, which home's, which gateway's. Tenant and Home lead every key in the cloud.
// The parts are UUIDs; a part that is not meant is "".
type Place struct {
	Tenant  string `json:"tenant,omitempty"`
	Home    string `json:"home,omitempty"`
	Gateway string `json:"gateway,omitempty"`
}

func (p Place) String() string { return p.Tenant + "/" + p.Home + "/" + p.Gateway }

// OfHome is the place without the gateway.
func (p Place) OfHome() Place { return Place{Tenant: p.Tenant, Home: p.Home} }

// Check says what is wrong with a place that has to name a tenant, a home and a gateway.
func (p Place) Check() error {
	for _, part := range []struct{ what, id string }{{"tenant", p.Tenant}, {"home", p.Home}, {"gateway", p.Gateway}} {
		if !IsUUID(part.id) {
			return fmt.Errorf("%s %q is not a UUID", part.what, part.id)
		}
	}
	return nil
}

// IsUUID says whether s is a UUID in its canonical form: lower case, with hyphens (RFC 9562 section 4). Only such an id
// may become a part of a subject, a path or a certificate.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}
