package home

import "net/netip"

// Desired is everything the kernel is to enforce, whole, every time. enforce.Compile turns it into rules.
type Desired struct {
	Version uint64
	Devices []DeviceRule // devices without a rule are left alone
	Dormant bool         // the kill switch: tables stay, nothing is matched
}

// DeviceRule is what holds for one device.
type DeviceRule struct {
	Device    DeviceID
	Mode      Mode // each of Modes; of ModeEndpointBlock the kernel knows no more than Blocked
	New       bool // it is held because nobody has said yes to it yet: there is no case
	Paused    bool // no internet: its own home and the gateway's page stay
	MACs      []MAC
	Addresses []netip.Addr // what it may claim: its leases, SLAAC and link-local addresses
	Port      string       // bridge port, "" when unknown
	Alone     bool         // nobody else uses Port: cut the port as well
	Blocked   []Endpoint   // endpoint-block: far addresses (and ports) this device may not reach
	Closed    []PortRule   // what the internet may not reach of it
	Shut      []PortRule   // what neither the internet nor other devices may reach of it, as an open telnet
}
