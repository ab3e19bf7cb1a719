package api

import (
	"slices"
	"strings"

	"cardea/cloud/api/problem"

	"github.com/danielgtaylor/huma/v2"
)

const (
	exampleID   = "0197c3a2-5b1e-7c44-9a51-3f2d8e6b7a10"
	exampleTime = "2026-03-01T12:00:00Z"
	schemasAt   = "#/components/schemas/"
)

// inExamples is what texts are in examples, by their field or, where one word means several things, by schema and field. What is not
// here is made of the schema: its examples, its words to choose from, its form.
var inExamples = map[string]string{
	"name": "Mill Lane 4", "email": "anna@example.net", "kind": "incident.opened", "code": "K7QM", "reason": "The resident called about a slow line",
	"why": "The camera looked for open telnet ports in 40 networks", "model": "Example Cam 2", "language": "en", "what": "device 0197c3a2", "class": "camera",
	"vendor": "Example", "mode": "quarantine", "by": "gateway", "sentence": "The camera contacts what it never did before.", "who": "anna@example.net", "provider": "Example Net",
	"password": "four words of your own", "account": "A-1742", "source": "abuse-lists", "from": "open", "to": "contained", "text": "Turn the camera off and on again.",
	"title": "Camera kept apart", "token": "kept-secret-from-the-letter", "detector": "scan_wan", "proto": "tcp", "etag": `"7"`, "value": "bad.example.com", "family": "mirai",
	"whose": "Ben", "bundle": "lists", "role": "admin", "hint_de": "Wir helfen gern.", "hint_en": "We are glad to help.", "version": "1.8.0", "hash": "9f86d081884c7d65",
	"secret": "shown-once-and-kept-by-you", "macs": "02:00:5e:10:00:01", "mac": "02:00:5e:10:00:01", "maker": "anna@example.net", "scopes": "home.provision",
	"outcome": "clean", "ip": "198.51.100.7", "verdict": "block", "grade": "port", "reference": "CVE-2024-0001", "state": "fine", "phone": "+4930123456",
	"url": "https://www.example.net/help", "extras": "people", "challenge": "dGhlLWNsb3VkLWFza3M", "act": "look", "ink": "#ffffff", "accent": "#0b5d7a", "alert": "critical",
	"degraded": "dns: no upstream answers", "platform": "linux-arm64", "qr_svg": "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", "uri": "https://home.example.net/claim#K7QM",
	"signature": "MEUCIQD-an-example", "check": "harbour-lamp", "addresses": "192.0.2.17", "allowed": "example.com", "blocked": "bad.example.com", "essential": "example.com",
	"firmware": "2.1.4", "paused_by": "Anna", "names": "bad.example.com", "roles": "tier2", "protect": "medical", "words": "fewer than 20", "format": "auto", "signer": "Anna",
	"step": "reboot", "number": "+4915112345678", "kinds": "incident.opened", "verb": "quarantine", "zone": "Europe/Berlin", "support": "https://www.example.net/help",
	"scope": "contacts", "confirm": "four words of your own", "country": "DE", "domain": "example.com", "named": "dns", "network": "Example Hosting", "location": "body.name",
	"message": "expected length >= 1", "strength": "hard", "way": "push", "grant": "two persons", "unit": "minutes", "remedy": "fair-sharing", "list": "bad.example.com\nworse.example.com",
	"current": "the words of before", "type": problem.Prefix + string(problem.NotFound), "plan": "family", "codes": "kx4t-9wqe-72mn", "week": "2026-W09", "right": "home.look", "ring": "1%",
	"company": "Example Corp", "agent": "Firefox on Linux", "auth": "c2l4dGVlbi1ieXRlcy0xNg", "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQ", "cursor": "bmV4dC1wYWdl",
	"fields": "name", "version_hash": "9f86d081884c7d65", "software": "OpenWrt 24.10", "endpoint": "https://push.example.net/x1", "evidence": "It told its name by DHCP.",
	"next": "bmV4dC1wYWdl", "q": "A-1742", "failure": "the server answered 503", "days": "mo", "days_of": "mo", "phase": "vendor-only", "steps": "reboot", "advice": "Update its firmware.",
	"result": "12 homes", "preview": "3 devices in 2 homes are shut in.", "backups": "follow with their own next cycle", "detail": "Wait until its lamp is steady.", "indicator": "bad.example.com",
	"purpose": "to show you what your devices do", "always": "protection", "expert": "Look at its cron table.", "intro": "This takes ten minutes.", "tried": "account",
	"Subscriber.plan": "family", "NewPlan.name": "Family", "Plan.name": "Family", "NewWebhook.name": "Service desk", "Webhook.name": "Service desk", "Device.name": "Hall camera",
	"DeviceDetail.name": "Hall camera", "Employee.name": "Anna Example", "Person.name": "Anna Example", "Account.name": "Anna Example", "Approval.kind": "bulk-block",
	"NewApproval.kind": "bulk-block", "Problem.title": "There is no such thing", "Problem.detail": "No home has this account number.", "NewToken.name": "Provisioning", "BearerToken.name": "Provisioning",
	"MadeToken.name": "Provisioning", "NewIntelSource.name": "abuse-lists", "IntelSource.name": "abuse-lists", "GatewayClaim.code": "7KQ2-M4XD-9RTV", "GatewayClaim.revoked": "",
	"Claim.code": "7KQ2-M4XD-9RTV", "PhoneCode.code": "402913", "WebhookDelivery.kind": "incident.opened", "WebhookSecret.secret": "whsec_" + "ZXhhbXBsZS1leGFtcGxlLWV4YW1wbGUtZXhhbXBsZQ==",
	"Staying.what": "lines of the audit", "Staying.why": "who did what is not rewritten; they name the home by its id", "WebhookDelivery.why": "the webhook answered 503",
	"NewGateway.why": "Swapped by the installer", "Leaving.ended": "the access of all gateways",
}

// hours are where from and to are times of the day.
var hours = map[string]string{"from": "21:00", "to": "07:00"}

// examples writes one into each request and each answer, made of its schema.
func examples(o *huma.OpenAPI) {
	reg := o.Components.Schemas
	for _, item := range o.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete, item.Put} {
			if op == nil {
				continue
			}
			if op.Responses["default"] == nil { // some say themselves what they answer
				op.Responses["default"] = &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: schemasAt + "Problem"}}}}
			}
			for _, p := range op.Parameters {
				if p.In == "path" && p.Example == nil {
					p.Example = exampleIn(p.Name)
				}
			}
			if op.RequestBody != nil {
				fillIn(reg, op.RequestBody.Content)
			}
			for _, r := range op.Responses {
				fillIn(reg, r.Content)
			}
		}
	}
}

// exampleIn is a place in a path.
func exampleIn(name string) any {
	switch name {
	case "account", "code", "week", "plan":
		return inExamples[name]
	}
	return exampleID
}

func fillIn(reg huma.Registry, content map[string]*huma.MediaType) {
	for kind, m := range content {
		switch {
		case m.Example != nil || m.Examples != nil:
		case kind == "text/csv":
			m.Example = "home,account,state\r\n" + exampleID + ",A-1742,fine\r\n"
		case kind == "text/event-stream":
			m.Example = "id: 41\nevent: incident\ndata: {\"id\":\"" + exampleID + "\"}\n\n"
		case m.Schema != nil && (strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")):
			m.Example = exampleOf(reg, m.Schema, "", "", 0)
		}
	}
}

// exampleOf makes a value of a schema. of and field say where it stands; deeper than any of ours ends it.
func exampleOf(reg huma.Registry, s *huma.Schema, of, field string, depth int) any {
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, schemasAt)
		return exampleOf(reg, reg.Map()[name], name, field, depth+1)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AnyOf) > 0:
		return exampleOf(reg, s.AnyOf[0], of, field, depth)
	case len(s.OneOf) > 0:
		return exampleOf(reg, s.OneOf[0], of, field, depth)
	}
	switch s.Type {
	case "string":
		return exampleText(s, of, field)
	case "integer", "number":
		return exampleNumber(s)
	case "boolean":
		return false
	case "array":
		if depth > 12 {
			return []any{}
		}
		one, n := exampleOf(reg, s.Items, of, field, depth+1), 1
		if s.MinItems != nil {
			n = max(n, *s.MinItems)
		}
		return slices.Repeat([]any{one}, n)
	case "object":
		out := map[string]any{}
		for name, p := range s.Properties {
			if depth <= 12 || slices.Contains(s.Required, name) {
				out[name] = exampleOf(reg, p, of, name, depth+1)
			}
		}
		if more, ok := s.AdditionalProperties.(*huma.Schema); ok && len(out) == 0 {
			out[keyOf(field)] = exampleOf(reg, more, of, "count", depth+1)
		}
		return out
	}
	return map[string]any{"note": "as the kind says"} // any JSON
}

// keyOf is a name in a table whose rows have names of their own.
func keyOf(field string) string {
	switch field {
	case "languages", "sentences", "words":
		return "en"
	case "versions":
		return "1.8.0"
	case "erased", "rows":
		return "devices"
	}
	return "camera"
}

func exampleNumber(s *huma.Schema) any {
	n := 3.0
	if s.Minimum != nil {
		n = max(n, *s.Minimum)
	}
	if s.Maximum != nil && n > *s.Maximum {
		if n = *s.Maximum; s.Type == "number" && (s.Minimum == nil || *s.Minimum < n/2) {
			return n / 2
		}
	}
	return n
}

func exampleText(s *huma.Schema, of, field string) string {
	if of != "" {
		if text, ok := inExamples[of+"."+field]; ok {
			return text
		}
	}
	switch s.Format {
	case "date-time":
		return exampleTime
	case "date":
		return exampleTime[:10]
	case "uri":
		return "https://desk.example.net/cardea"
	}
	if strings.Contains(s.Pattern, "[0-5][0-9]") {
		return hours[field]
	}
	text, ok := inExamples[field]
	switch {
	case s.ContentEncoding == "base64":
		return "ZXhhbXBsZQ=="
	case !ok && s.Pattern == "":
		text = exampleID
	}
	if s.MaxLength != nil && len(text) > *s.MaxLength {
		text = text[:*s.MaxLength]
	}
	return text
}
