package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"cardea/internal/platform/hook"

	"github.com/SherClockHolmes/webpush-go"
)

// pusher sends to push services. Where they are, browsers say: hostile input, so only public addresses are dialled, and no
// redirect is followed.
type pusher struct {
	keys   Keys
	public string
	client *http.Client
}

func newPusher(o Options) *pusher {
	reach := hook.Public
	if o.Loopback {
		reach = hook.Loopback
	}
	return &pusher{keys: o.Keys, public: o.Public, client: hook.Client(reach, 16)}
}

var errGone = errors.New("the browser does not want to be told any more")

// send tells one browser. A push service keeps it for a day at most; what is newer of the same topic replaces it.
func (p *pusher) send(ctx context.Context, s Subscription, topicID string, body []byte, urgent bool) error {
	o := &webpush.Options{HTTPClient: p.client, Subscriber: contact(p.public), TTL: int(giveUp / time.Second), Urgency: webpush.UrgencyNormal,
		Topic: topic(topicID), VAPIDPublicKey: p.keys.Public, VAPIDPrivateKey: p.keys.Private}
	if urgent {
		o.Urgency = webpush.UrgencyHigh
	}
	r, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{Endpoint: s.Endpoint,
		Keys: webpush.Keys{Auth: s.Auth, P256dh: s.P256dh}}, o)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	defer r.Body.Close()
	_, _ = io.CopyN(io.Discard, r.Body, 4<<10) // so that the connection can be used again
	if r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusGone {
		return errGone
	}
	return hook.Answered(r, "the push service")
}

// contact is how a push service may reach us: an https URL, else an address (the library writes mailto: before it).
func contact(public string) string {
	if strings.HasPrefix(public, "https:") {
		return public
	}
	return "postmaster@localhost"
}

// topic is at most 32 characters of base64url (RFC 8030 section 5.4): a message's UUID without its hyphens fits.
func topic(incident string) string {
	var b []byte
	for i := 0; i < len(incident) && len(b) < 32; i++ {
		if c := incident[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b = append(b, c)
		}
	}
	return string(b)
}
