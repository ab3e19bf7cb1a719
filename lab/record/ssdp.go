package record

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"

	"cardea/lab"
	"cardea/lab/device"

	"golang.org/x/net/ipv4"
)

// group is where SSDP is spoken (UPnP Device Architecture 2.0 section 1).
var group = netip.MustParseAddrPort("239.255.255.250:1900")

// ssdp announces a UPnP device once and answers whoever looks for it, until the stage ends.
func (s *Stage) ssdp(at *lab.Foreign, kind, headers string) error {
	place, err := s.house.Space(at.Name)
	if err != nil {
		return err
	}
	c, err := place.ListenPacket("udp4", "0.0.0.0:1900", device.Iface)
	if err != nil {
		return err
	}
	link, err := place.NL.LinkByName(device.Iface)
	if err != nil {
		c.Close()
		return err
	}
	p := ipv4.NewPacketConn(c)
	err = p.JoinGroup(&net.Interface{Index: link.Attrs().Index, Name: device.Iface}, net.UDPAddrFromAddrPort(group))
	if err != nil {
		c.Close()
		return fmt.Errorf("join %v: %w", group, err)
	}
	_ = p.SetMulticastInterface(&net.Interface{Index: link.Attrs().Index}) // the socket is bound to it
	_ = p.SetMulticastLoopback(false)
	usn := "USN: uuid:7d1c1f02-93a1-4c55-8d00-00000000cafe::" + kind + "\r\n\r\n"
	note := "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n" + headers + "NT: " + kind + "\r\nNTS: ssdp:alive\r\n" + usn
	if _, err := c.WriteToUDPAddrPort([]byte(note), group); err != nil {
		c.Close()
		return fmt.Errorf("announce: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return // closed: the stage ends
			}
			if bytes.HasPrefix(buf[:n], []byte("M-SEARCH ")) {
				_, _ = c.WriteToUDPAddrPort([]byte("HTTP/1.1 200 OK\r\n"+headers+"EXT:\r\nST: "+kind+"\r\n"+usn), from) // lost: it asks again
			}
		}
	}()
	s.closers = append(s.closers, func() { c.Close(); <-done })
	return nil
}
