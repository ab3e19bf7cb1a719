package view

import "time"

// Member is a resident of a home.
type Member struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Email string     `json:"email" doc:"Empty for who is no owner and asks about another"`
	Role  string     `json:"role" enum:"owner,member,viewer"`
	Since *time.Time `json:"since"`
	You   bool       `json:"you"`
}

// MemberPatch changes a member.
type MemberPatch struct {
	Role string `json:"role" enum:"owner,member,viewer"`
}

// NewInvitation lets somebody into the home.
type NewInvitation struct {
	Role  string `json:"role" enum:"owner,member,viewer"`
	Email string `json:"email,omitempty" maxLength:"254" doc:"Where the link is sent; without one whoever has the link comes in"`
}

// Invitation is one that is open.
type Invitation struct {
	ID      string    `json:"id"`
	Role    string    `json:"role" enum:"owner,member,viewer"`
	Email   string    `json:"email"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// Invited is a new invitation with its link, which is shown once.
type Invited struct {
	Invitation
	URI   string `json:"uri"`
	QRSVG string `json:"qr_svg"`
	Told  bool   `json:"told" doc:"The link was sent by e-mail"`
}

// Token is the secret of a link.
type Token struct {
	Token string `json:"token" maxLength:"256"`
}

// Offer is what an invitation is for.
type Offer struct {
	Provider string    `json:"provider"`
	Home     string    `json:"home"`
	Role     string    `json:"role" enum:"owner,member,viewer"`
	Email    string    `json:"email" doc:"The account's address; empty lets one choose"`
	Expires  time.Time `json:"expires"`
	Look     Shown     `json:"look"`
}

// Newcomer makes an account: with a password, or with a passkey that was asked for before.
type Newcomer struct {
	Email    string      `json:"email,omitempty" maxLength:"254"`
	Name     string      `json:"name" minLength:"1" maxLength:"100"`
	Password string      `json:"password,omitempty" maxLength:"256"`
	Passkey  *NewPasskey `json:"passkey,omitempty"`
}

// Accept takes an invitation.
type Accept struct {
	Token string `json:"token" maxLength:"256"`
	Newcomer
}

// ForInvitation asks for a passkey before Accept.
type ForInvitation struct {
	Token string `json:"token" maxLength:"256"`
	Email string `json:"email,omitempty" maxLength:"254"`
	Name  string `json:"name" minLength:"1" maxLength:"100"`
}

// Joined is the home that an invitation was for.
type Joined struct {
	Home string `json:"home"`
}

// LabelCode is what a gateway's label says.
type LabelCode struct {
	Code string `json:"code" maxLength:"100" doc:"40 letters and digits, with or without hyphens"`
}

// Labelled is what a label is for.
type Labelled struct {
	Provider string `json:"provider"`
	Home     string `json:"home"`
	Owned    bool   `json:"owned" doc:"The home has an owner: the label makes nobody else one"`
	Look     Shown  `json:"look"`
}

// ForLabel asks for a passkey before ClaimHome.
type ForLabel struct {
	LabelCode
	Email string `json:"email" maxLength:"254"`
	Name  string `json:"name" minLength:"1" maxLength:"100"`
}

// ClaimHome makes whoever has the label the home's owner.
type ClaimHome struct {
	LabelCode
	Newcomer
}

// Ways are how people of a provider sign in.
type Ways struct {
	Provider string `json:"provider" doc:"Its short name"`
	Name     string `json:"name"`
	Passkeys bool   `json:"passkeys"`
	Account  bool   `json:"account" doc:"With the provider's own account: go to /v1/sign-in/provider"`
	Look     Shown  `json:"look"`
}

// StaffWay is a provider at whose own sign-on its staff come in.
type StaffWay struct {
	Provider string `json:"provider" doc:"Its short name: go to /v1/staff/sign-in/provider?provider="`
	Name     string `json:"name"`
}

// Question is what a browser is asked for.
type Question struct {
	Challenge string         `json:"challenge" doc:"Comes back with the answer, within five minutes"`
	Options   map[string]any `json:"options" doc:"For PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON"`
}

// PasskeyAnswer signs in.
type PasskeyAnswer struct {
	Challenge  string         `json:"challenge" maxLength:"256"`
	Credential map[string]any `json:"credential" doc:"PublicKeyCredential.toJSON()"`
}

// NewPasskey is a passkey that a browser made.
type NewPasskey struct {
	Challenge  string         `json:"challenge" maxLength:"256"`
	Name       string         `json:"name" minLength:"1" maxLength:"100" doc:"What its owner calls it"`
	Credential map[string]any `json:"credential" doc:"PublicKeyCredential.toJSON()"`
}

// Passkey is one of a person's.
type Passkey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used"`
}

// Account is how somebody can sign in.
type Account struct {
	Person
	Password bool `json:"password"`
	Passkeys int  `json:"passkeys"`
	Codes    int  `json:"recovery_codes" doc:"That are left"`
	Linked   bool `json:"linked" doc:"To the provider's own account"`
}

// NewPassword changes one's own.
type NewPassword struct {
	Current  string `json:"current,omitempty" maxLength:"256" doc:"Not needed by who has none and signed in a moment ago"`
	Password string `json:"password" maxLength:"256"`
}

// Confirmation shows again that it is oneself.
type Confirmation struct {
	Password string `json:"password,omitempty" maxLength:"256" doc:"Not needed for a quarter of an hour after signing in"`
}

// SignedIn is one of a person's sessions.
type SignedIn struct {
	ID      string    `json:"id"`
	Agent   string    `json:"agent" doc:"What the browser calls itself"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used"`
	Expires time.Time `json:"expires"`
	This    bool      `json:"this" doc:"The session that asks"`
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string `json:"codes"`
}

// Forgot asks for a letter with a way back in.
type Forgot struct {
	Provider string `json:"provider,omitempty" maxLength:"64"`
	Email    string `json:"email" maxLength:"254"`
}

// RecoverByLink sets a new password by a letter's link.
type RecoverByLink struct {
	Token    string `json:"token" maxLength:"256"`
	Password string `json:"password" maxLength:"256"`
}

// RecoverByCode sets a new password by a recovery code.
type RecoverByCode struct {
	Forgot
	Code     string `json:"code" maxLength:"64"`
	Password string `json:"password" maxLength:"256"`
}
