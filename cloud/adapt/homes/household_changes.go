package homes

import (
	"cmp"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/household"
	"cardea/home"
	saying "cardea/say"
)

// changeView puts a change into words. Devices are called as they are called now, people and schedules as they were then.
func changeView(c household.Change, k household.Kept, devices map[string]string, lang string) view.HouseholdChange {
	subject := view.Ref{ID: c.Subject, Name: c.Called}
	if subject.Name == "" && c.Subject != "" {
		if subject = base.Named(lang, devices, c.Subject); devices[c.Subject] == "" {
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
	v.Sentence = told(lang, changeSentence(c, subject.Name, values, k.Zone.Name, lang))
	return v
}

// changes are what was done, with the name of what it is about and what is different.
var changes = map[household.Act]saying.Pattern{
	household.ActDevicePolicy: "The rules for {0} were changed: {1}.", household.ActPersonChanged: "{0} was changed: {1}.", household.ActScheduleChanged: "{0} was changed: {1}.",
}

// done are changes of which only the name is told.
var done = map[household.Act]saying.Pattern{
	household.ActPersonAdded: "{0} was added.", household.ActScheduleAdded: "{0} was added.", household.ActPersonRemoved: "{0} was taken away.", household.ActScheduleRemoved: "{0} was taken away.",
}

// switches are what was turned on or off, or answered, with the value that it has now.
var switches = map[string]saying.Pattern{
	"admission admitted": "{0} was let in.", "admission refused": "{0} was refused.",
	"guest on": "{0} is a guest's device now.", "guest off": "{0} is not a guest's device any more.",
	"privacy on": "Privacy Mode was switched on.", "privacy off": "Privacy Mode was switched off.",
	"help on": "Helping other homes was switched on.", "help off": "Helping other homes was switched off.",
}

func changeSentence(c household.Change, name string, values map[string]string, zone, lang string) home.Words {
	who, until := saying.Text(name), saying.Text(localTime(values["until"], zone, lang))
	if p, ok := changes[c.Act]; ok {
		return saying.New(p, who, differences(c.Fields, lang))
	}
	if p, ok := done[c.Act]; ok {
		return saying.New(p, who)
	}
	for _, f := range c.Fields {
		if p, ok := switches[string(c.Act)+" "+cmp.Or(f.To, "off")]; ok {
			return saying.New(p, who)
		}
	}
	switch {
	case c.Act == household.ActPolicy:
		return saying.New("The home's rules were changed: {0}.", differences(c.Fields, lang))
	case c.Act == household.ActPaused && name == "":
		return saying.New("Everybody was paused until {0}.", until)
	case c.Act == household.ActPaused:
		return saying.New("{0} was paused until {1}.", who, until)
	case c.Act == household.ActResumed && name == "":
		return saying.New("The pause of everybody was ended before its time.")
	case c.Act == household.ActResumed:
		return saying.New("The pause of {0} was ended before its time.", who)
	}
	return saying.New("Something was changed.")
}

// differences names what is different; lists of ids are only named.
func differences(fields []household.Field, lang string) saying.Arg {
	var out []saying.Arg
	for _, f := range fields {
		what, value := saying.Text(fieldIn(lang, f.Name)), func(s string) saying.Arg { return saying.Text(cmp.Or(s, fieldIn(lang, "nothing"))) }
		if f.Name != "name" { // which people gave
			value = func(s string) saying.Arg { return saying.Text(fieldIn(lang, cmp.Or(s, "nothing"))) }
		}
		switch f.Name {
		case "devices", "whose", "account":
			out = append(out, what)
		default:
			out = append(out, saying.Said(saying.New("{0} from {1} to {2}", what, value(f.From), value(f.To))))
		}
	}
	return saying.List(out...)
}

// fieldIn is the word for a field or a value of one, or the value itself.
func fieldIn(lang, s string) string {
	if lang == "de" {
		return cmp.Or(fieldsDE[s], s)
	}
	return s
}

// localTime is a time as the clock at home shows it.
func localTime(s, zone, lang string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fieldIn(lang, "a time")
	}
	if l, err := time.LoadLocation(zone); err == nil {
		t = t.In(l)
	}
	return t.Format("2006-01-02 15:04")
}
