package fleet

import (
	"fmt"
	"time"

	"cardea/behavior/calibrate"
	"cardea/home"
	"cardea/identity"
	"cardea/wire"
	"cardea/wire/pb"
)

const (
	tellsSigns  = 8    // of so many homes one tells by what signs its devices are known
	tellsScores = 0.02 // of homes tell how unusual each day was
	scoredDays  = 75   // before today
)

// signs are what a device shows of itself: some that gateways tell in words, and some as hashes alone.
func signs(model, salt string) (out []*pb.Token) {
	h := wire.TokenHash(0, model+salt)
	add := func(clue identity.Clue, telling wire.Telling, text string) {
		t := &pb.Token{Clue: uint32(clue), Hash: wire.TokenHash(byte(clue), text)}
		if wire.MayTell(telling, text) {
			t.Telling, t.Text = uint32(telling), text
		}
		out = append(out, t)
	}
	add(identity.ClueDHCPParams, wire.TellParams, fmt.Sprintf("1, 3, 6, %d, %d, 51, %d", 12+h%4, 15+h>>8%20, 121+h>>16%100))
	add(identity.ClueDHCPVendor, wire.TellVendor, fmt.Sprintf("sim-%06x 2.#", h&0xffffff))
	add(identity.ClueService, wire.TellService, fmt.Sprintf("_sim%04x._tcp", h>>24&0xffff))
	add(identity.ClueOffers, wire.TellPort, fmt.Sprintf("tcp/%d", 8000+h>>32%1000))
	add(identity.ClueSYN, wire.TellSYN, fmt.Sprintf("%d:mss,ws%d,sok,ts", 14600+h>>40%400*4, h>>48%10))
	add(identity.ClueSoftware, 0, fmt.Sprintf("simulated %x", h))
	return out
}

// sightings is what the fleet learns of devices; of those that nobody knows always with signs, so that they are put together.
func sightings(devices []*pb.Device, models []model, now time.Time, all bool) *pb.Item {
	s := &pb.Sightings{Scheme: 1}
	for i, d := range devices {
		if home.DeviceClass(d.GetClass()).Personal() {
			continue
		}
		sighted := &pb.Sighted{Device: d.GetId(), Week: wire.Week(now), Model: d.GetModel(), Vendor: d.GetVendor(), Class: d.GetClass(), By: "rules", Confidence: d.GetConfidence(), Age: 3}
		switch {
		case models[i].name == "": // sixteen kinds that nobody knows
			sighted.By, sighted.Tokens = "", signs("nobody knows", d.GetMacs()[0][15:16])
		case all:
			sighted.Tokens = signs(models[i].product(), "")
		}
		s.Devices = append(s.Devices, sighted)
	}
	return &pb.Item{Body: &pb.Item_Sightings{Sightings: s}}
}

// scores are how unusual each day of the devices was: what a model's detectors are calibrated by.
func (f Filling) scores(r *random, m *Made, devices []*pb.Device, models []model) {
	if !r.chance(tellsScores) {
		return
	}
	today, out := uint32(f.Now.Unix()/86400), &pb.DayScores{}
	for i, d := range devices {
		if models[i].name == "" || models[i].class.Personal() {
			continue
		}
		for day := max(today-scoredDays, uint32(d.GetFirst()/86_400_000)); day < today; day++ {
			s := &pb.DayScore{Device: d.GetId(), Day: day, Profile: 1, Maxima: make([]float32, calibrate.Stats)}
			for n := range s.GetMaxima() {
				s.Maxima[n] = float32(r.hours(2)) // most days are dull
			}
			out.Days = append(out.Days, s)
		}
	}
	if len(out.GetDays()) > 0 {
		m.Told = append(m.Told, Told{m.Seen, &pb.Item{Body: &pb.Item_DayScores{DayScores: out}}})
	}
}
