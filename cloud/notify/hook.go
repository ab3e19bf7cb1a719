package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"cardea/internal/platform/hook"
)

// hooker hands messages to providers' webhooks. Where they are, the operator says in a file: they may be in the provider's own
// network. No redirect is followed.
type hooker struct{ client *http.Client }

func newHooker() *hooker { return &hooker{hook.Client(hook.Anywhere, 32)} }

// event is what a webhook gets (Standard Webhooks: type, timestamp, data).
type event struct {
	Type      string    `json:"type"` // sms.send or notification.send
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// smsData is a text message. Text has nothing personal and no link.
type smsData struct {
	To   string `json:"to"` // E.164
	Text string `json:"text"`
}

// noteData is a message for whatever a provider does with it: its own app, a messenger, a voice call. It has no given names.
type noteData struct {
	Provider string `json:"provider"` // as its customers know it
	Phone    string `json:"phone"`    // of its support
	Person   string `json:"person"`   // our id
	Home     string `json:"home"`
	Kind     string `json:"kind"`
	Level    string `json:"level"`
	Language string `json:"language"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Case     string `json:"case"`  // for the phone
	Check    string `json:"check"` // shows that it is genuine
	Update   bool   `json:"update"`
	Topic    string `json:"topic"` // the same of all that is of one cause
}

// send posts one event. The id is the same for each try: a receiver that has seen it does nothing.
func (h *hooker) send(ctx context.Context, to *Hook, id string, e event) error {
	secrets, err := to.secrets()
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return hook.Permanent{Err: err}
	}
	_, err = hook.Post(ctx, h.client, to.URL, secrets, hook.Message{ID: id, At: e.Timestamp, ContentType: "application/json", Body: body})
	return err
}
