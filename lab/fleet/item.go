package fleet

import (
	"fmt"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

const devices = 8 // of a simulated home

// Mix is what homes send of each hundred items, after a first list of all devices. A real home sends a roll-up an hour, first
// times now and then, and a finding hardly ever: this is a dense mix of all kinds.
const Mix = "60 first times, 30 hours of contacts (8 devices, 6 endpoints each), 7 lists of what was stopped, 2 changed devices, 1 finding"

// item makes the item of a sequence: always the same for the same home, so that it can be sent again.
func item(number int, sequence uint64, e entry) *pb.Item {
	it := &pb.Item{Sequence: sequence, Time: e.time}
	seed := uint64(number)<<32 ^ sequence
	dev := deviceID(number, int(sequence%devices))
	switch k := sequence % 100; {
	case e.order != "":
		it.Body = &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: e.order, InForce: true, Done: e.time}}
	case sequence == 1:
		all := &pb.Devices{Whole: true}
		for i := range devices {
			all.Devices = append(all.Devices, device(number, i, e.time))
		}
		it.Body = &pb.Item_Devices{Devices: all}
	case k < 60:
		it.Body = &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme, FirstTimes: []*pb.FirstTime{
			{Device: dev, Endpoint: mix(seed), Week: wire.Week(timeOf(e.time))},
		}}}
	case k < 90:
		it.Body = &pb.Item_RollUp{RollUp: rollUp(number, sequence, e.time)}
	case k < 97:
		it.Body = &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 40, Stops: []*pb.Stop{{
			Device: dev, Endpoint: fmt.Sprintf("ads%d.example.net", seed%1000), Class: "ads", Source: "simulated",
			Reason: "It is on a list.", Count: 3, First: e.time - 60000, Last: e.time,
		}}}}
	case k < 99:
		it.Body = &pb.Item_Devices{Devices: &pb.Devices{Devices: []*pb.Device{device(number, int(seed%devices), e.time)}}}
	default:
		it.Body = &pb.Item_Finding{Finding: &pb.Finding{
			Id: fmt.Sprintf("sim-%d-%d", number, sequence), Device: dev, Detector: "simulated", Strength: "soft", Score: 0.5,
			Sentence: "A simulated home made this up.", Facts: []byte(`{"simulated":true}`),
		}}
	}
	return it
}

func rollUp(number int, sequence uint64, at int64) *pb.RollUp {
	r := &pb.RollUp{Scheme: home.CollapseScheme}
	const hour = 3600_000
	for i := range devices {
		h := &pb.DeviceHour{Device: deviceID(number, i), Hour: (at/hour - int64(sequence%24)) * hour}
		for e := range uint64(6) {
			n := mix(uint64(number)<<32^sequence<<8^uint64(i)<<4^e) % 100000
			h.Usage = append(h.Usage, &pb.Usage{Endpoint: mix(uint64(i)<<8 ^ e), Flows: n % 50, Up: n, Down: 7 * n})
			h.Up += n
			h.Down += 7 * n
		}
		r.Hours = append(r.Hours, h)
	}
	return r
}

func device(number, i int, at int64) *pb.Device {
	return &pb.Device{
		Id: deviceID(number, i), Name: fmt.Sprintf("Simulated device %d", i), Vendor: "Simulated", Gateway: i == 0,
		Macs:      []string{fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", byte(number>>16), byte(number>>8), byte(number), byte(i))},
		Addresses: []string{fmt.Sprintf("192.168.1.%d", i+1)}, First: at, Last: at, Mode: "off",
	}
}

// deviceID has the form of the agent's ids, 128 bits in hexadecimal.
func deviceID(number, i int) string {
	return fmt.Sprintf("%016x%016x", mix(uint64(number)), mix(uint64(i)+1))
}

// mix spreads a number over 64 bits, as SplitMix64 does at its end.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
