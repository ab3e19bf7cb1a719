package respond

import (
	"testing"
	"time"

	"cardea/home"
)

// book is a home with one responder, whose clock the test moves.
type book struct {
	t     *testing.T
	r     *Responder
	now   time.Time
	told  []home.Transition
	cases []home.Incident // as they were told
	more  int             // changes without a transition
	old   bool            // its cases began in an older version, which kept no words
}

func (b *book) Changed(i home.Incident, t home.Transition) {
	b.cases, b.told = append(b.cases, i), append(b.told, t)
	if b.t != nil && !b.old {
		inGerman(b.t, i)
	}
}

func (b *book) Updated(home.Incident) { b.more++ }

// kinds is what findings mean in these tests.
func kinds(fs []home.Finding, _ home.DeviceID) home.Infection {
	for _, f := range fs {
		switch f.Detector {
		case home.DetectScanWAN:
			return home.InfectionTelnet
		case home.DetectDNSSpoof:
			return home.InfectionDNS
		case home.DetectBruteForce:
			return home.InfectionLogin
		case home.DetectFlood:
			return home.InfectionProgram
		case home.DetectScanPorts:
			return home.InfectionPersistent
		}
	}
	return home.InfectionUnknown
}

// clean is a playbook as there are: the gateway first, then a person, then an update.
var clean = Plan{ID: "telnet-botnet@1", PerDay: 2, Reboot: true, Steps: []PlanStep{
	{ID: "tidy", Gateway: true, Check: CheckNone},
	{ID: "restart", Check: CheckRebooted},
	{ID: "update", Check: CheckFirmware, Hold: home.ModeUpdateOnly, Optional: true},
	{ID: "password", Check: CheckNone},
	{ID: "quiet", Check: CheckSilent},
}}

func plan(home.DeviceID, home.Infection) *Plan { return &clean }

func knows(home.DeviceID, home.Mode) bool { return true }

func exposed(home.DeviceID) (mapped, telnet []home.PortRule) {
	return []home.PortRule{{Proto: home.ProtoTCP, Port: 8080}}, nil
}

// everything is a policy with all that the gateway knows.
func everything() Policy {
	return Policy{
		Auto: true, LabelCode: "1234-5678", Kind: kinds, Plan: plan, Knows: knows, Exposed: exposed,
		Decide: func(home.DeviceID) home.Policy { return home.Policy{} },
	}
}

func open(t *testing.T, p Policy) *book {
	b := &book{t: t, now: t0}
	b.r = New(p, b)
	return b
}

// finds raises a finding about the camera.
func (b *book) finds(d home.Detector, s home.Strength, names ...string) {
	b.findsOf("camera", d, s, names...)
}

func (b *book) findsOf(dev home.DeviceID, d home.Detector, s home.Strength, names ...string) {
	f := home.Finding{
		Device: dev, Time: b.now, Detector: d, Strength: s, Sentence: "It did " + string(d) + ".",
		Symptom: home.Symptom{Detector: d, Names: names},
	}
	if s == home.Soft {
		f.Port = "port of " + string(dev) // it is proven whose doing it is
	}
	b.r.Finding(f)
}

// on lets time pass in which the camera is switched on.
func (b *book) on(d time.Duration) {
	for end := b.now.Add(d); b.now.Before(end); {
		b.now = b.now.Add(time.Minute)
		b.r.Alive("camera", b.now)
		b.r.Tick(b.now)
	}
}

func (b *book) of() home.Incident {
	b.t.Helper()
	i, ok := b.r.Of("camera")
	if !ok {
		b.t.Fatal("the camera has no open case")
	}
	return i
}

func (b *book) is(state home.State, mode home.Mode) {
	b.t.Helper()
	if i := b.of(); i.State != state || i.Mode != mode {
		b.t.Fatalf("the camera's case is %s, %s; want %s, %s; last: %+v", i.State, i.Mode, state, mode, i.History[len(i.History)-1])
	}
}

func (b *book) release(w Release) error {
	b.t.Helper()
	if w.Incident == "" {
		w.Incident = b.of().ID
	}
	return b.r.Release(w, b.now)
}

func (b *book) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}
