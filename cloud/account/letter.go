package account

import (
	"context"
	"fmt"
	"time"
)

// Mail sends letters to people's addresses. It returns when the letter was taken by whoever brings it.
type Mail interface {
	Send(ctx context.Context, l Letter) error
}

// Letter is one e-mail. Its link is a secret of whom it goes to: a Mail logs neither it nor the text.
type Letter struct {
	Tenant  string // id
	To      string
	Kind    string // invitation or recovery
	Link    string
	Expires time.Time
	Subject string // in English, as Text
	Text    string
}

func inviteLetter(i Invitation, link string) Letter {
	return Letter{Tenant: i.Place.Tenant, To: i.Email, Kind: "invitation", Link: link, Expires: i.Expires,
		Subject: "You are invited to a home with " + i.Tenant,
		Text: fmt.Sprintf(`You were invited to "%s", a home that %s protects.

To accept, open this link within 7 days:

%s

It works once. If you do not know who invited you, do nothing.
`, i.Home, i.Tenant, link)}
}

func recoveryLetter(p Person, tenant, link string, expires time.Time) Letter {
	return Letter{Tenant: p.Tenant, To: p.Email, Kind: "recovery", Link: link, Expires: expires,
		Subject: "A new password for " + tenant,
		Text: fmt.Sprintf(`Somebody asked for a new password for your account with %s. If that was you, open this link within an hour:

%s

It works once. If it was not you, do nothing: your password stays as it is.
`, tenant, link)}
}
