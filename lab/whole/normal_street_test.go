package whole

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/normal"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

const (
	hikCloud  = "dev.hik-connect.com"      // what all cameras of the street use
	hikUpdate = "firmware.hik-connect.com" // and what their new firmware does
	relay     = "relay.smallmaker.example" // used by all of them, and known to nobody
)

var streetLevel = profile.Level{Class: home.ClassCamera, Vendor: "Hikvision", Model: seewell}

// settle makes the street one that the cloud has known for long: cameras are told, named by their owners, and did the same last week.
func (s *street) settle() {
	s.t.Helper()
	s.each(func(h *house) error {
		return h.until("the camera's cloud answers", func() bool { return h.uses(hikCloud) == nil && h.uses(relay) == nil })
	})
	s.each(func(h *house) error {
		return h.until("the cloud knows the camera", func() bool {
			list, err := s.rooms.History.DeviceList(s.ctx, h.place)
			i := slices.IndexFunc(list, func(d history.Device) bool { return slices.Contains(d.GetMacs(), h.mac.String()) })
			if err == nil && i >= 0 {
				h.id = home.DeviceID(list[i].GetId())
			}
			return err == nil && i >= 0
		})
	})
	set, err := profiles(streetLevel, 40, 7, end(hikCloud, "hik-connect.com", "198.18.0.1", 443, "tcp"), end(relay, "smallmaker.example", "198.18.0.2", 443, "tcp"),
		end("", "", "192.168.1.1", 53, "udp")).MarshalBinary()
	s.must(err)
	version, _, err := s.rooms.Rollout.PublishData(s.ctx, "profiles", set)
	s.must(err)
	s.each(func(h *house) error { return h.named() })
	s.each(func(h *house) error {
		return h.until("the profiles are in force", func() bool {
			st, err := h.client.Status(s.ctx)
			return err == nil && st.Cloud != nil && st.Cloud.Bundles["profiles"] == version
		})
	})
	s.lastWeek()
}

// named has the owner say what the camera is; with the order comes what bundles there are.
func (h *house) named() error {
	path := "/v1/homes/" + h.place.Home + "/devices/" + string(h.id) + "/identity"
	key, in := uuid.NewString(), view.Correction{Model: seewell, Vendor: "Hikvision", Class: "camera"}
	var last error
	if err := h.until("the owner's word is taken", func() bool {
		status, err := h.street.api().call(h.street.ctx, http.MethodPut, path, key, in, nil)
		last = err
		return status == http.StatusAccepted
	}); err != nil {
		return errors.Join(err, last)
	}
	return h.until("the gateway knows the model", func() bool {
		list, err := h.client.Devices(h.street.ctx)
		return err == nil && slices.ContainsFunc(list, func(d control.Device) bool { return d.ID == h.id && d.Model == seewell })
	})
}

// lastWeek tells the cloud, as the homes would have, what the cameras used in the two weeks before this one, as the last one may be over
// since an hour only; and makes the homes old.
func (s *street) lastWeek() {
	s.t.Helper()
	d, err := db.Open(s.ctx, "sqlite:"+streetData+"/cardea.db")
	s.must(err)
	defer d.Close()
	for _, h := range s.homes {
		first := &pb.FirstTimes{Scheme: home.CollapseScheme}
		for _, e := range []home.Endpoint{end(hikCloud, "hik-connect.com", "198.18.0.1", 443, "tcp"), end(relay, "smallmaker.example", "198.18.0.2", 443, "tcp")} {
			c := endpoint.Of(&e, false, false)
			for _, ago := range []uint32{2, 1} {
				first.FirstTimes = append(first.FirstTimes, &pb.FirstTime{Device: string(h.id), Endpoint: c.Keys[endpoint.Host], Domain: c.Keys[endpoint.Domain],
					Service: c.Keys[endpoint.Service], Flags: uint32(c.Flags), Week: wire.Week(time.Now()) - ago})
			}
		}
		s.must(d.Tx(s.ctx, func(tx *db.Tx) error {
			b := s.rooms.Normal.BeginSeed(tx, nil)
			return errors.Join(b.Take(h.place, time.Now(), &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: first}}), b.Flush())
		}))
	}
	s.sql(fmt.Sprintf("UPDATE normal_home SET since = %d", time.Now().Add(-60*24*time.Hour).UnixMilli()))
}

// known tells the cloud who the cameras are, as the fleet would have found out; identification has tests of its own.
func (s *street) known() {
	s.t.Helper()
	for _, h := range s.homes {
		s.sql(fmt.Sprintf("INSERT INTO fleet_device (tenant, home, device, updated, model, vendor, class, said_by, grp, tokens) VALUES ('%s','%s','%s',%d,'%s','Hikvision','camera','learned','','')"+
			" ON CONFLICT (tenant, home, device) DO UPDATE SET model = excluded.model, vendor = excluded.vendor, class = excluded.class", h.place.Tenant, h.place.Home, h.id,
			time.Now().UnixMilli(), seewell))
	}
}

// calm says that nobody was told anything.
func (s *street) calm(homes []*house) {
	s.t.Helper()
	for _, h := range homes {
		list, err := h.client.Incidents(s.ctx)
		s.must(err)
		var told view.List[view.IncidentSummary]
		_, err = s.api().call(s.ctx, http.MethodGet, "/v1/homes/"+h.place.Home+"/incidents", "", nil, &told)
		s.must(err)
		if len(list) != 0 || len(told.Items) != 0 {
			s.t.Errorf("home %d is told %+v %+v", h.n, list, told.Items)
		}
	}
	for _, table := range []string{"notify_message", "notify_delivery", "normal_finding", "incident_case"} {
		if n := s.count("SELECT COUNT(*) FROM " + table); n != 0 {
			s.t.Errorf("%s has %d rows", table, n)
		}
	}
}

func (s *street) lines() []normal.Incident {
	s.t.Helper()
	list, _, err := s.rooms.Normal.Incidents(s.ctx, s.tenant, "", 10)
	s.must(err)
	return list
}

// Twenty homes with real agents. All cameras get a new firmware on one day: nobody is told, and the operator reads one line. Then six
// are infected: what their findings agree on is watched, then blocked, in a home that was never hit; what the six claim of an
// endpoint that all homes use is not.
func TestNormalStreet(t *testing.T) {
	t.Parallel() // beside the camera: both wait most of the time
	s := beginStreet(t, 20)
	began := time.Now()
	s.settle()
	t.Logf("the street is settled %.0f s after its agents were ready", time.Since(began).Seconds())
	s.each(func(h *house) error {
		return h.until("the new firmware's endpoint answers", func() bool { return h.uses(hikUpdate) == nil })
	})
	s.eventually("the operator has a line", func() bool {
		s.known()
		if _, err := s.rooms.Normal.Learn(s.ctx); err != nil {
			t.Fatal(err)
		}
		return len(s.lines()) > 0
	})
	_, err := s.rooms.Normal.Learn(s.ctx)
	s.must(err)
	_, err = s.rooms.Normal.Guard(s.ctx)
	s.must(err)
	list := s.lines()
	if len(list) != 1 || list[0].Kind != "update" || list[0].Homes != 20 || list[0].Level != streetLevel || !list[0].Open {
		t.Errorf("%+v", list)
	}
	t.Logf("%.0f s: %s", time.Since(began).Seconds(), list[0].Why)
	s.calm(s.homes)
	s.herd(began)
}

// infect has cameras call their command server and scan, as Mirai does. The call comes first, for they are shut in soon.
func (s *street) infect(homes []*house) {
	s.t.Helper()
	s.each(func(h *house) error {
		_ = h.talks(streetC2)
		raw, err := frame.Open(h.cam, device.Iface, nil)
		if err != nil {
			return err
		}
		defer raw.Close()
		from := netip.AddrFrom4([4]byte{192, 168, byte(10 + h.n), 20})
		return h.until("the scan is found", func() bool {
			for i := range 40 {
				to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 19, byte(time.Now().UnixNano() >> 20), byte(i)}), 23)
				_, _ = raw.Write(frame.SYN(h.mac, gateMAC, netip.AddrPortFrom(from, uint16(20000+i)), to, uint32(i)))
			}
			list, err := h.client.Incidents(s.ctx)
			return err == nil && slices.ContainsFunc(list, func(i home.Incident) bool {
				return slices.ContainsFunc(i.Findings, func(f home.Finding) bool { return f.Detector == home.DetectScanWAN && f.Strength == home.Hard })
			})
		})
	}, homes...)
}

// claims has homes lie: a finding, beside the real ones, that names an endpoint.
func (s *street) claims(homes []*house, e home.Endpoint) {
	s.t.Helper()
	card, err := json.Marshal(home.Card{Seen: []home.Seen{{Endpoint: e}}})
	s.must(err)
	d, err := db.Open(s.ctx, "sqlite:"+streetData+"/cardea.db")
	s.must(err)
	defer d.Close()
	for _, h := range homes {
		f := &pb.Finding{Id: uuid.NewString(), Device: string(h.id), Incident: uuid.NewString(), Detector: string(home.DetectNovelty), Strength: "hard", Card: card}
		s.must(d.Tx(s.ctx, func(tx *db.Tx) error {
			b := s.rooms.Normal.Begin(tx)
			return errors.Join(b.Take(h.place, time.Now(), &pb.Item{Body: &pb.Item_Finding{Finding: f}}), b.Flush())
		}))
	}
}

func (s *street) herd(began time.Time) {
	t := s.t
	t.Helper()
	ill, well := s.homes[:6], s.homes[10]
	s.infect(ill)
	s.claims(ill, end(relay, "smallmaker.example", "198.18.0.2", 443, "tcp"))
	s.claims(ill, end("relay.nobodys.example", "nobodys.example", "198.18.0.3", 443, "tcp"))
	indicator := func(text string) (normal.Indicator, bool) {
		list, err := s.rooms.Normal.Indicators(s.ctx, 20)
		s.must(err)
		i := slices.IndexFunc(list, func(i normal.Indicator) bool { return strings.Contains(i.Endpoint, text) })
		if i < 0 {
			return normal.Indicator{}, false
		}
		return list[i], true
	}
	s.eventually("the homes agree", func() bool {
		s.known()
		_, err := s.rooms.Normal.Guard(s.ctx)
		s.must(err)
		_, ok := indicator(streetC2.Addr().String())
		return ok
	})
	i, _ := indicator(streetC2.Addr().String())
	t.Logf("%.0f s: %s: %s", time.Since(began).Seconds(), i.Endpoint, i.Why)
	if i.Refused || !i.Force.After(time.Now()) {
		t.Errorf("not in shadow: %+v", i)
	}
	if lie, ok := indicator("nobodys"); !ok || lie.Refused { // the lie is believed where it harms nobody: it was heard
		t.Errorf("%+v", lie)
	}
	framed, ok := indicator("smallmaker")
	if ok && !framed.Refused {
		t.Errorf("framed: %+v", framed)
	}
	t.Logf("of what all homes use: %s", framed.Why)
	s.eventually("nothing is blocked while it is watched", func() bool { return well.talks(streetC2) == nil })
	s.sql("UPDATE normal_finding SET got = got - 660000") // eleven minutes pass
	_, err := s.rooms.Normal.Guard(s.ctx)
	s.must(err)
	s.must(well.named()) // what it brings comes with the next order
	s.eventually("the command server is blocked in a home that was not hit", func() bool {
		for range 3 {
			if well.talks(streetC2) == nil {
				return false
			}
		}
		return true
	})
	if err := well.uses(relay); err != nil {
		t.Errorf("what all homes use: %v", err)
	}
	list, err := well.client.Incidents(s.ctx)
	s.must(err)
	for _, i := range list {
		if i.Mode.Rank() > home.ModeEndpointBlock.Rank() {
			t.Errorf("shut in for what other homes found: %+v", i)
		}
	}
	t.Logf("%.0f s: blocked", time.Since(began).Seconds())
}
