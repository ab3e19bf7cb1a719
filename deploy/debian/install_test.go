package debian

import (
	"context"
	"fmt"
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

// installScript is the whole life of both packages, in one root.
const installScript = `
dpkg -i /tmp/packages/cloud-1.deb /tmp/packages/agent-1.deb
for p in cardea cardea-agent; do
    [ "$(dpkg-query -W -f='${Status}' $p)" = "install ok installed" ] || die "$p is not installed"
    $p --version | grep -qx 1.0 || die "version of $p"
done
hasnot /etc/cardea/agent.yaml
wants=/etc/systemd/system/multi-user.target.wants
has $wants/cardea-agent.service
has $wants/cardea-restore.service
hasnot $wants/cardea.service
[ "$(stat -c %a /var/lib/cardea)" = 700 ] || die "mode of the agent's state"
id cardea-cloud >/dev/null || die "no user"
[ "$(stat -c '%a %U' /var/lib/cardea-cloud)" = "700 cardea-cloud" ] || die "$(stat -c '%a %U' /var/lib/cardea-cloud)"
pgrep -x cardea-agent && die "an agent was started on a machine that nobody has configured"
pgrep -x cardea && die "the cloud was started by its installation"
cd /lib/systemd/system
systemd-analyze verify --man=no $PWD/cardea.service $PWD/cardea-agent.service $PWD/cardea-restore.service 2>&1 | grep -i cardea && die "units"
cd /

# As the unit runs it: its user, no capability, no new privileges.
as_cloud="setpriv --reuid cardea-cloud --regid cardea-cloud --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs"
serve() {
    $as_cloud cardea serve --data /var/lib/cardea-cloud --http 127.0.0.1:8490 --listen 127.0.0.1:4222 >/tmp/cloud.log 2>&1 &
    cloud=$!
    until_ curl -fsS http://127.0.0.1:8490/readyz || { cat /tmp/cloud.log; die "the cloud is not ready"; }
}
admin() { $as_cloud cardea admin --data /var/lib/cardea-cloud "$@"; }
run_agent() {
    mkdir -p /run/cardea
    cardea-agent run --config /etc/cardea/agent.yaml 2>/tmp/agent.log &
    agent=$!
    until_ cardea-agent status || { cat /tmp/agent.log; die "the agent does not run"; }
}
connected() { cardea-agent status | grep -q 'cloud: connected'; }
linked() { until_ connected || { cat /tmp/agent.log /tmp/cloud.log; die "$1"; }; }
gateways() { admin gateway list "$home" --tenant example; }

serve
has /var/lib/cardea-cloud/cardea.db
admin tenant create example "Example Net" >/dev/null
home=$(admin home create 100-1 --tenant example)
admin --json home claim "$home" --tenant example | sed 's/.*"code":"\([^"]*\)".*/\1/' >/tmp/claim

ip link add br-lan type bridge
ip addr add 192.168.77.1/24 dev br-lan
ip link set br-lan up
ip link add eth1 type veth peer name far1
ip link set eth1 up
sed 's|^metrics:.*|metrics: ""|; s|reconnect: 2m.*|reconnect: 1s|' /usr/share/doc/cardea-agent/agent.yaml >/etc/cardea/agent.yaml
grep -q 'reconnect: 1s' /etc/cardea/agent.yaml || die "configuration"
cardea-agent enroll --config /etc/cardea/agent.yaml --cloud http://127.0.0.1:8490 --code-file /tmp/claim || die "enroll"
[ -z "$(find /var/lib/cardea/cloud -perm /077)" ] || die "others may read who the gateway is"
cardea-agent restore --config /etc/cardea/agent.yaml || die "restore"
run_agent
linked "the agent does not reach the cloud"
[ "$(gateways | grep -c active)" = 1 ] || die "gateways: $(gateways)"
gateway=$(gateways)
cardea-agent block kept.example || die "block"
[ -z "$(find /var/lib/cardea-cloud -type f -perm /077 -name '*key*')" ] || die "keys that others may read"
[ -z "$(find /var/lib/cardea-cloud ! -user cardea-cloud)" ] || die "files of others"
echo "# mine" >>/etc/default/cardea-agent
sed -i 's|^CARDEA_OPTIONS=.*|CARDEA_OPTIONS="--public https://home.example"|' /etc/default/cardea

# The cloud first, with the agent running: it comes back by itself.
kill $cloud; wait $cloud || { cat /tmp/cloud.log; die "the cloud did not end well"; }
dpkg -i /tmp/packages/cloud-2.deb </dev/null
cardea --version | grep -qx 1.1 || die "version of the cloud after the upgrade"
grep -q home.example /etc/default/cardea || die "the administrator's change was lost"
until_ sh -c '! cardea-agent status | grep -q "cloud: connected"' || die "the agent did not notice"
serve
linked "the agent does not reach the cloud after its upgrade"

# Then the agent: what it knows and who it is stays.
identity=$(sha256sum /var/lib/cardea/cloud/identity.pem)
dpkg -i /tmp/packages/agent-2.deb </dev/null
kill -0 $agent || die "the upgrade ended the agent where no systemd runs"
kill $agent; wait $agent || die "the agent did not end well"
cardea-agent --version | grep -qx 1.1 || die "version of the agent after the upgrade"
grep -q "# mine" /etc/default/cardea-agent || die "the administrator's change was lost"
[ "$(sha256sum /var/lib/cardea/cloud/identity.pem)" = "$identity" ] || die "it is somebody else"
run_agent
linked "the agent does not reach the cloud after its own upgrade"
cardea-agent unblock kept.example || die "the block was forgotten"
until_ sh -c "cardea-agent status | grep -q ' 0 things not confirmed'" || die "$(cardea-agent status)"
[ "$(gateways | cut -d ' ' -f 1)" = "$(echo "$gateway" | cut -d ' ' -f 1)" ] || die "gateways: $(gateways)"

dpkg -r cardea-agent
cardea-agent --version 2>/dev/null && die "not removed"
kill $agent; wait $agent || true
has /var/lib/cardea/cloud/identity.pem
has /etc/default/cardea-agent
hasnot $wants/cardea-agent.service
dpkg -P cardea-agent
hasnot /var/lib/cardea
hasnot /etc/default/cardea-agent
has /etc/cardea/agent.yaml # the administrator wrote it

kill $cloud; wait $cloud || { cat /tmp/cloud.log; die "the cloud did not end well"; }
dpkg -r cardea
has /var/lib/cardea-cloud/cardea.db
dpkg -P cardea
hasnot /var/lib/cardea-cloud
echo done
`

// Both packages are installed with dpkg, the agent is enrolled with the cloud, both are upgraded, removed and purged.
func TestInstalledEnrolledAndUpgraded(t *testing.T) {
	out, packages := t.TempDir(), map[string]string{}
	for i, version := range []string{"1.0", "1.1"} {
		packages[fmt.Sprintf("agent-%d.deb", i+1)] = pack(t, "deb-agent", "amd64", version, program(t, "cardea-agent", version), out)
		packages[fmt.Sprintf("cloud-%d.deb", i+1)] = pack(t, "deb-cloud", "amd64", version, program(t, "cardea", version), out)
	}
	if s := inRoot(t, installScript, packages); !strings.HasSuffix(s, "done\n") {
		t.Error(s)
	}
}
