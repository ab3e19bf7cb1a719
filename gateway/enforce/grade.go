package enforce

import (
	"slices"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"
)

// Grade says what of a device's containment is in force, as the kernel has it at this moment, not as it was asked for. Of a device that
// no mode holds it is the grade of its pause, or of what is blocked and shut for it.
func (e *Enforcer) Grade(device home.DeviceID) home.Grade {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.applied == nil {
		return home.GradeNone
	}
	i := slices.IndexFunc(e.applied.Devices, func(d home.DeviceRule) bool { return d.Device == device })
	if i < 0 || len(e.applied.Devices[i].MACs) == 0 && !e.applied.Devices[i].Alone {
		return home.GradeNone
	}
	d := e.applied.Devices[i]
	bridge, ok := e.look(rules.Bridge)
	inet, ok2 := e.look(rules.Inet)
	if !ok || !ok2 {
		return home.GradeNone
	}
	macs, ports := "no_lan", "no_lan_ports"
	switch {
	case d.Mode == home.ModeQuarantine:
		macs, ports = "quarantine", "quarantine_ports"
	case d.Mode.Listing():
		l, _ := listOf(d.Mode)
		if !holds(inet, lists[l].devices, d.MACs) {
			return home.GradeNone
		}
	case d.Mode == home.ModeNoLAN:
	default:
		return e.apart(bridge, inet, d)
	}
	if d.Alone && bridge.Sets[ports].Elements[rules.Key(rules.NameKey(d.Port))] {
		return home.GradePort
	}
	if !holds(bridge, macs, d.MACs) {
		return home.GradeNone
	}
	if !slices.ContainsFunc(d.MACs, func(m home.MAC) bool { return !e.isolated[m] }) {
		return home.GradeStation
	}
	return home.GradeMAC
}

// look reads one of the tables that enforce; false: it is not as it should be.
func (e *Enforcer) look(f rules.Family) (nfnl.Kernel, bool) {
	t := e.rules.Table(f, tableEnforce)
	k, err := e.sock.Read(t)
	return k, err == nil && k.There && k.Flags&nfnl.FlagDormant == 0 && intact(k, t)
}

// holds says whether a set has all MACs of a device, and it has some.
func holds(k nfnl.Kernel, set string, macs []home.MAC) bool {
	return len(macs) > 0 && !slices.ContainsFunc(macs, func(m home.MAC) bool { return !k.Sets[set].Elements[rules.Key(m[:])] })
}

// apart is the grade of what holds for a device beside a mode. It goes by MAC, but where the port is locked or shut as well.
func (e *Enforcer) apart(bridge, inet nfnl.Kernel, d home.DeviceRule) home.Grade {
	grade, any := home.GradePort, false
	by := func(there, port bool) {
		switch any = true; {
		case !there:
			grade = home.GradeNone
		case !port && grade == home.GradePort:
			grade = home.GradeMAC
		}
	}
	if d.Paused {
		by(holds(inet, "paused", d.MACs) && holds(bridge, "closed_hosts", d.MACs), d.Alone && bridge.Sets["only_ports"].Elements[rules.Key(rules.NameKey(d.Port))])
	}
	for _, p := range d.Shut {
		there := true
		for _, m := range d.MACs {
			there = there && bridge.Sets["shut"].Elements[rules.Key(m[:], []byte{p.Proto}, rules.PortKey(p.Port))]
		}
		by(there, bridge.Sets["shut_ports"].Elements[rules.Key(rules.NameKey(d.Port), []byte{p.Proto}, rules.PortKey(p.Port))])
	}
	for _, b := range d.Blocked {
		if b.IP.IsValid() {
			by(e.blocks(inet, b, d.MACs), false)
		}
	}
	if d.Mode == home.ModeEndpointBlock && !any { // names only: the resolver has them, whoever asks
		return home.GradeMAC
	}
	if !any {
		return home.GradeNone
	}
	return grade
}

// blocks says whether the kernel keeps all of a device's MACs from an endpoint.
func (e *Enforcer) blocks(inet nfnl.Kernel, b home.Endpoint, macs []home.MAC) bool {
	a := b.IP.Unmap().WithZone("")
	set := "blocked" + version(a)
	for _, m := range macs {
		if b.Port == 0 {
			if !inet.Sets[set+"_hosts"].Elements[rules.Key(m[:], a.AsSlice())] {
				return false
			}
			continue
		}
		for _, p := range protocols(b.Proto) {
			if !inet.Sets[set].Elements[rules.Key(m[:], a.AsSlice(), []byte{p}, rules.PortKey(b.Port))] {
				return false
			}
		}
	}
	return true
}

// intact says whether every chain stands where it should with exactly our rules.
func intact(k nfnl.Kernel, t *rules.Table) bool {
	for _, c := range t.Chains {
		st := k.Chains[c.Name]
		if st == nil || !st.Fits(c) || !slices.EqualFunc(c.Rules, st.Marks, func(r rules.Rule, mark string) bool { return r.Mark() == mark }) {
			return false
		}
	}
	return true
}
