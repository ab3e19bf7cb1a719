package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/view"
)

type passwordIn struct{ Body view.NewPassword }
type confirmIn struct{ Body view.Confirmation }
type newPasskeyIn struct{ Body view.NewPasskey }

type sessionIn struct {
	Session string `path:"session" maxLength:"64"`
}

type passkeyIn struct {
	Passkey string `path:"passkey" maxLength:"64"`
}

// ownAccount are the routes of a person's own account.
func (s *Server) ownAccount() {
	p := s.parts.Own
	show(s, "GET /v1/account", "How I can sign in", func(ctx context.Context, _ *none) (view.Account, error) {
		return p.Account(ctx, who(ctx))
	})
	do(s, "PUT /v1/account/password", "Change my password; all other sessions end", func(ctx context.Context, in *passwordIn) (*none, error) {
		return &none{}, p.ChangePassword(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
	show(s, "GET /v1/account/sessions", "Where I am signed in", func(ctx context.Context, _ *none) (view.List[view.SignedIn], error) {
		list, err := p.Sessions(ctx, who(ctx))
		for i := range list {
			list[i].This = list[i].ID == who(ctx).ID
		}
		return whole(list, err)
	})
	do(s, "DELETE /v1/account/sessions", "Sign out everywhere else", func(ctx context.Context, _ *none) (*none, error) {
		return &none{}, p.SignOutOthers(ctx, who(ctx))
	})
	do(s, "DELETE /v1/account/sessions/{session}", "Sign out there", func(ctx context.Context, in *sessionIn) (*none, error) {
		return &none{}, p.EndSession(ctx, who(ctx), in.Session)
	})
	show(s, "POST /v1/account/recovery-codes", "Make new recovery codes, which are shown once; older ones end", func(ctx context.Context, in *confirmIn) (c view.RecoveryCodes, err error) {
		if err := p.Confirm(ctx, who(ctx), in.Body.Password); err != nil {
			return c, err
		}
		return p.RecoveryCodes(ctx, who(ctx))
	})
	show(s, "GET /v1/account/passkeys", "My passkeys", func(ctx context.Context, _ *none) (view.List[view.Passkey], error) {
		return whole(p.Passkeys(ctx, who(ctx)))
	})
	show(s, "POST /v1/account/passkeys/challenge", "What to ask the browser for a new passkey", func(ctx context.Context, in *confirmIn) (q view.Question, err error) {
		if err := p.Confirm(ctx, who(ctx), in.Body.Password); err != nil {
			return q, err
		}
		return p.BeginPasskey(ctx, who(ctx))
	}, status(http.StatusOK))
	show(s, "POST /v1/account/passkeys", "Add a passkey", func(ctx context.Context, in *newPasskeyIn) (view.Passkey, error) {
		return p.AddPasskey(ctx, who(ctx), in.Body)
	})
	do(s, "DELETE /v1/account/passkeys/{passkey}", "Remove a passkey", func(ctx context.Context, in *passkeyIn) (*none, error) {
		return &none{}, p.RemovePasskey(ctx, who(ctx), in.Passkey)
	})
}
