package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
)

type subscribeIn struct{ Body view.Subscription }
type unsubscribeIn struct{ Body view.Unsubscription }

type settingsOut struct {
	ETag string `header:"ETag"`
	Body view.Notifications
}

type settingsIn struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The ETag that was read; without it the last one wins"`
	Body    view.NotificationsPatch
}

type phoneIn struct{ Body view.NewPhone }
type phoneCodeIn struct{ Body view.PhoneCode }
type testIn struct{ Body view.NewTest }

type genuineIn struct {
	Code string `query:"code" maxLength:"40" doc:"As the message has it, with or without the hyphen"`
}

type helpIn struct {
	Provider string `query:"provider" maxLength:"64" doc:"The provider's short name; not needed where there is one"`
}

func settingsTag(n view.Notifications) string { return `"` + strconv.FormatInt(n.Version, 10) + `"` }

// settingsVersion reads an If-Match; -1 is any.
func settingsVersion(match string) (int64, error) {
	if match == "" || match == "*" {
		return -1, nil
	}
	v, err := strconv.ParseInt(strings.Trim(match, `"`), 10, 64)
	if err != nil || v < 0 {
		return 0, problem.New(problem.Changed, "")
	}
	return v, nil
}

// notifications are the routes of how a person is told, and those by which anybody sees whether a message is genuine and what to do.
func (s *Server) notifications() {
	p := s.parts.Notify
	show(s, "GET /v1/push-key", "The key that push subscriptions are made with", func(context.Context, *none) (view.PushKey, error) {
		return view.PushKey{Key: p.PushKey()}, nil
	})
	do(s, "POST /v1/push-subscriptions", "Tell this browser", func(ctx context.Context, in *subscribeIn) (*none, error) {
		return &none{}, p.Subscribe(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
	do(s, "DELETE /v1/push-subscriptions", "Do not tell this browser any more", func(ctx context.Context, in *unsubscribeIn) (*none, error) {
		return &none{}, p.Unsubscribe(ctx, who(ctx), in.Body.Endpoint)
	})
	do(s, "GET /v1/notifications", "How I am told", func(ctx context.Context, _ *none) (*settingsOut, error) {
		n, err := p.Settings(ctx, who(ctx))
		return &settingsOut{settingsTag(n), n}, err
	})
	do(s, "PATCH /v1/notifications", "Change how I am told", func(ctx context.Context, in *settingsIn) (*settingsOut, error) {
		version, err := settingsVersion(in.IfMatch)
		if err != nil {
			return nil, err
		}
		n, err := p.Change(ctx, who(ctx), version, in.Body)
		if err != nil {
			return nil, err
		}
		return &settingsOut{settingsTag(n), n}, nil
	})
	do(s, "POST /v1/notifications/test", "Send me a test", func(ctx context.Context, in *testIn) (*none, error) {
		return &none{}, p.Test(ctx, who(ctx), in.Body.Ways)
	}, status(http.StatusAccepted))
	show(s, "GET /v1/notifications/deliveries", "What was sent to me, and what became of it", func(ctx context.Context, in *PageIn) (view.List[view.Delivery], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.Delivery]{}, err
		}
		return listOf(p.Deliveries(ctx, who(ctx), page))
	})
	s.phones()
	show(s, "GET /v1/genuine", "Whether a message is from us", func(ctx context.Context, in *genuineIn) (view.Genuine, error) {
		return p.Genuine(ctx, in.Code)
	})
	show(s, "GET /v1/help", "What the provider does, and what only you can do", func(ctx context.Context, in *helpIn) (view.Help, error) {
		return p.Help(ctx, in.Provider)
	})
}

func (s *Server) phones() {
	p := s.parts.Notify
	do(s, "PUT /v1/notifications/phone", "Send a code to a number for text messages", func(ctx context.Context, in *phoneIn) (*none, error) {
		return &none{}, p.SetPhone(ctx, who(ctx), in.Body)
	}, status(http.StatusAccepted))
	do(s, "POST /v1/notifications/phone/verify", "Say the code that came", func(ctx context.Context, in *phoneCodeIn) (*none, error) {
		return &none{}, p.VerifyPhone(ctx, who(ctx), in.Body.Code)
	}, status(http.StatusNoContent))
	do(s, "DELETE /v1/notifications/phone", "No text messages any more", func(ctx context.Context, _ *none) (*none, error) {
		return &none{}, p.ForgetPhone(ctx, who(ctx))
	})
}

func isCheck(r *http.Request) bool { return r.URL.Path == "/v1/genuine" }
