package debian

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// chroot is a root of its own: this machine's files with everything that is written beside them, without its network, its
// processes and its systemd. Only root can make one.
const chroot = `set -eu
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
mount -t tmpfs tmpfs "$1/root/run"
mount -t tmpfs tmpfs "$1/root/tmp"
mount -t tmpfs tmpfs "$1/root/dev"
mount -t proc proc "$1/root/proc"
for d in null zero random urandom; do : >"$1/root/dev/$d"; mount --bind "/dev/$d" "$1/root/dev/$d"; done
mkdir "$1/root/tmp/packages"
mount --bind "$1/packages" "$1/root/tmp/packages"
cp "$1/script" "$1/root/tmp/script"
ip link set lo up
exec chroot "$1/root" /bin/bash -c '. /tmp/script'
`

// common is what every script begins with.
const common = `set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C
die() { echo "FAILED: $*" >&2; exit 1; }
has() { [ -e "$1" ] || die "$1 is missing"; }
hasnot() { [ ! -e "$1" ] || die "$1 is there"; }
until_() { for i in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; "$@"; }
rm -rf /var/lib/cardea /var/lib/cardea-cloud /etc/cardea
`

// inRoot runs a script in a root of its own, with packages in /tmp/packages.
func inRoot(t *testing.T, script string, packages map[string]string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("installing packages in a root of their own needs root")
	}
	dir := t.TempDir()
	for _, d := range []string{"up", "work", "root", "packages"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range packages {
		if err := os.Rename(path, filepath.Join(dir, "packages", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(common+script), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // a script that hangs ends with all it started
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private",
		"sh", "-c", chroot, "sh", dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

const agentScript = `
dpkg -i /tmp/packages/one.deb
[ "$(dpkg-query -W -f='${Status}' cardea-agent)" = "install ok installed" ] || die "not installed"
hasnot /etc/cardea/agent.yaml
has /etc/systemd/system/multi-user.target.wants/cardea-agent.service
has /etc/systemd/system/multi-user.target.wants/cardea-restore.service
[ "$(stat -c %a /var/lib/cardea)" = 700 ] || die "mode of the state"
pgrep -x cardea-agent && die "an agent was started on a machine that nobody has configured"
systemd-analyze verify --man=no /lib/systemd/system/cardea-agent.service /lib/systemd/system/cardea-restore.service 2>&1 |
    grep -i cardea && die "units"
cardea-agent --version | grep -qx 1.0 || die "version"

ip link add br-lan type bridge
ip addr add 192.168.77.1/24 dev br-lan
ip link set br-lan up
ip link add eth1 type veth peer name far1
ip link set eth1 up
sed 's|^metrics:.*|metrics: ""|' /usr/share/doc/cardea-agent/agent.yaml >/etc/cardea/agent.yaml
echo "# mine" >>/etc/default/cardea-agent

cardea-agent restore --config /etc/cardea/agent.yaml || die "restore"
mkdir -p /run/cardea
cardea-agent run --config /etc/cardea/agent.yaml 2>/tmp/log &
agent=$!
until_ cardea-agent status || { cat /tmp/log; die "it does not run"; }
cardea-agent block kept.example || die "block"
kill $agent; wait $agent || die "it did not end well"
grep -q kept.example /var/lib/cardea/home.json || die "not remembered"
echo kept >/var/lib/cardea/witness

dpkg -i /tmp/packages/two.deb </dev/null
cardea-agent --version | grep -qx 1.1 || die "version after the upgrade"
grep -q "# mine" /etc/default/cardea-agent || die "the administrator's change was lost"
has /etc/cardea/agent.yaml
[ "$(cat /var/lib/cardea/witness)" = kept ] || die "state was lost"
cardea-agent run --config /etc/cardea/agent.yaml 2>/tmp/log &
agent=$!
until_ cardea-agent status || { cat /tmp/log; die "it does not run after the upgrade"; }
cardea-agent unblock kept.example || die "the block was forgotten"

dpkg -r cardea-agent
cardea-agent --version 2>/dev/null && die "not removed"
kill $agent; wait $agent || true
has /var/lib/cardea/home.json
has /etc/default/cardea-agent
hasnot /etc/systemd/system/multi-user.target.wants/cardea-agent.service
dpkg -P cardea-agent
hasnot /var/lib/cardea
hasnot /etc/default/cardea-agent
has /etc/cardea/agent.yaml # the administrator wrote it
echo done
`

// The agent's package is installed, configured, run, upgraded, removed and purged by dpkg.
func TestAgentIsInstalledAndUpgraded(t *testing.T) {
	out := t.TempDir()
	one := pack(t, "deb-agent", "amd64", "1.0", program(t, "cardea-agent", "1.0"), out)
	two := pack(t, "deb-agent", "amd64", "1.1", program(t, "cardea-agent", "1.1"), out)
	if s := inRoot(t, agentScript, map[string]string{"one.deb": one, "two.deb": two}); !strings.HasSuffix(s, "done\n") {
		t.Error(s)
	}
}

const cloudScript = `
dpkg -i /tmp/packages/one.deb
id cardea-cloud >/dev/null || die "no user"
[ "$(stat -c '%a %U' /var/lib/cardea-cloud)" = "700 cardea-cloud" ] || die "$(stat -c '%a %U' /var/lib/cardea-cloud)"
hasnot /etc/systemd/system/multi-user.target.wants/cardea.service
pgrep -x cardea && die "it was started by its installation"
systemd-analyze verify --man=no /lib/systemd/system/cardea.service 2>&1 | grep -i cardea && die "unit"
cardea --version | grep -qx 1.0 || die "version"

# As the unit runs it: its user, no capability, no new privileges.
serve() {
    setpriv --reuid cardea-cloud --regid cardea-cloud --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
        cardea serve --data /var/lib/cardea-cloud --http 127.0.0.1:8490 --listen 127.0.0.1:4222 >/tmp/log 2>&1 &
    cloud=$!
    until_ curl -fsS http://127.0.0.1:8490/healthz || { cat /tmp/log; die "it does not run"; }
}
serve
kill $cloud; wait $cloud || { cat /tmp/log; die "it did not end well"; }
has /var/lib/cardea-cloud/cardea.db
[ -z "$(find /var/lib/cardea-cloud -type f -perm /077 -name '*key*')" ] || die "keys that others may read"
[ -z "$(find /var/lib/cardea-cloud ! -user cardea-cloud)" ] || die "files of others"
sed -i 's|^CARDEA_OPTIONS=.*|CARDEA_OPTIONS="--public https://home.example"|' /etc/default/cardea

dpkg -i /tmp/packages/two.deb </dev/null
cardea --version | grep -qx 1.1 || die "version after the upgrade"
grep -q home.example /etc/default/cardea || die "the administrator's change was lost"
serve
kill $cloud; wait $cloud || die "it did not end well"
dpkg -r cardea
has /var/lib/cardea-cloud/cardea.db
dpkg -P cardea
hasnot /var/lib/cardea-cloud
echo done
`

func TestCloudIsInstalledAndUpgraded(t *testing.T) {
	out := t.TempDir()
	one := pack(t, "deb-cloud", "amd64", "1.0", program(t, "cardea", "1.0"), out)
	two := pack(t, "deb-cloud", "amd64", "1.1", program(t, "cardea", "1.1"), out)
	if s := inRoot(t, cloudScript, map[string]string{"one.deb": one, "two.deb": two}); !strings.HasSuffix(s, "done\n") {
		t.Error(s)
	}
}
