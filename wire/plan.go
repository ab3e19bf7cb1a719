package wire

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cardea/home"
	"cardea/wire/pb"
)

// Bounds of a plan.
const (
	maxPlanText = 400 // bytes of an id and of a name
	maxExtras   = 16
)

// PlanOf is a plan as it travels.
func PlanOf(p home.Plan) *pb.Plan {
	b := p.Brand
	return &pb.Plan{Id: p.ID, Name: p.Name, Extras: slices.Clone(p.Extras),
		Brand: &pb.Brand{Name: b.Name, Accent: b.Accent, Phone: b.Phone, Support: b.Support, HintEn: b.HintEN, HintDe: b.HintDE}}
}

// ParsePlan reads one. What cannot be shown of its brand is left out and told: the plan holds all the same. nil is the zero plan.
func ParsePlan(m *pb.Plan) (p home.Plan, faults []home.Fault, err error) {
	if len(m.GetExtras()) > maxExtras {
		return p, nil, fmt.Errorf("plan: %d extras: want at most %d", len(m.GetExtras()), maxExtras)
	}
	for _, s := range slices.Concat([]string{m.GetId(), m.GetName()}, m.GetExtras()) {
		if len(s) > maxPlanText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return p, nil, fmt.Errorf("plan: an id, name or extra that is no text of at most %d bytes", maxPlanText)
		}
	}
	b := m.GetBrand()
	p = home.Plan{ID: m.GetId(), Name: m.GetName(), Extras: slices.Clone(m.GetExtras())}
	p.Brand, faults = home.Brand{Name: b.GetName(), Accent: b.GetAccent(), Phone: b.GetPhone(), Support: b.GetSupport(), HintEN: b.GetHintEn(), HintDE: b.GetHintDe()}.Clean()
	return p, faults, nil
}
