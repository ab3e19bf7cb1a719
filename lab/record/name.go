package record

import (
	"context"
	"strings"

	"cardea/lab"
	"cardea/lab/device"
)

// naming is mDNS by avahi.
var naming = []Scenario{
	{Name: "avahi-speaker", Words: "avahi publishes a loudspeaker's services with their records", Needs: avahiPrograms, run: speaker},
	{Name: "avahi-printer", Words: "avahi publishes a printer, and its neighbour browses for printers", Needs: avahiPrograms, run: printer},
}

var avahiPrograms = []string{"avahi-daemon", "avahi-publish", "avahi-browse", "dbus-daemon", "unshare"}

const busConf = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true"/><allow receive_type="method_call"/><allow receive_type="method_return"/>
<allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
`

const avahiConf = `[server]
host-name=HOST
use-ipv4=yes
use-ipv6=no
allow-interfaces=IFACE
enable-dbus=yes
[publish]
publish-hinfo=no
publish-workstation=no
`

// avahiScript gives avahi's folders to root: an ordinary user's namespace does not have the user whose they would be. It has a
// /run of its own, so that two can run at once.
const avahiScript = `sed -E 's/^(avahi|messagebus):.*/\1:x:0:0::\/:\/bin\/false/' /etc/passwd >FOLDER/passwd
sed -E 's/^(avahi|messagebus):.*/\1:x:0:/' /etc/group >FOLDER/group
mount --bind FOLDER/passwd /etc/passwd
mount --bind FOLDER/group /etc/group
mkdir -p /run/avahi-daemon
mount -t tmpfs tmpfs /run/avahi-daemon
dbus-daemon --config-file=FOLDER/bus.conf --nofork --nopidfile --nosyslog &
until [ -S FOLDER/bus ]; do sleep .02; done
DBUS_SYSTEM_BUS_ADDRESS=unix:path=FOLDER/bus exec avahi-daemon -f FOLDER/avahi.conf --no-drop-root --no-chroot --no-rlimits`

// avahi starts a bus and the daemon at a cable's end, where it calls itself host. Programs reach it by what it returns in
// their environment.
func (s *Stage) avahi(at *lab.Foreign, host string) (env string, err error) {
	folder := s.file(host)
	if err := s.folder(host); err != nil {
		return "", err
	}
	fill := strings.NewReplacer("FOLDER", folder, "SOCKET", folder+"/bus", "HOST", host, "IFACE", device.Iface)
	for name, text := range map[string]string{"bus.conf": busConf, "avahi.conf": avahiConf} {
		if _, err := s.write(host+"/"+name, fill.Replace(text)); err != nil {
			return "", err
		}
	}
	return "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + folder + "/bus", s.start(at, "unshare", "-m", "sh", "-ec", fill.Replace(avahiScript))
}

// once is a program of avahi's that waits for the daemon: it is begun anew until the daemon is there.
func once(env string, argv ...string) []string {
	return append([]string{"env", env, "sh", "-c", `until "$@"; do sleep .05; done`, "sh"}, argv...)
}

func speaker(ctx context.Context, s *Stage) error {
	if _, err := s.settle(ctx, s.client); err != nil {
		return err
	}
	env, err := s.avahi(s.client, "Kitchen-Speaker")
	if err != nil {
		return err
	}
	for _, publish := range [][]string{
		{"Kitchen", "_airplay._tcp", "7000", "deviceid=02:11:22:33:44:55", "model=Soundbox2,1", "srcvers=366.0", "manufacturer=Tonwerk"},
		{"Kitchen", "_spotify-connect._tcp", "4070", "CPath=/zc", "VERSION=1.0"},
	} {
		if err := s.start(s.client, once(env, append([]string{"avahi-publish", "-s"}, publish...)...)...); err != nil {
			return err
		}
	}
	if err := s.tap.seen(ctx, "manufacturer=Tonwerk"); err != nil {
		return err
	}
	return s.tap.seen(ctx, "CPath=/zc")
}

func printer(ctx context.Context, s *Stage) error {
	if _, _, err := s.join(ctx); err != nil {
		return err
	}
	env, err := s.avahi(s.client, "office-printer")
	if err != nil {
		return err
	}
	if err := s.start(s.client, once(env, "avahi-publish", "-s", "Office printer", "_ipp._tcp", "631",
		"ty=Druckwerk LX-200", "product=(LX-200)", "usb_MFG=Druckwerk", "usb_MDL=LX-200", "rp=ipp/print")...); err != nil {
		return err
	}
	if err := s.tap.seen(ctx, "usb_MDL=LX-200"); err != nil {
		return err
	}
	other, err := s.avahi(s.peer, "office-laptop")
	if err != nil {
		return err
	}
	_, err = s.peer.Exec(ctx, once(other, "avahi-browse", "-r", "-t", "_ipp._tcp")...)
	return err
}
