package fleet_test

import (
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/lab/fleet"
	"cardea/wire"
	"cardea/wire/pb"
)

// The outbreak is there to be found: by first times in enough homes to be told, in more of them on each day; and only devices that are not
// a person's tell what they use.
func TestWhatAFleetUses(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f := fleet.Filling{Seed: 1, Homes: 4000, Now: now}
	malware := endpoint.Of(&home.Endpoint{Name: "c2.harbour.example", Domain: "harbour.example", Port: 443, Proto: "tcp"}, false, false).Keys[endpoint.Host]
	ill, first, byDay, told, slow, lines := 0, map[uint64]int{}, map[string]int{}, 0, 0, 0
	for n := range f.Homes {
		m := f.Home(n)
		if m.Beat.GetLine().GetSlow() != "" {
			slow++
		}
		personal, has := map[string]bool{}, map[uint64]bool{}
		for _, x := range m.Told {
			switch b := x.Item.GetBody().(type) {
			case *pb.Item_Devices:
				for _, d := range b.Devices.GetDevices() {
					personal[d.GetId()] = home.DeviceClass(d.GetClass()).Personal()
				}
			case *pb.Item_FirstTimes:
				told++
				for _, y := range b.FirstTimes.GetFirstTimes() {
					if personal[y.GetDevice()] || y.GetWeek() > wire.Week(now) {
						t.Fatalf("home %d tells %v", n, y)
					}
					has[y.GetEndpoint()] = true
				}
			case *pb.Item_RollUp:
				for _, h := range b.RollUp.GetHours() {
					for _, u := range h.GetUsage() {
						if u.GetEndpoint() == malware {
							byDay[x.At.Format(time.DateOnly)]++
						}
					}
				}
			case *pb.Item_LineHour:
				lines++
			}
		}
		for e := range has {
			first[e]++
		}
		if has[malware] {
			ill++
		}
	}
	today, before := byDay["2026-11-22"], byDay["2026-11-16"]
	if ill < 20 || told < f.Homes/5 || told > f.Homes/2 || len(first) < 40 || today < 20 || before == 0 || before >= today || slow == 0 || lines == 0 {
		t.Errorf("%d homes of the outbreak, by day %v; %d homes tell of %d endpoints; %d slow lines, %d hours", ill, byDay, told, len(first), slow, lines)
	}
}
