// Package openwrt has no code: its tests build the OpenWrt packages, read them as opkg does, make configurations of uci's and
// start each processor's agent.
package openwrt

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway"
)

const root = "../.."

func pack(t *testing.T, arch, binary string) []byte {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command(root+"/tools/package", "ipk", arch, binary, out)
	cmd.Env = append(os.Environ(), "VERSION=1.2.3", "SOURCE_DATE_EPOCH=1700000000", "SQUEEZE=0", "TMPDIR="+t.TempDir())
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	b, err := os.ReadFile(filepath.Join(out, "cardea-agent_1.2.3_"+arch+".ipk"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpack gives an archive's files by name and "mode name" of all, in their order. All must be root's and of one time.
func unpack(t *testing.T, b []byte) (map[string][]byte, []string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	files, list := map[string][]byte{}, []string(nil)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, list
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 1700000000 {
			t.Errorf("%s: user %d, group %d, %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		if h.Typeflag == tar.TypeReg {
			list = append(list, fmt.Sprintf("%04o %s", h.Mode, h.Name))
			if files[h.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPackages(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "agent")
	if err := os.WriteFile(bin, []byte("the program"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"x86_64", "aarch64_cortex-a53", "arm_cortex-a7", "mipsel_24kc"} {
		b := pack(t, arch, bin)
		if again := pack(t, arch, bin); sha256.Sum256(b) != sha256.Sum256(again) {
			t.Errorf("%s: packed again it is another", arch)
		}
		outer, order := unpack(t, b)
		if want := []string{"0644 ./debian-binary", "0644 ./data.tar.gz", "0644 ./control.tar.gz"}; !slices.Equal(order, want) {
			t.Errorf("%s holds %v", arch, order)
		}
		if string(outer["./debian-binary"]) != "2.0\n" {
			t.Errorf("debian-binary: %q", outer["./debian-binary"])
		}
		data, list := unpack(t, outer["./data.tar.gz"])
		if want := []string{"0600 ./etc/config/cardea", "0755 ./etc/init.d/cardea", "0755 ./etc/init.d/cardea-restore",
			"0644 ./lib/upgrade/keep.d/cardea", "0755 ./usr/lib/cardea/cardea-config", "0755 ./usr/sbin/cardea-agent",
			"0644 ./usr/share/cardea/agent.yaml"}; !slices.Equal(list, want) {
			t.Errorf("%s installs %v", arch, list)
		}
		if string(data["./usr/sbin/cardea-agent"]) != "the program" {
			t.Error("it is another program")
		}
		control, list := unpack(t, outer["./control.tar.gz"])
		if want := []string{"0644 ./conffiles", "0644 ./control", "0755 ./postinst", "0755 ./prerm"}; !slices.Equal(list, want) {
			t.Errorf("%s: control has %v", arch, list)
		}
		if c := string(control["./control"]); !strings.Contains(c, "\nArchitecture: "+arch+"\n") || !strings.Contains(c, "\nVersion: 1.2.3\n") {
			t.Error(c)
		}
	}
}

// An image is made: the scripts touch nothing but it.
func TestScriptsInAnImage(t *testing.T) {
	image := t.TempDir()
	for script, want := range map[string]int{"postinst": 3, "prerm": 0} {
		cmd := exec.Command("busybox", "sh", script)
		cmd.Env = append(os.Environ(), "IPKG_INSTROOT="+image)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		links, err := filepath.Glob(image + "/etc/rc.d/*")
		if script == "postinst" && (err != nil || len(links) != want) {
			t.Errorf("%s: %v, %v", script, links, err)
		}
	}
}

// configure makes the agent's configuration of a uci configuration, with the shell that routers have. uci itself is not
// here: a program of its name says what `uci export` says.
func configure(t *testing.T, config string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "export"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	uci := "#!/bin/sh\n[ \"$*\" = '-q export cardea' ] && grep -v '^[[:space:]]*#' " + dir + "/export\n"
	if err := os.WriteFile(filepath.Join(dir, "uci"), []byte(uci), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("busybox", "sh", "cardea-config")
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, problem.String())
	}
	return out.String(), err
}

func TestTheAgentReadsWhatUCISays(t *testing.T) {
	shipped, err := os.ReadFile("cardea.config")
	if err != nil {
		t.Fatal(err)
	}
	text, err := configure(t, string(shipped))
	if err != nil {
		t.Fatal(err)
	}
	c, err := gateway.ParseConfig([]byte(text))
	if err != nil || c.LAN != "br-lan" || c.WAN != "wan" || len(c.DNS.Upstreams) != 2 || c.DNS.LocalServer != "127.0.0.1:53" ||
		c.Ledger.MaxBytes != 8<<20 || !*c.Containment.Automatic || c.Socket != "/var/run/cardea/agent.sock" || c.Update.Off || c.Care.Off || len(c.Care.Restart) != 0 {
		t.Errorf("%+v, %v\n%s", c, err, text)
	}

	full := string(shipped) + `
config containment
	option automatic 'no'
	option quiet '12h'
	list protected '00:00:5e:00:53:01'
	list protected '00:00:5e:00:53:02'

config policy
	list allow 'good.example'
	list block 'bad.example'
	list block '192.0.2.0/24'

config portal
	option provider 'Müller'\''s "net": $(touch /tmp/cardea-was-run) # & \ | {x}'

config cloud
	option reconnect '1m'
	option contain_per_day '3'
	list protected 'ours.example'
	list protected 'theirs.example'

config update
	option off '1'
	option prove '10m'
	option steady '1m'

config care
	option off '1'
	list restart '/sbin/reboot'
	list restart '-d'
	list restart '3; touch /tmp/cardea-was-run'
`
	if text, err = configure(t, full); err != nil {
		t.Fatal(err)
	}
	c, err = gateway.ParseConfig([]byte(text))
	if err != nil || *c.Containment.Automatic || len(c.Containment.Protected) != 2 || len(c.Policy.Block) != 2 || len(c.Policy.Allow) != 1 ||
		c.Portal.Provider != `Müller's "net": $(touch /tmp/cardea-was-run) # & \ | {x}` || c.Cloud.ContainPerDay != 3 ||
		!slices.Equal(c.Cloud.Protected, []string{"ours.example", "theirs.example"}) || c.Update != (gateway.UpdateConfig{Off: true, Prove: 10 * time.Minute, Steady: time.Minute}) ||
		!c.Care.Off || !slices.Equal(c.Care.Restart, []string{"/sbin/reboot", "-d", "3; touch /tmp/cardea-was-run"}) {
		t.Errorf("%+v, %v\n%s", c, err, text)
	}
	if _, err := os.Stat("/tmp/cardea-was-run"); err == nil {
		t.Error("a value was run")
	}
	for _, bad := range []string{
		"config agent\n\toption lan 'br-lan\nwan: eth0'\n", "config agent\n\toption colour 'red'\n", "config ledger\n\toption max_bytes '1 # x'\n",
		"config dns\n\tlist search 'x'\n", "config what\n\toption x '1'\n",
		"config care\n\toption restart '/sbin/reboot'\n", "config update\n\toption url 'x'\n",
	} {
		if text, err := configure(t, bad); err == nil {
			t.Errorf("%q was taken:\n%s", bad, text)
		}
	}
}

// Each processor's agent is built, packed as for everybody, and starts from its package: it says its version and what is
// wrong with a configuration.
func TestEveryProcessorsAgentStarts(t *testing.T) {
	out, bad := t.TempDir(), filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(bad, []byte("lan: br-lan\nwan: eth1\ncolour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(root+"/tools/package", "agents", out)
	cmd.Env = append(os.Environ(), "VERSION=9.8.7", "SOURCE_DATE_EPOCH=1700000000", "SQUEEZE=0", "TMPDIR="+t.TempDir())
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if debs, err := filepath.Glob(out + "/cardea-agent_9.8.7_*.deb"); err != nil || len(debs) != 3 {
		t.Errorf("Debian's: %v, %v", debs, err)
	}
	for arch, qemu := range map[string]string{"x86_64": "qemu-x86_64-static", "aarch64_cortex-a53": "qemu-aarch64-static",
		"arm_cortex-a7": "qemu-arm-static", "mipsel_24kc": "qemu-mipsel-static"} {
		b, err := os.ReadFile(filepath.Join(out, "cardea-agent_9.8.7_"+arch+".ipk"))
		if err != nil {
			t.Fatal(err)
		}
		outer, _ := unpack(t, b)
		data, _ := unpack(t, outer["./data.tar.gz"])
		bin := filepath.Join(t.TempDir(), "cardea-agent")
		if err := os.WriteFile(bin, data["./usr/sbin/cardea-agent"], 0o700); err != nil {
			t.Fatal(err)
		}
		if says, err := exec.Command(qemu, bin, "--version").CombinedOutput(); err != nil || string(says) != "9.8.7\n" {
			t.Errorf("%s --version: %q, %v", arch, says, err)
		}
		says, err := exec.Command(qemu, bin, "run", "--config", bad).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(says, []byte("colour")) || !bytes.Contains(says, []byte("line 3")) {
			t.Errorf("%s with a bad configuration: %q, %v", arch, says, err)
		}
		t.Logf("%s: the program has %d bytes, its package %d", arch, len(data["./usr/sbin/cardea-agent"]), len(b))
	}
}
