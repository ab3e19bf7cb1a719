package history

import (
	"context"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// SeedPlace is the nth home that Seed makes.
func SeedPlace(tenant string, n int) home.Place {
	return home.Place{Tenant: tenant, Home: fmt.Sprintf("%08x-0000-7000-8000-%012x", uint32(n)*2654435761, n), Gateway: fmt.Sprintf("00000000-0000-7000-9000-%012x", n)}
}

const seedChunk = 2000 // homes of one transaction

// Seed fills a tenant with homes of five devices as if they had been there, to measure a large store: about one in fifty is
// offline, one in a hundred has something contained.
func Seed(ctx context.Context, h *History, tenant string, homes int, now time.Time) error {
	for from := 0; from < homes; from += seedChunk {
		to := min(from+seedChunk, homes)
		var beats []Beat
		err := h.db.Tx(ctx, func(tx *db.Tx) error {
			beats = beats[:0]
			b := h.Begin(tx)
			for n := from; n < to; n++ {
				p := SeedPlace(tenant, n)
				for _, i := range seedItems(now) {
					if err := b.Take(p, now, i); err != nil {
						return err
					}
				}
				beat := &pb.Heartbeat{Protocol: wire.Protocol, Version: "0.2.0", Armed: true, Devices: 5, Started: now.Add(-time.Hour).UnixMilli()}
				if n%100 == 7 {
					beat.Contained, beat.Incidents = 1, 1
				}
				at := now
				if n%50 == 3 {
					at = now.Add(-time.Hour)
				}
				beats = append(beats, Beat{Place: p, Beat: beat, At: at})
			}
			return b.Flush()
		})
		if err != nil {
			return fmt.Errorf("seed homes: %w", err)
		}
		if err := h.Beat(ctx, beats); err != nil {
			return err
		}
	}
	return nil
}

// seedItems is what each home has told.
func seedItems(now time.Time) []*pb.Item {
	ms := now.UnixMilli()
	list := &pb.Devices{Whole: true}
	hours := &pb.RollUp{Scheme: home.CollapseScheme}
	firsts := &pb.FirstTimes{Scheme: home.CollapseScheme}
	for n, name := range []string{"Camera", "Plug", "Television", "Phone", "Laptop"} {
		id := fmt.Sprintf("018f0000-0000-7000-8000-%012d", n)
		list.Devices = append(list.Devices, &pb.Device{Id: id, Name: name, Vendor: "Vendor", Macs: []string{fmt.Sprintf("02:00:00:00:00:%02x", n)},
			Addresses: []string{fmt.Sprintf("192.168.1.%d", 20+n)}, First: ms, Last: ms, Mode: "off"})
		hours.Hours = append(hours.Hours, &pb.DeviceHour{Device: id, Hour: ms, Up: 1000, Down: 100_000})
		firsts.FirstTimes = append(firsts.FirstTimes, &pb.FirstTime{Device: id, Endpoint: uint64(n + 1), Week: wire.Week(now)})
	}
	return []*pb.Item{{Body: &pb.Item_Devices{Devices: list}}, {Body: &pb.Item_RollUp{RollUp: hours}}, {Body: &pb.Item_FirstTimes{FirstTimes: firsts}},
		{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 12}}}}
}
