package population

import "fmt"

// Goal is one of the project's, with what came of it here.
type Goal struct {
	What  string   `json:"what"`
	Want  string   `json:"want"`
	Got   *float64 `json:"got"`   // null: there was nothing to measure, or it never happened
	Met   *bool    `json:"met"`   // null: not measured
	State string   `json:"state"` // met, missed or not measured
	Why   string   `json:"why,omitempty"`
}

// What came of a goal.
const (
	Met         = "met"
	Missed      = "missed"
	NotMeasured = "not measured"
)

func goal(what, want string, got float64, met bool) Goal {
	g := Goal{What: what, Want: want, Got: &got, Met: &met, State: Missed}
	if met {
		g.State = Met
	}
	return g
}

// unmeasured is a goal of which this fleet says nothing: nothing that could have gone wrong happened in it.
func unmeasured(what, want, why string) Goal {
	return Goal{What: what, Want: want, State: NotMeasured, Why: why}
}

// enough is how many devices or homes a share or a difference of shares must rest on to be compared with a goal.
const enough = 20

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// goals compares the fleet with what is wanted of it. What is counted and never had an occasion is not met but not measured.
func (r *Report) goals() []Goal {
	list := append(r.alertGoals(""), r.poisonGoals()...)
	list = append(list, r.leagueGoals()...)
	list = append(list, r.herdGoal())
	for _, o := range r.Outbreaks {
		called, told := "outbreak by "+o.C2+": called one", "outbreak by "+o.C2+": share of residents told within an hour"
		if o.Homes == 0 {
			const why = "no home had it"
			list = append(list, unmeasured(called, "1", why), unmeasured(told, "1", why))
			continue
		}
		share := float64(o.Told) / float64(o.Homes)
		list = append(list, goal(called, "1", bit(o.AsOutbreak), o.AsOutbreak), goal(told, "1", share, share >= 0.999))
	}
	return list
}

// alertGoals are about alerts; of is whose, "" where it is the fleet itself.
func (r *Report) alertGoals(of string) []Goal {
	a := r.Alerts
	list := []struct {
		what, want string
		got, most  float64
	}{{"alerts per home-quarter", "<= 0.25", a.Mean, 0.25}, {"its upper 95 % bound", "<= 0.5", a.Upper, 0.5}, {"99th of a hundred homes, a quarter", "<= 2", a.P99, 2},
		{"healthy devices contained per home-quarter", "<= 0.02", r.Contained, 0.02}}
	var out []Goal
	for _, g := range list {
		if a.HomeDays == 0 {
			out = append(out, unmeasured(of+g.what, g.want, "no judged home lived a day on which thresholds existed"))
		} else {
			out = append(out, goal(of+g.what, g.want, g.got, g.got <= g.most))
		}
	}
	return out
}

// poisonGoals are about infections that were there from the start.
func (r *Report) poisonGoals() []Goal {
	const lost, became = "points of detection lost to 5 % infected from the start and homes in league", "endpoints of an infection with a finding that became normal"
	var out []Goal
	switch c := r.compared; {
	case min(c.five, c.alone) < enough:
		out = append(out, unmeasured(lost, "<= 2", fmt.Sprintf("%d infections of 5 %% from the start and %d alone by soft evidence: fewer than %d", c.five, c.alone, enough)))
	case 100*c.aloneFound <= 2*c.alone:
		out = append(out, unmeasured(lost, "<= 2", fmt.Sprintf("%d of %d alone are found: more than 2 points cannot be lost", c.aloneFound, c.alone)))
	default:
		out = append(out, goal(lost, "<= 2", r.Lost, r.Lost <= 2))
	}
	found, normal := 0, 0
	for _, b := range r.Normal {
		found += b.Found
		normal += b.WithFindings
	}
	if found == 0 {
		return append(out, unmeasured(became, "0", "no finding was about an infection's endpoint"))
	}
	return append(out, goal(became, "0", float64(normal), normal == 0))
}

// leagueGoals are about homes in league, and about updates, which these would have taken for outbreaks.
func (r *Report) leagueGoals() []Goal {
	const protected, blocked, update = "victims protected by tripping the breaker", "healthy endpoints blocked by homes in league", "updates called an outbreak"
	var out []Goal
	if r.League.Homes == 0 || r.League.Victims == 0 {
		out = append(out, unmeasured(protected, "0", "no home in league, or no victim"))
	} else if r.League.Found == 0 {
		out = append(out, unmeasured(protected, "0", fmt.Sprintf("none of %d victims is found: there is nothing to hide", r.League.Victims)))
	} else {
		out = append(out, goal(protected, "0", float64(r.League.Protected), r.League.Protected == 0))
	}
	bad := float64(r.Herd.Healthy) + bit(r.League.Indicator)
	if r.League.Homes == 0 && bad == 0 {
		out = append(out, unmeasured(blocked, "0", "no home in league"))
	} else {
		out = append(out, goal(blocked, "0", bad, bad == 0))
	}
	wrong := 0
	for _, i := range r.Incidents {
		if i.Truth == updated.String() && i.Kind == "outbreak" {
			wrong++
		}
	}
	if r.updated < enough {
		return append(out, unmeasured(update, "0", fmt.Sprintf("%d devices had an update: fewer than %d", r.updated, enough)))
	}
	return append(out, goal(update, "0", float64(wrong), wrong == 0))
}

// herdGoal: what five homes agree on is in force for all within ten minutes.
func (r *Report) herdGoal() Goal {
	const what, want = "herd protection: minutes from the fifth home until it is in force", "<= 10"
	switch {
	case r.Herd.InForce:
		return goal(what, want, r.Herd.Minutes, r.Herd.Minutes <= 10)
	case r.Herd.Without < herdHomes:
		return unmeasured(what, want, fmt.Sprintf("%d homes were hit: fewer than %d", r.Herd.Without, herdHomes))
	}
	no := false
	return Goal{What: what, Want: want, Met: &no, State: Missed, Why: "it was never in force"}
}

// herdHomes must agree.
const herdHomes = 5

// AddTails adds the same fleet with heavier tails, and its goals to these.
func (r *Report) AddTails(t *Report) {
	r.Tails = t
	r.Goals = append(r.Goals, t.alertGoals("tails x 3: ")...)
}

// AddCurve adds fleets of other sizes, and whether they show that more homes make it better.
func (r *Report) AddCurve(points []Point) {
	r.Curve = points
	r.Goals = append(r.Goals, smarter(points)...)
}

// smarter says whether each larger fleet finds more and knows more things than the one before, and the largest tells less than the smallest.
func smarter(points []Point) []Goal {
	const found, unknown, alerts = "gets smarter: smallest gain in detection from one size to the next", "gets smarter: largest gain in things without a profile from one size to the next",
		"gets smarter: false alerts a home-quarter of the largest fleet less those of the smallest"
	why := ""
	if len(points) < 2 {
		why = "fewer than two sizes"
	}
	for _, p := range points {
		if p.Of < enough {
			why = fmt.Sprintf("%d infections in fleets of %d homes: fewer than %d", p.Of, p.Homes, enough)
		}
	}
	if why != "" {
		return []Goal{unmeasured(found, "> 0", why), unmeasured(unknown, "<= 0", why), unmeasured(alerts, "<= 0", why)}
	}
	gain, more := points[1].Detection-points[0].Detection, points[1].Unknown-points[0].Unknown
	for i := 2; i < len(points); i++ {
		gain, more = min(gain, points[i].Detection-points[i-1].Detection), max(more, points[i].Unknown-points[i-1].Unknown)
	}
	less := points[len(points)-1].Alerts - points[0].Alerts
	return []Goal{goal(found, "> 0", gain, gain > 0), goal(unknown, "<= 0", more, more <= 0), goal(alerts, "<= 0", less, less <= 0)}
}
