package wire

import "cardea/wire/pb"

// What is erased, or stays at home, is who a device talked to. These take it out of what is kept of devices and cases besides.

// Erased is said where a sentence named something that its owner had erased.
const Erased = "What was here was erased."

// ErasedWords are Erased in words that can be told in other languages.
func ErasedWords() *pb.Words { return &pb.Words{Pattern: Erased} }

// NamelessDevice takes out of a device what tells whom it talks to. What its owner blocked and allowed stays.
func NamelessDevice(d *pb.Device) {
	d.Evidence, d.KnownBy = nil, nil
	for _, b := range d.GetBehind() {
		b.Evidence = nil
	}
	for _, e := range d.GetExposures() {
		e.Evidence = nil
	}
	for _, a := range d.GetAliases() {
		a.Why = nil
	}
	if d.GetTrial() != nil {
		d.Trial.Stopped = nil
	}
}

// NamelessSymptom is a symptom without the names and addresses in it; nil for nil.
func NamelessSymptom(s *pb.Symptom) *pb.Symptom {
	if s == nil {
		return nil
	}
	return &pb.Symptom{Detector: s.GetDetector(), Proto: s.GetProto(), Ports: s.GetPorts()}
}

// NamelessIncident takes out of a case whom its device talked to: what the gateway itself wrote becomes Erased.
func NamelessIncident(c *pb.Incident) {
	c.Symptom = NamelessSymptom(c.GetSymptom())
	for _, t := range c.GetHistory() {
		if t.GetBy() == "gateway" && t.GetWhy() != "" {
			t.Why, t.Said = Erased, ErasedWords()
		}
	}
	for _, d := range c.GetDeeds() {
		if d.GetEndpoint() != "" {
			d.Endpoint, d.What, d.Said = "", Erased, ErasedWords()
		}
	}
	for _, s := range c.GetSteps() {
		if s.GetResult() != "" {
			s.Result, s.Said = Erased, ErasedWords()
		}
	}
	if c.GetCheck() != nil {
		c.Check.Sentence, c.Check.Said = Erased, ErasedWords()
	}
	if c.GetHarm() != nil {
		c.Harm.Sentence, c.Harm.Said = Erased, ErasedWords()
	}
}
