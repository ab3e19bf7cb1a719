package live

import (
	"fmt"

	"cardea/wire/pb"
)

// maxSeen is how many contacts of a view are kept for viewers who come later; those beyond are shown when they change.
const maxSeen = 2000

// seen is what a view shows now: the newest of each device and contact.
type seen struct {
	time     int64
	devices  map[string]*pb.Device
	contacts map[string]*pb.Contact
}

func (s *seen) add(a *pb.Answer) {
	if s.devices == nil {
		s.devices, s.contacts = map[string]*pb.Device{}, map[string]*pb.Contact{}
	}
	s.time = a.GetTime()
	for _, d := range a.GetDevices() {
		if len(s.devices) < maxSeen {
			s.devices[d.GetId()] = d
		}
	}
	for _, c := range a.GetContacts() {
		far := c.GetName()
		if far == "" {
			far = c.GetIp()
		}
		k := fmt.Sprintf("%s %s %d %s %t %t", c.GetDevice(), far, c.GetPort(), c.GetProto(), c.GetInbound(), c.GetLookup())
		if _, had := s.contacts[k]; had || len(s.contacts) < maxSeen {
			s.contacts[k] = c
		}
	}
}

// whole is all of it as one part, nil when nothing came yet.
func (s *seen) whole() *pb.Answer {
	if s.devices == nil {
		return nil
	}
	a := &pb.Answer{Time: s.time}
	for _, d := range s.devices {
		a.Devices = append(a.Devices, d)
	}
	for _, c := range s.contacts {
		a.Contacts = append(a.Contacts, c)
	}
	return a
}
