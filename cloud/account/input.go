package account

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what people hand in. Texts are shown to others: what could disturb their screens is refused, not changed.
const (
	maxEmail    = 254 // RFC 5321 section 4.5.3.1.3, without the brackets
	maxName     = 100 // characters
	maxSlug     = 40
	minPassword = 10   // characters
	maxPassword = 1024 // bytes: hashing them costs
)

// cleanEmail is an address in the form in which it is kept and compared.
func cleanEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	bad := &InputError{"email", "want one address as name@example.org"}
	if s == "" || len(s) > maxEmail || !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) || strings.ContainsAny(s, " \"<>(),:;\\") {
		return "", bad
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || strings.Count(s, "@") != 1 {
		return "", bad
	}
	return s, nil
}

// cleanText is a name of a person, home or tenant.
func cleanText(field, s string, least int) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, hidden):
		return "", &InputError{field, "has characters that cannot be shown"}
	case n < least || n > maxName:
		return "", &InputError{field, fmt.Sprintf("want %d to %d characters", least, maxName)}
	}
	return s, nil
}

// hidden finds control characters and those that turn the direction of text around.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

func cleanSlug(s string) (string, error) {
	if s == "" || len(s) > maxSlug || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || s[0] == '-' || s[len(s)-1] == '-' {
		return "", &InputError{"slug", fmt.Sprintf("want 1 to %d of a to z, 0 to 9 and hyphens", maxSlug)}
	}
	return s, nil
}

func checkPassword(s, email, name string) error {
	switch {
	case !utf8.ValidString(s) || utf8.RuneCountInString(s) < minPassword:
		return &InputError{"password", fmt.Sprintf("want at least %d characters", minPassword)}
	case len(s) > maxPassword:
		return &InputError{"password", fmt.Sprintf("want at most %d bytes", maxPassword)}
	case strings.EqualFold(s, email) || strings.EqualFold(s, name):
		return &InputError{"password", "must not be the e-mail address or the name"}
	}
	for i, r := range s {
		if i > 0 && !strings.HasPrefix(s, string(r)) {
			return nil
		}
	}
	return &InputError{"password", "must not be one character again and again"}
}

// checkReason is for what staff and residents say why they do something.
func checkReason(field, s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || utf8.RuneCountInString(s) > 500 || !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
		return "", &InputError{field, "want a text of at most 500 characters on one line"}
	}
	return s, nil
}
