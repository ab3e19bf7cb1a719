package view

import (
	"encoding/json"
	"time"
)

// NewWebhook is a receiver of a provider's own.
type NewWebhook struct {
	Name   string   `json:"name" minLength:"1" maxLength:"80" example:"Service desk"`
	URL    string   `json:"url" format:"uri" maxLength:"500" example:"https://desk.example.net/cardea"`
	Kinds  []string `json:"kinds" maxItems:"40" doc:"Kinds of events; none means all" example:"[\"incident.opened\",\"incident.closed\"]"`
	Paused bool     `json:"paused,omitempty" doc:"Gets nothing for now"`
}

// Webhook is one of them.
type Webhook struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	URL     string     `json:"url"`
	Kinds   []string   `json:"kinds"`
	Created time.Time  `json:"created"`
	Who     string     `json:"who" doc:"Who made it"`
	Paused  bool       `json:"paused"`
	Failing *time.Time `json:"failing,omitempty" doc:"Since when it does not take what it gets"`
}

// WebhookSecret is told once.
type WebhookSecret struct {
	Webhook Webhook `json:"webhook"`
	Secret  string  `json:"secret" doc:"Signs each delivery as Standard Webhooks say; it is not shown again"`
}

// WebhookDelivery is one event for one webhook.
type WebhookDelivery struct {
	ID    string          `json:"id" doc:"Also the CloudEvent's id and the header Webhook-Id"`
	Kind  string          `json:"kind"`
	Home  string          `json:"home,omitempty"`
	State string          `json:"state" enum:"waiting,sent,failed"`
	Made  time.Time       `json:"made"`
	Sent  *time.Time      `json:"sent,omitempty"`
	Next  *time.Time      `json:"next,omitempty" doc:"When it is tried again"`
	Tries int64           `json:"tries"`
	Code  int             `json:"code,omitempty" doc:"HTTP status of the last answer"`
	Why   string          `json:"why,omitempty"`
	Event json.RawMessage `json:"event" doc:"The CloudEvent as it is sent"`
}

// EventKind is a kind of event that webhooks are told of.
type EventKind struct {
	Kind    string         `json:"kind" example:"incident.opened"`
	Type    string         `json:"type" doc:"Of the CloudEvent" example:"cardea.incident.opened"`
	When    string         `json:"when" example:"a case began"`
	Subject string         `json:"subject" doc:"Of the CloudEvent; empty for none" example:"homes/{home}/incidents/{incident}"`
	Schema  map[string]any `json:"schema" doc:"JSON Schema of its data. A later version may say more"`
	Example any            `json:"example" doc:"Of its data"`
}
