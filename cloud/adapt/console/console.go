// Package console adapts what the API needs for staff and for providers' own systems. It imports the contexts, cloud/rooms and the other
// adapters, and has no state.
package console

import (
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
)

// Fit gives the API what staff see and do, and providers' own systems.
func Fit(a *base.Adapter, p *api.Parts) {
	p.Console, p.Fleet, p.Insight, p.Caring, p.Audit = consolePart{a}, fleetPart{a}, insightPart{a}, caringPart{a}, auditPart{a}
	p.Desk, p.Codes, p.HandOut = deskPart{a}, codesPart{a}, handOutPart{a}
	p.Models, p.Normals, p.Intel, p.Rollouts = modelsPart{a, a.Fleet, a.Normal}, normalsPart{a, a.Normal}, intelPart{a}, rolloutsPart{a}
	p.Brokers = brokersPart{a}
	p.Plans, p.Webhooks, p.Provisioning = plansPart{a}, webhooksPart{a}, provisioningPart{a}
}
