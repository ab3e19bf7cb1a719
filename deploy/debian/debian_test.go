// Package debian has no code: its tests build the Debian packages and install them with dpkg, in a root of their own.
package debian

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// run runs a command and gives what it prints; it fails the test when the command fails.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// pack packs a program and gives the package's path.
func pack(t *testing.T, kind, arch, version, binary, out string) string {
	t.Helper()
	s := run(t, []string{"VERSION=" + version, "SOURCE_DATE_EPOCH=1700000000", "SQUEEZE=0"}, root+"/tools/package", kind, arch, binary, out)
	return strings.TrimSpace(s)
}

// program builds one of our programs.
func program(t *testing.T, name, version string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), name)
	run(t, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+version, "-o", to, root+"/cmd/"+name)
	return to
}

// small stands for a program where only the package around it counts.
func small(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 100_000), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

var fileLine = regexp.MustCompile(`(?m)^(\S+) (\S+) +\d+ \S+ \S+ \.(/\S+)$`)

// files lists a package: "mode owner path", without folders.
func files(t *testing.T, deb string) []string {
	t.Helper()
	var out []string
	for _, m := range fileLine.FindAllStringSubmatch(run(t, []string{"TZ=UTC"}, "dpkg-deb", "-c", deb), -1) {
		if m[1][0] != 'd' {
			out = append(out, m[1]+" "+m[2]+" "+m[3])
		} else if m[1] != "drwxr-xr-x" || m[2] != "root/root" {
			t.Errorf("%s: folder %s", filepath.Base(deb), m[0])
		}
	}
	slices.Sort(out)
	return out
}

func TestPackagesHoldWhatTheyShould(t *testing.T) {
	bin := small(t)
	for _, c := range []struct {
		kind, name string
		archs      []string
		want       []string
	}{
		{"deb-agent", "cardea-agent", []string{"amd64", "arm64", "armhf"}, []string{
			"-rw-r--r-- root/root /etc/default/cardea-agent",
			"-rw-r--r-- root/root /lib/systemd/system/cardea-agent.service",
			"-rw-r--r-- root/root /lib/systemd/system/cardea-restore.service",
			"-rw-r--r-- root/root /usr/share/doc/cardea-agent/agent.yaml",
			"-rw-r--r-- root/root /usr/share/doc/cardea-agent/copyright",
			"-rwxr-xr-x root/root /usr/bin/cardea-agent"}},
		{"deb-cloud", "cardea", []string{"amd64", "arm64"}, []string{
			"-rw-r----- root/root /etc/default/cardea",
			"-rw-r--r-- root/root /lib/systemd/system/cardea.service",
			"-rw-r--r-- root/root /usr/share/doc/cardea/README.Debian",
			"-rw-r--r-- root/root /usr/share/doc/cardea/copyright",
			"-rwxr-xr-x root/root /usr/bin/cardea"}},
	} {
		for _, arch := range c.archs {
			deb := pack(t, c.kind, arch, "1.2.3", bin, t.TempDir())
			if got := files(t, deb); !slices.Equal(got, c.want) {
				t.Errorf("%s %s holds\n%s\nwant\n%s", c.name, arch, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			field := func(name string) string { return strings.TrimSpace(run(t, nil, "dpkg-deb", "-f", deb, name)) }
			if field("Package") != c.name || field("Version") != "1.2.3" || field("Architecture") != arch || field("Installed-Size") == "" {
				t.Errorf("%s %s: %s", c.name, arch, run(t, nil, "dpkg-deb", "-f", deb))
			}
			if conf := run(t, nil, "dpkg-deb", "-I", deb, "conffiles"); conf != "/etc/default/"+c.name+"\n" {
				t.Errorf("%s: conffiles %q", c.name, conf)
			}
		}
	}
}

// The same sources make the same bytes, whoever packs them and where.
func TestPackagesAreReproducible(t *testing.T) {
	bin := small(t)
	for _, kind := range []string{"deb-agent", "deb-cloud"} {
		var sums []string
		for _, umask := range []string{"022", "077"} {
			out := t.TempDir()
			run(t, []string{"VERSION=1.2.3", "SOURCE_DATE_EPOCH=1700000000", "TMPDIR=" + t.TempDir(), "TZ=Asia/Tokyo"}, "sh", "-c",
				`umask "$1"; exec "$2" "$3" arm64 "$4" "$5"`, "sh", umask, root+"/tools/package", kind, bin, out)
			all, err := filepath.Glob(out + "/*.deb")
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			b, err := os.ReadFile(all[0])
			if err != nil {
				t.Fatal(err)
			}
			sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(b)))
		}
		if sums[0] != sums[1] {
			t.Errorf("%s: %v", kind, sums)
		}
	}
}

func TestVersions(t *testing.T) {
	bin := small(t)
	for version, want := range map[string]string{"v1.2.3": "1.2.3", "1.2.3-4-gabc-dirty": "1.2.3+4+gabc+dirty", "abc1234": "0.0~202311142213+abc1234"} {
		if deb := filepath.Base(pack(t, "deb-agent", "amd64", version, bin, t.TempDir())); deb != "cardea-agent_"+want+"_amd64.deb" {
			t.Errorf("%s: %s", version, deb)
		}
	}
	cmd := exec.Command(root+"/tools/package", "deb-agent", "amd64", bin, t.TempDir())
	cmd.Env = append(os.Environ(), "VERSION=1.0/../x")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("a version with a path was taken: %s", out)
	}
}

func TestScriptsAreShell(t *testing.T) {
	var all []string
	for _, glob := range []string{"*/p*", "../openwrt/*.init", "../openwrt/p*", "../openwrt/cardea-config", root + "/tools/package"} {
		some, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	if len(all) < 12 {
		t.Fatalf("only %v", all)
	}
	for _, path := range all {
		run(t, nil, "sh", "-n", path)
		run(t, nil, "busybox", "sh", "-n", path)
	}
}
