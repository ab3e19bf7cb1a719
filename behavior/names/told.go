package names

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// found tells of generated names.
func (d *Detector) found(dev *Device, o *home.Observation, now int64) {
	w := dev.walk
	if !d.tell.May(dev.Device, home.DetectNames, 0, false, now) {
		return
	}
	took := time.Duration(now - w.first)
	var list []string
	for i := range w.latest {
		if n := &w.latest[(int(w.next)+kept-1-i)%kept]; n.size > 0 {
			list = append(list, string(n.text[:n.size]))
		}
	}
	d.tell.Find(dev.Device, evidence.MomentOf(o), home.Finding{
		Detector: home.DetectNames, Strength: home.Soft, Score: w.score,
		Said: asked(w.missing, w.exist, took, list[0]),
		Facts: map[string]any{
			"missing": w.missing, "made_up": w.random, "exist": w.exist, "names": list, "seconds": took.Seconds(),
			"unit": "nats", "threshold": threshold,
		},
		Symptom: home.Symptom{Names: list},
		Card: &home.Card{
			Numbers: []home.Number{
				{Name: "names that do not exist", Value: float64(w.missing), Unit: "names"},
				{Name: "of these look made up", Value: float64(w.random), Unit: "names"},
				{Name: "names that exist", Value: float64(w.exist), Unit: "names"},
				{Name: "evidence", Value: w.score, Unit: "nats"},
				{Name: "evidence needed", Value: threshold, Unit: "nats"},
			},
			Blocks: list,
		},
	})
}

func asked(missing, exist uint32, took time.Duration, as string) home.Words {
	if exist == 0 {
		return say.New("asked for {0} names that do not exist in {1}, as {2}; none that it asked for exist", say.Count(missing), say.Span(took), say.Text(as))
	}
	return say.New("asked for {0} names that do not exist in {1}, as {2}; {3} that it asked for exist", say.Count(missing), say.Span(took), say.Text(as),
		say.Count(exist))
}
