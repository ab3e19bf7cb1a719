package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/view"
)

// MemberIn names a member of a home.
type MemberIn struct {
	HomeIn
	Member string `path:"member" maxLength:"64"`
}

// MemberRoleIn changes one.
type MemberRoleIn struct {
	MemberIn
	Body view.MemberPatch
}

type inviteIn struct {
	HomeIn
	Body view.NewInvitation
}

type uninviteIn struct {
	HomeIn
	Invitation string `path:"invitation" maxLength:"64"`
}

type tokenIn struct{ Body view.Token }

// members are the routes about who belongs to a home.
func (s *Server) members() {
	p := s.parts.Members
	show(s, "GET "+inHome+"/members", "Who belongs to the home", func(ctx context.Context, _ *HomeIn) (view.List[view.Member], error) {
		list, err := p.Members(ctx, where(ctx))
		for i := range list {
			if list[i].You = list[i].ID == who(ctx).Person.ID; !list[i].You && roleHere(ctx) != Owner {
				list[i].Email = ""
			}
		}
		return whole(list, err)
	})
	do(s, "PATCH "+inHome+"/members/{member}", "Change what a member may do", func(ctx context.Context, in *MemberRoleIn) (*none, error) {
		return &none{}, p.ChangeRole(ctx, where(ctx), who(ctx), in.Member, Role(in.Body.Role))
	}, status(http.StatusNoContent))
	do(s, "DELETE "+inHome+"/members/{member}", "Take a member out of the home", func(ctx context.Context, in *MemberIn) (*none, error) {
		return &none{}, p.RemoveMember(ctx, where(ctx), who(ctx), in.Member)
	})
	do(s, "POST "+inHome+"/leave", "Leave the home", func(ctx context.Context, _ *HomeIn) (*none, error) {
		return &none{}, p.RemoveMember(ctx, where(ctx), who(ctx), who(ctx).Person.ID)
	}, status(http.StatusNoContent))
	show(s, "GET "+inHome+"/invitations", "Invitations that are open", func(ctx context.Context, _ *HomeIn) (view.List[view.Invitation], error) {
		return whole(p.Invitations(ctx, where(ctx)))
	})
	show(s, "POST "+inHome+"/invitations", "Invite somebody, for seven days", func(ctx context.Context, in *inviteIn) (view.Invited, error) {
		return p.Invite(ctx, where(ctx), who(ctx), in.Body)
	})
	do(s, "DELETE "+inHome+"/invitations/{invitation}", "Take an invitation back", func(ctx context.Context, in *uninviteIn) (*none, error) {
		return &none{}, p.Uninvite(ctx, where(ctx), who(ctx), in.Invitation)
	})
	show(s, "POST /v1/invitations/join", "Take an invitation with the account that is signed in", func(ctx context.Context, in *tokenIn) (view.Joined, error) {
		return p.Join(ctx, who(ctx), in.Body.Token)
	}, status(http.StatusOK))
}
