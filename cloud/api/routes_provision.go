package api

import (
	"context"
	"net/http"
	"reflect"

	"cardea/cloud/api/view"

	"github.com/danielgtaylor/huma/v2"
)

const inProvisioning = "/v1/staff/provisioning/homes/{account}"

// AccountIn is a home by the provider's own number for it.
type AccountIn struct {
	Account string `path:"account" minLength:"1" maxLength:"100" doc:"Your own number for the home"`
}

type subscriberIn struct {
	AccountIn
	Body view.Subscriber
}

type newGatewayIn struct {
	AccountIn
	Body *view.NewGateway
}

type provisionedOut struct {
	Status int
	Body   view.ProvisionedHome
}

// provisioning is for a provider's own systems. A home is called by the provider's number for it, so that they need to keep no other.
func (s *Server) provisioning() {
	p := s.parts.Provisioning
	do(s, "PUT "+inProvisioning, "Make sure that there is a home with this account number, name and plan", func(ctx context.Context, in *subscriberIn) (*provisionedOut, error) {
		h, created, err := p.Provision(ctx, who(ctx), in.Account, in.Body)
		if err != nil {
			return nil, err
		}
		fill(reflect.ValueOf(&h))
		out := &provisionedOut{http.StatusOK, h}
		if created {
			out.Status = http.StatusCreated
		}
		return out, nil
	}, status(http.StatusOK), func(op *huma.Operation) {
		schema := s.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[view.ProvisionedHome](), true, "")
		op.Responses = map[string]*huma.Response{"201": {Description: "It was made now", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}}
	})
	show(s, "GET "+inProvisioning, "The home with this account number", func(ctx context.Context, in *AccountIn) (view.ProvisionedHome, error) {
		return p.Provisioned(ctx, who(ctx).Tenant, in.Account)
	})
	show(s, "POST "+inProvisioning+"/gateway", "A code for a new gateway, or one that takes another's place", func(ctx context.Context, in *newGatewayIn) (view.GatewayClaim, error) {
		var n view.NewGateway
		if in.Body != nil {
			n = *in.Body
		}
		return p.GatewayClaim(ctx, who(ctx), in.Account, n)
	})
	show(s, "DELETE "+inProvisioning, "The subscriber left: end access, forget people and history, and say what stays", func(ctx context.Context, in *AccountIn) (view.Leaving, error) {
		return p.Leave(ctx, who(ctx), in.Account)
	}, status(http.StatusOK))
}
