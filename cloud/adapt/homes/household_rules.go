package homes

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/cloud/household"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	saying "cardea/say"
	"cardea/wire/pb"
)

// rulesPart shows and changes what may be done without asking, who is let in, and what is private.
type rulesPart struct{ *base.Adapter }

// rules are the part of a household that two may change as its policy.
type rules struct {
	Policy  home.Policy
	Approve home.Approval
	Zone    string
}

func rulesOf(k household.Kept) rules { return rules{k.Policy, k.Approve, k.Zone.Name} }

func or(p, else_ home.Permission) string { return string(cmp.Or(p, else_, home.PermitAuto)) }

func (a rulesPart) policy(ctx context.Context, p home.Place, k household.Kept) (view.Policy, error) {
	state, err := a.History.State(ctx, p.OfHome())
	return view.Policy{Block: or(k.Policy.Block, ""), Contain: or(k.Policy.Contain, ""), Tidy: or(k.Policy.Tidy, ""), Approve: string(k.Approve), Zone: k.Zone.Name,
		Versions: view.Versions{Wanted: k.Version, Running: state.Beat.GetHousehold()}, Changed: base.At(k.Changed), ETag: household.Tag(rulesOf(k))}, faults.Tell(err)
}

func (a rulesPart) Policy(ctx context.Context, p home.Place) (view.Policy, error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return view.Policy{}, err
	}
	return a.policy(ctx, p, k)
}

func (a rulesPart) ChangePolicy(ctx context.Context, p home.Place, by api.Session, want string, c view.PolicyPatch) (view.Policy, error) {
	if c.Zone != nil {
		if err := household.CheckZone(*c.Zone); err != nil {
			return view.Policy{}, tellHousehold(err)
		}
	}
	k, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		if err := household.Match(want, rulesOf(*k)); err != nil {
			return err
		}
		permit(&k.Policy.Block, c.Block)
		permit(&k.Policy.Contain, c.Contain)
		permit(&k.Policy.Tidy, c.Tidy)
		if c.Approve != nil {
			k.Approve = home.Approval(*c.Approve)
		}
		set(&k.Zone.Name, c.Zone)
		return nil
	})
	if err != nil {
		return view.Policy{}, err
	}
	return a.policy(ctx, p, k)
}

// permit takes what a patch has; the home's own word stands where nobody said anything else.
func permit(to *home.Permission, from *string) {
	if from != nil && home.Permission(*from) != cmp.Or(*to, home.PermitAuto) {
		*to = home.Permission(*from)
	}
}

func devicePolicyView(k household.Kept, device home.DeviceID) view.DevicePolicy {
	d := k.Devices[device]
	holds := view.DevicePolicyHolds{Block: or(d.Block, k.Policy.Block), Contain: or(d.Contain, k.Policy.Contain), Tidy: or(d.Tidy, k.Policy.Tidy)}
	if d.Essential != "" && holds.Contain == string(home.PermitAuto) {
		holds.Contain = string(home.PermitAsk)
	}
	return view.DevicePolicy{NewDevicePolicy: view.NewDevicePolicy{Block: cmp.Or(string(d.Block), "home"), Contain: cmp.Or(string(d.Contain), "home"),
		Tidy: cmp.Or(string(d.Tidy), "home"), Essential: cmp.Or(string(d.Essential), "none")}, Holds: holds, ETag: household.Tag(d)}
}

func (a rulesPart) DevicePolicy(ctx context.Context, p home.Place, device string) (view.DevicePolicy, error) {
	if _, err := a.History.Device(ctx, p.OfHome(), device); err != nil {
		return view.DevicePolicy{}, faults.Tell(err)
	}
	k, err := a.Household.Get(ctx, p.OfHome())
	return devicePolicyView(k, home.DeviceID(device)), err
}

func (a rulesPart) SetDevicePolicy(ctx context.Context, p home.Place, by api.Session, device, want string, n view.NewDevicePolicy) (view.DevicePolicy, error) {
	if _, err := a.History.Device(ctx, p.OfHome(), device); err != nil {
		return view.DevicePolicy{}, faults.Tell(err)
	}
	word := func(s, nothing string) string {
		if s == nothing {
			return ""
		}
		return s
	}
	k, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		if err := household.Match(want, k.Devices[home.DeviceID(device)]); err != nil {
			return err
		}
		k.Devices[home.DeviceID(device)] = home.Policy{Block: home.Permission(word(n.Block, "home")), Contain: home.Permission(word(n.Contain, "home")),
			Tidy: home.Permission(word(n.Tidy, "home")), Essential: home.Essential(word(n.Essential, "none"))}
		return nil
	})
	return devicePolicyView(k, home.DeviceID(device)), err
}

// Admit keeps the answer, and has a device that was refused blocked, whatever happens to new ones otherwise: refused stays refused when
// the home lets new devices in again. Who changes their mind lifts that with their yes.
func (a rulesPart) Admit(ctx context.Context, p home.Place, by api.Session, device string, n view.Answer) (v view.Admission, err error) {
	if p.Gateway == "" {
		return v, problem.New(problem.Conflict, "The home has no gateway yet.")
	}
	if _, err := a.History.Device(ctx, p.OfHome(), device); err != nil {
		return v, faults.Tell(err)
	}
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return v, err
	}
	yes := n.Answer == "admit"
	var order *view.Order // before the answer is kept, so that who hears of an error can answer again
	if was := k.Admission(home.DeviceID(device)); !yes && was != "refused" || yes && was == "refused" {
		if order, err = a.shut(ctx, p, by, device, !yes); err != nil {
			return v, err
		}
	}
	k, err = edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		k.SetGuest(home.DeviceID(device), n.Guest)
		return k.Admit(home.DeviceID(device), yes)
	})
	v = admissionView(k, home.DeviceID(device))
	v.Order = order
	return v, err
}

// answers say why a new device is shut in, or not any more: we say it for who answered.
var answers = map[bool]saying.Pattern{true: "Refused as a new device.", false: "Let in after it was refused."}

// shut has a device blocked, or not any more.
func (a rulesPart) shut(ctx context.Context, p home.Place, by api.Session, device string, shut bool) (*view.Order, error) {
	mode, why := home.ModeOff, saying.English(saying.New(answers[shut]))
	if shut {
		mode = home.ModeQuarantine
	}
	o, err := a.Desired.Ask(ctx, desired.Order{Place: p, Verb: "mode", Device: device, By: "owner", Who: by.Person.ID, Why: why, About: &pb.Order{Mode: string(mode)}})
	v := orderView(o, api.Language(ctx))
	return &v, faults.Tell(err)
}

func admissionView(k household.Kept, device home.DeviceID) view.Admission {
	return view.Admission{Device: string(device), Admission: cmp.Or(k.Admission(device), "none"), Guest: slices.Contains(k.Guests, device)}
}

// secrets are the part of a household that two may change as its privacy.
type secrets struct {
	Private bool
	Guests  []home.DeviceID
	Help    household.Help
}

func secretsOf(k household.Kept) secrets { return secrets{k.Private, k.Guests, k.Help} }

func (a rulesPart) privacyView(ctx context.Context, p home.Place, k household.Kept) (view.PrivacyChoice, error) {
	h, err := a.HelpingOf(ctx, p, k)
	return view.PrivacyChoice{Private: k.Private, Guests: mapped(k.Guests, idText), Help: view.Helping(h), ETag: household.Tag(secretsOf(k))}, faults.Tell(err)
}

func (a rulesPart) Privacy(ctx context.Context, p home.Place) (view.PrivacyChoice, error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return view.PrivacyChoice{}, err
	}
	return a.privacyView(ctx, p, k)
}

func (a rulesPart) ChangePrivacy(ctx context.Context, p home.Place, by api.Session, want string, c view.PrivacyPatch) (view.PrivacyChoice, error) {
	k, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		if err := household.Match(want, secretsOf(*k)); err != nil {
			return err
		}
		set(&k.Private, c.Private)
		if c.Help != nil {
			k.Help = map[bool]household.Help{true: household.HelpOn, false: household.HelpOff}[*c.Help]
		}
		if c.Guests == nil {
			return nil
		}
		was := k.Guests
		k.Guests = mapped(*c.Guests, idOf)
		for _, id := range was { // who is no guest any more is of the household, and not taken for a guest again
			if !slices.Contains(k.Guests, id) && !slices.Contains(k.Admitted, id) {
				if err := k.Admit(id, true); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return view.PrivacyChoice{}, err
	}
	return a.privacyView(ctx, p, k)
}

func (a rulesPart) Changes(ctx context.Context, p home.Place, page api.Page) (out api.Slice[view.HouseholdChange], err error) {
	list, err := a.Household.Changes(ctx, p.OfHome(), page.After, page.Limit+1)
	if err != nil {
		return out, err
	}
	if len(list) > page.Limit {
		list = list[:page.Limit]
		out.Next = list[len(list)-1].ID
	}
	names, err := a.Names(ctx, p)
	if err != nil {
		return out, faults.Tell(err)
	}
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return out, err
	}
	for _, c := range list {
		out.Items = append(out.Items, changeView(c, k, names, api.Language(ctx)))
	}
	return out, nil
}

// household is all that a home's people decided.
func (a Homes) household(ctx context.Context, p home.Place) (v view.Household, err error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return v, err
	}
	var errs [6]error
	v.Policy, errs[0] = rulesPart(a).policy(ctx, p, k)
	v.DevicePolicies = map[string]view.DevicePolicy{}
	for id := range k.Devices {
		v.DevicePolicies[string(id)] = devicePolicyView(k, id)
	}
	v.People, errs[1] = peoplePart(a).People(ctx, p)
	v.Schedules, errs[2] = peoplePart(a).Schedules(ctx, p)
	v.Pauses, errs[3] = peoplePart(a).Pauses(ctx, p)
	v.Privacy, errs[5] = rulesPart(a).privacyView(ctx, p, k)
	for _, id := range slices.Concat(k.Admitted, k.Refused) {
		v.Admissions = append(v.Admissions, admissionView(k, id))
	}
	changes, err := a.changes(ctx, p)
	v.Changes, errs[4] = changes, err
	return v, errors.Join(errs[:]...)
}

func (a Homes) changes(ctx context.Context, p home.Place) ([]view.HouseholdChange, error) {
	s, err := rulesPart(a).Changes(ctx, p, api.Page{Limit: household.MaxChanges})
	return s.Items, err
}
