package account

import (
	"context"
	"strings"
	"time"
)

// Mail sends letters to people's addresses. It returns when the letter was taken by whoever brings it.
type Mail interface {
	Send(ctx context.Context, l Letter) error
}

// Letter is one e-mail. Its link is a secret of whom it goes to: a Mail logs neither it nor the text.
type Letter struct {
	Tenant   string // id
	To       string
	Kind     string // invitation or recovery
	Speaker  string // the person in whose language it is: whom it goes to, or who invites
	Link     string
	Expires  time.Time
	Home     string // of an invitation: how the home is called
	Provider string // how the CSP is called
}

func inviteLetter(i Invitation, link string) Letter {
	return Letter{Tenant: i.Place.Tenant, To: i.Email, Kind: "invitation", Speaker: i.Maker, Link: link, Expires: i.Expires, Home: i.Home, Provider: i.Tenant}
}

func recoveryLetter(p Person, tenant, link string, expires time.Time) Letter {
	return Letter{Tenant: p.Tenant, To: p.Email, Kind: "recovery", Speaker: p.ID, Link: link, Expires: expires, Provider: tenant}
}

// written is what a letter says; its places are {provider}, {home} and {link}.
type written struct{ subject, text string }

// texts are all letters there are, by language and kind.
var texts = map[string]map[string]written{"en": lettersEN, "de": lettersDE}

var lettersEN = map[string]written{
	"invitation": {"You are invited to a home with {provider}", `You were invited to "{home}", a home that {provider} protects.

To accept, open this link within 7 days:

{link}

It works once. If you do not know who invited you, do nothing.
`},
	"recovery": {"A new password for {provider}", `Somebody asked for a new password for your account with {provider}. If that was you, open this link within an hour:

{link}

It works once. If it was not you, do nothing: your password stays as it is.
`},
}

// In is what a letter says in a language, in English where that is none of ours.
func (l Letter) In(language string) (subject, text string) {
	w, ok := texts[language][l.Kind]
	if !ok {
		w = lettersEN[l.Kind]
	}
	say := func(s string) string {
		return strings.NewReplacer("{provider}", l.Provider, "{home}", l.Home, "{link}", l.Link).Replace(s)
	}
	return say(w.subject), say(w.text)
}
