package homes

import (
	"cmp"
	"strings"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/household"
)

// changeView puts a change into words. Devices are called as they are called now, people and schedules as they were then.
func changeView(c household.Change, k household.Kept, devices map[string]string) view.HouseholdChange {
	subject := view.Ref{ID: c.Subject, Name: c.Called}
	if subject.Name == "" && c.Subject != "" {
		if subject = base.Named(devices, c.Subject); devices[c.Subject] == "" {
			if who, err := k.Person(c.Subject); err == nil {
				subject.Name = who.Name
			}
		}
	}
	v := view.HouseholdChange{ID: c.ID, Time: base.UTC(c.Time), By: view.Ref{ID: c.Who, Name: c.Name}, Act: string(c.Act), Subject: subject, Fields: []view.HouseholdField{}}
	values := map[string]string{}
	for _, f := range c.Fields {
		v.Fields = append(v.Fields, view.HouseholdField(f))
		values[f.Name] = f.To
	}
	v.Sentence = changeSentence(c, subject.Name, values, k.Zone.Name)
	return v
}

func changeSentence(c household.Change, name string, values map[string]string, zone string) string {
	switch c.Act {
	case household.ActPolicy:
		return "The home's rules were changed: " + differences(c.Fields) + "."
	case household.ActDevicePolicy:
		return "The rules for " + name + " were changed: " + differences(c.Fields) + "."
	case household.ActPersonAdded, household.ActScheduleAdded:
		return name + " was added."
	case household.ActPersonRemoved, household.ActScheduleRemoved:
		return name + " was taken away."
	case household.ActPersonChanged, household.ActScheduleChanged:
		return name + " was changed: " + differences(c.Fields) + "."
	case household.ActPaused:
		return cmp.Or(name, "Everybody") + " was paused until " + localTime(values["until"], zone) + "."
	case household.ActResumed:
		return "The pause of " + cmp.Or(name, "everybody") + " was ended before its time."
	case household.ActAdmission:
		return map[string]string{"admitted": name + " was let in.", "refused": name + " was refused."}[values["admission"]]
	case household.ActGuest:
		if values["guest"] == "on" {
			return name + " is a guest's device now."
		}
		return name + " is not a guest's device any more."
	case household.ActPrivacy:
		return "Privacy Mode was switched " + values["private"] + "."
	case household.ActHelp:
		return "Helping other homes was switched " + values["help"] + "."
	}
	return "Something was changed."
}

// differences names what is different; lists of ids are only named.
func differences(fields []household.Field) string {
	var out []string
	for _, f := range fields {
		switch f.Name {
		case "devices", "whose", "account":
			out = append(out, f.Name)
		default:
			out = append(out, f.Name+" from "+cmp.Or(f.From, "nothing")+" to "+cmp.Or(f.To, "nothing"))
		}
	}
	return strings.Join(out, ", ")
}

// localTime is a time as the clock at home shows it.
func localTime(s, zone string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return "a time"
	}
	if l, err := time.LoadLocation(zone); err == nil {
		t = t.In(l)
	}
	return t.Format("2006-01-02 15:04")
}
