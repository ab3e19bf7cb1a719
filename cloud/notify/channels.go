package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"cardea/cloud/notify/words"
	"cardea/internal/platform/hook"
)

// Channels are what each provider has beside push and e-mail, by its short name or id.
type Channels map[string]Channel

// Channel is what one provider has. Its file is JSON: a list of these under "providers".
type Channel struct {
	Provider string `json:"provider"` // short name or id
	Language string `json:"language"` // of people who chose none; "" is English
	Phone    string `json:"phone"`    // of its support, as people type it
	SMS      *Hook  `json:"sms"`      // takes text messages
	Webhook  *Hook  `json:"webhook"`  // takes everything else
	// Police, Survey and Support are links of the public help page; Survey and Support may be "".
	Police  string `json:"police"`
	Survey  string `json:"survey"`
	Support string `json:"support"`
}

// Hook is where messages are handed in, signed as Standard Webhooks say.
type Hook struct {
	URL        string `json:"url"`
	SecretFile string `json:"secret_file"` // lines of whsec_…, the first one signs first: put a new one before the old
}

const (
	maxChannels = 256 << 10
	maxSecrets  = 4
)

// LoadChannels reads them from a file and sees whether the secrets can be read too.
func LoadChannels(path string) (Channels, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("providers' channels: %w", err)
	}
	c, err := ParseChannels(b)
	if err != nil {
		return nil, fmt.Errorf("providers' channels: %s: %w", path, err)
	}
	for name, one := range c {
		for _, h := range []*Hook{one.SMS, one.Webhook} {
			if h == nil {
				continue
			}
			if _, err := h.secrets(); err != nil {
				return nil, fmt.Errorf("providers' channels: %s: %s: %w", path, name, err)
			}
		}
	}
	return c, nil
}

// ParseChannels reads them; what it does not know it refuses.
func ParseChannels(b []byte) (Channels, error) {
	if len(b) > maxChannels {
		return nil, fmt.Errorf("%d bytes: want at most %d", len(b), maxChannels)
	}
	var file struct {
		Providers []Channel `json:"providers"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("byte %d: %w", d.InputOffset(), err)
	}
	if d.More() {
		return nil, fmt.Errorf("byte %d: there is something after the end", d.InputOffset())
	}
	out := Channels{}
	for i, c := range file.Providers {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("providers[%d]: %w", i, err)
		}
		if _, twice := out[c.Provider]; twice {
			return nil, fmt.Errorf("providers[%d]: %q is there twice", i, c.Provider)
		}
		out[c.Provider] = c
	}
	return out, nil
}

func (c Channel) check() error {
	if c.Provider == "" || len(c.Provider) > 64 || words.Line(c.Provider, 64) != c.Provider {
		return errors.New("provider: want its short name or id")
	}
	if c.Language != "" && !slices.Contains(words.Languages, c.Language) {
		return fmt.Errorf("language: want one of %v", words.Languages)
	}
	if words.Line(c.Phone, 41) != c.Phone || len(c.Phone) > 40 {
		return errors.New("phone: want at most 40 visible characters")
	}
	for name, link := range map[string]string{"police": c.Police, "survey": c.Survey, "support": c.Support} {
		if u, err := url.Parse(link); link != "" && (err != nil || u.Scheme != "https" || u.Host == "" || len(link) > 300) {
			return fmt.Errorf("%s: want an https address", name)
		}
	}
	for name, h := range map[string]*Hook{"sms": c.SMS, "webhook": c.Webhook} {
		if h == nil {
			continue
		}
		u, err := url.Parse(h.URL)
		if err != nil || len(h.URL) > 2048 || u.Host == "" || u.User != nil || u.Fragment != "" ||
			u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
			return fmt.Errorf("%s: url: want an https address without a password in it, or http on this machine", name)
		}
		if h.SecretFile == "" {
			return fmt.Errorf("%s: secret_file: want the path of a file with the secret", name)
		}
	}
	return nil
}

// of is a tenant's, by its id or its short name.
func (c Channels) of(tenant, slug string) Channel {
	if one, ok := c[tenant]; ok {
		return one
	}
	return c[slug]
}

// Of is a tenant's, by its id or its short name; empty when it has none.
func (c Channels) Of(tenant, slug string) Channel { return c.of(tenant, slug) }

// secrets are read each time, so that they can be changed while we run. An error never has anything of them.
func (h *Hook) secrets() ([][]byte, error) {
	b, err := os.ReadFile(h.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	out, err := parseSecrets(b)
	if err != nil {
		return nil, fmt.Errorf("secret: %s: %w", h.SecretFile, err)
	}
	return out, nil
}

func parseSecrets(b []byte) (out [][]byte, err error) {
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := hook.ParseSecret(line)
		if err != nil || len(out) == maxSecrets {
			return nil, fmt.Errorf("line %d: want whsec_ and 24 to 64 bytes in base64, on at most %d lines", n, maxSecrets)
		}
		out = append(out, key)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no line of whsec_ and base64")
	}
	return out, nil
}
