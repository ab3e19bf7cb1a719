package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
)

// MatchIn says from which state something is changed.
type MatchIn struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The ETag that was read; without it the last one wins"`
}

func (m MatchIn) want() string {
	if m.IfMatch == "*" {
		return ""
	}
	return strings.Trim(m.IfMatch, `"`)
}

// PersonIn is a person or group of a home.
type PersonIn struct {
	HomeIn
	Person string `path:"person" maxLength:"64"`
}

// ScheduleIn is a schedule of a home.
type ScheduleIn struct {
	HomeIn
	Schedule string `path:"schedule" maxLength:"64"`
}

type removePersonIn struct {
	PersonIn
	MatchIn
}

type removeScheduleIn struct {
	ScheduleIn
	MatchIn
}

type newPersonIn struct {
	HomeIn
	Body view.NewHousePerson
}

type changePersonIn struct {
	PersonIn
	MatchIn
	Body view.HousePersonPatch
}

type newScheduleIn struct {
	HomeIn
	Body view.NewSchedule
}

type changeScheduleIn struct {
	ScheduleIn
	MatchIn
	Body view.SchedulePatch
}

type pauseIn struct {
	HomeIn
	Body view.NewPause
}

type resumeIn struct {
	HomeIn
	Whose string `query:"whose" required:"true" minLength:"1" maxLength:"64" doc:"Id of a person, group or device, or everybody"`
}

type policyIn struct {
	HomeIn
	MatchIn
	Body view.PolicyPatch
}

type devicePolicyIn struct {
	DeviceIn
	MatchIn
	Body view.NewDevicePolicy
}

type admissionIn struct {
	DeviceIn
	Body view.Answer
}

type privacyIn struct {
	HomeIn
	MatchIn
	Body view.PrivacyPatch
}

type changesIn struct {
	HomeIn
	PageIn
}

// tagged is an answer whose body two may change.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// showTagged registers a route whose answer has a tag.
func showTagged[I, O any](s *Server, route, summary string, tag func(*O) string, code int, f func(context.Context, *I) (O, error)) {
	do(s, route, summary, func(ctx context.Context, in *I) (*tagged[O], error) {
		body, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		fill(reflect.ValueOf(&body))
		return &tagged[O]{`"` + tag(&body) + `"`, body}, nil
	}, status(code))
}

func personTag(p *view.HousePerson) string        { return p.ETag }
func scheduleTag(s *view.Schedule) string         { return s.ETag }
func policyTag(p *view.Policy) string             { return p.ETag }
func devicePolicyTag(p *view.DevicePolicy) string { return p.ETag }
func privacyTag(p *view.PrivacyChoice) string     { return p.ETag }

// household are the routes of what a home's people decide. Staff may see it, after a look; only residents change it.
func (s *Server) household() {
	s.people()
	s.schedules()
	s.rules()
}

// doors are where what staff see too is registered.
var doors = []string{"/v1/homes/{home}", "/v1/staff/homes/{home}"}

func (s *Server) people() {
	p := s.parts.People
	for _, at := range doors {
		show(s, "GET "+at+"/people", "The home's people and groups of devices", func(ctx context.Context, _ *HomeIn) (view.List[view.HousePerson], error) {
			return whole(p.People(ctx, where(ctx)))
		})
		showTagged(s, "GET "+at+"/people/{person}", "A person or group", personTag, http.StatusOK, func(ctx context.Context, in *PersonIn) (view.HousePerson, error) {
			return p.Person(ctx, where(ctx), in.Person)
		})
	}
	const own = "/v1/homes/{home}/people"
	showTagged(s, "POST "+own, "Add a person or group", personTag, http.StatusCreated, func(ctx context.Context, in *newPersonIn) (view.HousePerson, error) {
		if err := s.leveled(ctx, in.Body.Level); err != nil {
			return view.HousePerson{}, err
		}
		return p.AddPerson(ctx, where(ctx), who(ctx), in.Body)
	})
	showTagged(s, "PATCH "+own+"/{person}", "Change a person or group", personTag, http.StatusOK, func(ctx context.Context, in *changePersonIn) (view.HousePerson, error) {
		if in.Body.Level != nil {
			if err := s.leveled(ctx, *in.Body.Level); err != nil {
				return view.HousePerson{}, err
			}
		}
		return p.ChangePerson(ctx, where(ctx), who(ctx), in.Person, in.want(), in.Body)
	})
	do(s, "DELETE "+own+"/{person}", "Take a person or group away", func(ctx context.Context, in *removePersonIn) (*none, error) {
		return &none{}, p.RemovePerson(ctx, where(ctx), who(ctx), in.Person, in.want())
	})
}

func (s *Server) schedules() {
	p := s.parts.People
	for _, at := range doors {
		show(s, "GET "+at+"/schedules", "Times of the week without internet", func(ctx context.Context, _ *HomeIn) (view.List[view.Schedule], error) {
			return whole(p.Schedules(ctx, where(ctx)))
		})
		showTagged(s, "GET "+at+"/schedules/{schedule}", "A schedule", scheduleTag, http.StatusOK, func(ctx context.Context, in *ScheduleIn) (view.Schedule, error) {
			return p.Schedule(ctx, where(ctx), in.Schedule)
		})
		show(s, "GET "+at+"/pauses", "Who is without internet because somebody asked for it", func(ctx context.Context, _ *HomeIn) (view.List[view.Pause], error) {
			return whole(p.Pauses(ctx, where(ctx)))
		})
	}
	const own = "/v1/homes/{home}"
	showTagged(s, "POST "+own+"/schedules", "Add a schedule", scheduleTag, http.StatusCreated, func(ctx context.Context, in *newScheduleIn) (view.Schedule, error) {
		return p.AddSchedule(ctx, where(ctx), who(ctx), in.Body)
	})
	showTagged(s, "PATCH "+own+"/schedules/{schedule}", "Change a schedule", scheduleTag, http.StatusOK, func(ctx context.Context, in *changeScheduleIn) (view.Schedule, error) {
		return p.ChangeSchedule(ctx, where(ctx), who(ctx), in.Schedule, in.want(), in.Body)
	})
	do(s, "DELETE "+own+"/schedules/{schedule}", "Take a schedule away", func(ctx context.Context, in *removeScheduleIn) (*none, error) {
		return &none{}, p.RemoveSchedule(ctx, where(ctx), who(ctx), in.Schedule, in.want())
	})
	show(s, "POST "+own+"/pauses", "Pause a person, a group, a device or everybody for a while", func(ctx context.Context, in *pauseIn) (view.Pause, error) {
		if (in.Body.Until == nil) == (in.Body.Minutes == 0) {
			return view.Pause{}, problem.New(problem.Invalid, "Say either until or minutes.")
		}
		return p.Pause(ctx, where(ctx), who(ctx), in.Body)
	})
	do(s, "DELETE "+own+"/pauses", "End a pause", func(ctx context.Context, in *resumeIn) (*none, error) {
		return &none{}, p.Resume(ctx, where(ctx), who(ctx), in.Whose)
	})
}

func (s *Server) rules() {
	r := s.parts.Rules
	for _, at := range doors {
		showTagged(s, "GET "+at+"/policy", "What the gateway may do by itself", policyTag, http.StatusOK, func(ctx context.Context, _ *HomeIn) (view.Policy, error) {
			return r.Policy(ctx, where(ctx))
		})
		showTagged(s, "GET "+at+"/devices/{device}/policy", "What the gateway may do to a device by itself", devicePolicyTag, http.StatusOK,
			func(ctx context.Context, in *DeviceIn) (view.DevicePolicy, error) {
				return r.DevicePolicy(ctx, where(ctx), in.Device)
			})
		showTagged(s, "GET "+at+"/privacy", "What the home keeps to itself", privacyTag, http.StatusOK, func(ctx context.Context, _ *HomeIn) (view.PrivacyChoice, error) {
			return r.Privacy(ctx, where(ctx))
		})
		show(s, "GET "+at+"/changes", "Who changed what of it, the latest first", func(ctx context.Context, in *changesIn) (view.List[view.HouseholdChange], error) {
			page, err := in.page()
			if err != nil {
				return view.List[view.HouseholdChange]{}, err
			}
			return listOf(r.Changes(ctx, where(ctx), page))
		})
	}
	const own = "/v1/homes/{home}"
	showTagged(s, "PATCH "+own+"/policy", "Change what the gateway may do by itself", policyTag, http.StatusOK, func(ctx context.Context, in *policyIn) (view.Policy, error) {
		return r.ChangePolicy(ctx, where(ctx), who(ctx), in.want(), in.Body)
	})
	showTagged(s, "PUT "+own+"/devices/{device}/policy", "Say what the gateway may do to a device by itself", devicePolicyTag, http.StatusOK,
		func(ctx context.Context, in *devicePolicyIn) (view.DevicePolicy, error) {
			return r.SetDevicePolicy(ctx, where(ctx), who(ctx), in.Device, in.want(), in.Body)
		})
	show(s, "POST "+own+"/devices/{device}/admission", "Let a new device in, or refuse it", func(ctx context.Context, in *admissionIn) (view.Admission, error) {
		return r.Admit(ctx, where(ctx), who(ctx), in.Device, in.Body)
	}, status(http.StatusOK))
	showTagged(s, "PATCH "+own+"/privacy", "Change what the home keeps to itself", privacyTag, http.StatusOK, func(ctx context.Context, in *privacyIn) (view.PrivacyChoice, error) {
		return r.ChangePrivacy(ctx, where(ctx), who(ctx), in.want(), in.Body)
	})
}
