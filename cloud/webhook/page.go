package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Page is docs/events.md, whole.
func Page() string {
	var b strings.Builder
	b.WriteString(`# Events that webhooks hear of

This page is written from the code: [cloud/webhook/kind.go](../cloud/webhook/kind.go) has the kinds, and ` + "`GET /v1/staff/webhook-events`" + ` answers the
same with the JSON Schema of each. How to set a webhook up is in [runbook/webhooks.md](runbook/webhooks.md).

An event is a [CloudEvent](https://cloudevents.io) 1.0 as JSON:

`)
	whole, err := json.MarshalIndent(map[string]any{"specversion": "1.0", "id": exampleID, "source": "https://home.example.net/tenants/" + exampleHome,
		"type": Prefix + "incident.opened", "subject": "homes/" + exampleHome + "/incidents/" + exampleID, "time": exampleTime, "datacontenttype": "application/json",
		"data": exampleCase}, "", "  ")
	if err != nil {
		return "" // only for what JSON cannot say
	}
	fmt.Fprintf(&b, "```json\n%s\n```\n\nThe header `Webhook-Id` is its `id`, the same for each try. What is said is ids, states, codes, numbers and times: no name of a person, a device\nor what it talks to. A later version may say more in `data`, and there may be more kinds: a receiver leaves out what it does not know.\n\n| type | when | subject | data |\n|---|---|---|---|\n", whole)
	for _, k := range kinds {
		data, err := json.Marshal(k.Data)
		if err != nil {
			return ""
		}
		subject := "–"
		if k.Subject != "" {
			subject = "`" + k.Subject + "`"
		}
		fmt.Fprintf(&b, "| `%s%s` | %s | %s | `%s` |\n", Prefix, k.Name, k.When, subject, data)
	}
	b.WriteString(`
Events of rollouts and lists go to every provider of an installation: versions and lists reach the homes of all. The counts of a search are hidden
(` + "`homes`" + ` is 0, ` + "`few`" + ` is true) where fewer than 20 homes met what it looked for.

A home's earlier events are erased with it (` + "`home.left`" + ` is the last). How these events become those of other systems is in
[other-systems.md](other-systems.md).
`)
	return b.String()
}
