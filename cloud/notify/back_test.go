package notify

import (
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// returned is a camera that was shown to be clean, and is only watched by now.
func returned(id string, silent time.Duration) Case {
	c := camera(id, home.StateProbation)
	c.Kind, c.Back, c.Silent = home.InfectionTelnet, true, silent
	return c
}

func closedClean(id string) Case {
	c := camera(id, home.StateClosed)
	c.Kind, c.Outcome, c.Silent = home.InfectionTelnet, home.OutcomeClean, 15*24*time.Hour
	return c
}

// TestADeviceThatIsBackIsToldWhenItIs: on the day on which nothing holds it any more, with the time for which it behaved, and not
// again when the case is closed two weeks later.
func TestADeviceThatIsBackIsToldWhenItIs(t *testing.T) {
	for silent, want := range map[time.Duration]string{
		60 * time.Hour:   "Your Kitchen has behaved normally for 24 hours. It is back on your network.",
		2 * time.Hour:    "Your Kitchen has behaved normally for 2 hours. It is back on your network.",
		80 * time.Second: "Your Kitchen has behaved normally for 1 minute. It is back on your network.",
		0:                "Your Kitchen has behaved normally. It is back on your network.",
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			w := newWorld(t, d)
			w.subscribe()
			w.tell(camera("i1", home.StateContained))
			w.pass(time.Minute)
			w.send()
			w.tell(returned("i1", silent))
			w.pass(time.Minute)
			w.send()
			told := "infected email sent 1; infected push sent 1; clean email sent 1; clean push sent 1"
			if got := w.statuses(); got != told {
				t.Fatalf("%s\nwant %s", got, told)
			}
			if got := w.last(); !strings.Contains(got, want) {
				t.Errorf("after %v: %s", silent, got)
			}
			w.pass(14 * 24 * time.Hour)
			w.tell(closedClean("i1"))
			w.pass(time.Minute)
			w.send()
			if got := w.statuses(); got != told {
				t.Errorf("told again when the case was closed: %s", got)
			}
		})
	}
}

// TestADeviceThatIsHeldByAnotherCaseIsNotBack: the end of one of a device's cases is not its return.
func TestADeviceThatIsHeldByAnotherCaseIsNotBack(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	first, second := camera("i1", home.StateContained), camera("i2", home.StateContained)
	second.Kind = home.InfectionLogin
	back1, back2 := returned("i1", 30*time.Hour), returned("i2", 50*time.Hour)
	back2.Kind = home.InfectionLogin
	for _, c := range []*Case{&first, &second, &back1, &back2} {
		c.DeviceID = "d1"
		w.tell(*c)
		w.pass(time.Minute)
		w.send()
		if c == &back1 && strings.Contains(w.statuses(), "clean email") {
			t.Error("told to be back while another case holds it")
		}
	}
	if got := w.statuses(); strings.Count(got, "clean email sent") != 1 {
		t.Error(got)
	}
}

// TestOneOfSeveralIsBack: what is told is that, with how many are not; and a relapse is told as one.
func TestOneOfSeveralIsBack(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	one, other, back := camera("i1", home.StateContained), camera("i2", home.StateContained), returned("i1", 30*time.Hour)
	one.DeviceID, back.DeviceID, other.DeviceID, other.Device.Name = "d1", "d1", "d2", "Garage"
	w.tell(one)
	w.tell(other)
	w.pass(time.Minute)
	w.send()
	w.tell(back)
	w.pass(time.Minute)
	w.send()
	if got := w.last(); !strings.Contains(got, "Your Kitchen has behaved normally for 24 hours. It is back on your network. 1 other device is still being looked after.") {
		t.Error(got)
	}
	other.State = home.StateCleaning // that is no end of the news
	w.tell(other)
	w.pass(time.Minute)
	w.send()
	if got := w.last(); !strings.Contains(got, "It is back on your network") {
		t.Error(got)
	}
	one.Relapses = 1
	w.tell(one)
	w.pass(time.Minute)
	w.send()
	if got := w.last(); !strings.Contains(got, "Your Kitchen did it again after it was let out") {
		t.Error(got)
	}
	w.tell(back)
	w.pass(time.Minute)
	w.send()
	if got := w.last(); !strings.Contains(got, "It is back on your network") {
		t.Error("its second return: ", got)
	}
}
