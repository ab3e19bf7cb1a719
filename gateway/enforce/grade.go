package enforce

import (
	"slices"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"
)

// Grade says what of a device's containment is in force, as the kernel has it at this moment, not as it was asked for.
func (e *Enforcer) Grade(device home.DeviceID) home.Grade {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.applied == nil {
		return home.GradeNone
	}
	i := slices.IndexFunc(e.applied.Devices, func(d home.DeviceRule) bool { return d.Device == device })
	if i < 0 {
		return home.GradeNone
	}
	d := e.applied.Devices[i]
	macs, ports := "quarantine", "quarantine_ports"
	switch d.Mode {
	case home.ModeNoLAN, home.ModeVendorOnly:
		macs, ports = "no_lan", "no_lan_ports"
	case home.ModeQuarantine:
	default:
		return home.GradeNone
	}
	t := e.rules.Table(rules.Bridge, tableEnforce)
	k, err := e.sock.Read(t)
	if err != nil || !k.There || k.Flags&nfnl.FlagDormant != 0 || !intact(k, t) {
		return home.GradeNone
	}
	if d.Mode == home.ModeVendorOnly && !e.vendorOnly(d) {
		return home.GradeNone
	}
	if d.Alone && k.Sets[ports].Elements[rules.Key(rules.NameKey(d.Port))] {
		return home.GradePort
	}
	isolated := len(d.MACs) > 0
	for _, m := range d.MACs {
		if !k.Sets[macs].Elements[rules.Key(m[:])] {
			return home.GradeNone
		}
		isolated = isolated && e.isolated[m]
	}
	switch {
	case len(d.MACs) == 0:
		return home.GradeNone
	case isolated:
		return home.GradeStation
	}
	return home.GradeMAC
}

// vendorOnly says whether the part of the mode is in force that the bridge does not have.
func (e *Enforcer) vendorOnly(d home.DeviceRule) bool {
	t := e.rules.Table(rules.Inet, tableEnforce)
	k, err := e.sock.Read(t)
	return err == nil && k.There && k.Flags&nfnl.FlagDormant == 0 && intact(k, t) && !slices.ContainsFunc(d.MACs, func(m home.MAC) bool {
		return !k.Sets["vendor_only"].Elements[rules.Key(m[:])]
	})
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
