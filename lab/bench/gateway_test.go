package bench

import (
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"cardea/internal/built"
	"cardea/lab"
)

// agentProgram names the agent to the child.
const agentProgram = "CARDEA_BENCH_AGENT"

// gatewayChild is the part of TestGateway that runs in namespaces of its own: see TestChild.
func gatewayChild(t *testing.T) {
	inside, status, err := lab.Enter()
	if err != nil {
		t.Fatal(err)
	}
	if !inside {
		os.Exit(status)
	}
	o := tiny()
	o.Agent = os.Getenv(agentProgram)
	r, err := Gateway(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		t.Fatal(err)
	}
}

// Forwarding is measured as root and as an ordinary user.
func TestGateway(t *testing.T) {
	dir, err := os.MkdirTemp("", "cardea-bench-test-") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bench.test")
	b, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(program, b, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	agent := filepath.Join(dir, "cardea-agent")
	if err := built.Into(dir, "cardea-agent"); err != nil {
		t.Fatal(err)
	}
	users := map[string]*syscall.Credential{"this user": nil}
	if os.Geteuid() == 0 {
		users["nobody"] = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	for who, cred := range users {
		t.Run(who, func(t *testing.T) {
			cmd := exec.Command(program, "-test.run=^TestChild$", "--", "gateway")
			cmd.Dir, cmd.Stderr = "/", os.Stderr
			cmd.Env = append(os.Environ(), agentProgram+"="+agent)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var r Report
			if err := json.Unmarshal(firstLine(out), &r); err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			checkReport(t, &r, nil, "1 established flow: protected", "4,096 established flows: protected", "new flows: protected",
				"new flows: control", "load ", "new flows: with the whole agent", "new flows: the agent's own",
				"agent, home of 20 devices: resident memory", "agent, scan of")
		})
	}
}

func firstLine(b []byte) []byte {
	for i, c := range b {
		if c == '\n' {
			return b[:i]
		}
	}
	return b
}

func TestAddresses(t *testing.T) {
	const n = 300_000
	seen := map[netip.Prefix]bool{}
	for p := range addresses(n) {
		seen[p] = true
		if a := p.Addr(); !p.IsSingleIP() || a.IsPrivate() || a.Is4() && a.As4()[0] >= 100 {
			t.Fatalf("%v would be refused or is in use", p)
		}
	}
	if len(seen) != n {
		t.Errorf("%d different addresses of %d", len(seen), n)
	}
}
