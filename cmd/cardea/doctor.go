package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

type doctorCmd struct {
	JSON  bool `help:"Print one JSON object: ok, checks[] {area, name, ok, needed, found, get}."`
	Probe bool `hidden:"" help:"Used by doctor itself: try the kernel's features in namespaces of its own."`
}

// Help explains the exit status.
func (doctorCmd) Help() string {
	return `Exit status 0: everything needed is there. 1: something needed is missing; the line says how to get it. Kernel features are
tried, in network namespaces of their own; the machine's own network is not touched. What the build and the tests need is
looked for only in a checkout of the sources.`
}

// diagnosis is what doctor says.
type diagnosis struct {
	OK     bool    `json:"ok"` // nothing that is needed is missing
	Checks []check `json:"checks"`
}

// check is one thing that the machine has or lacks.
type check struct {
	Area   string `json:"area"` // agent, lab, build or tests
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"`          // false: something works less well without it
	Found  string `json:"found,omitempty"` // what is there, or what went wrong
	Get    string `json:"get,omitempty"`   // how to get it, where it is missing
}

// Run is called by kong.
func (c doctorCmd) Run(ctx context.Context) error {
	if c.Probe {
		return probe(ctx)
	}
	d := diagnosis{OK: true}
	kernel, spaces := probed(ctx)
	d.Checks = append(kernel, capability(), spaces, limit("user/max_net_namespaces", 64), limit("user/max_user_namespaces", 8),
		limit("net/netfilter/nf_conntrack_max", 65536), openFiles())
	if root := checkout(); root != "" {
		d.Checks = append(d.Checks, tools(ctx, root)...)
		d.Checks = append(d.Checks, packages(ctx, root)...)
	} else {
		d.Checks = append(d.Checks, check{Area: "build", Name: "sources", Found: "not in a checkout: build and tests are not looked at",
			Get: "run it in a checkout of Cardea"})
	}
	for _, k := range d.Checks {
		d.OK = d.OK && (k.OK || !k.Needed)
	}
	if err := d.print(c.JSON); err != nil {
		return err
	}
	if !d.OK {
		return errSilent
	}
	return nil
}

func (d diagnosis) print(asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(d)
	}
	area := ""
	for _, k := range d.Checks {
		if k.Area != area {
			area = k.Area
			fmt.Println(area)
		}
		sign := "  ok      "
		if !k.OK && k.Needed {
			sign = "  MISSING "
		} else if !k.OK {
			sign = "  without "
		}
		fmt.Print(sign, k.Name)
		if k.Found != "" {
			fmt.Print(": ", k.Found)
		}
		fmt.Println()
		if !k.OK && k.Get != "" {
			fmt.Println("            " + k.Get)
		}
	}
	return nil
}

// capability tells whether the agent may run on this machine's own network as this user. The lab does not need it.
func capability() check {
	k := check{Area: "agent", Name: "right to change this machine's network (CAP_NET_ADMIN)", Get: "run cardea-agent as root; demo, tests and benchmarks do not need it"}
	status, _ := os.ReadFile("/proc/self/status") // unreadable: not there
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "CapEff:"); ok {
			bits, _ := strconv.ParseUint(strings.TrimSpace(v), 16, 64)
			k.OK = bits&(1<<unix.CAP_NET_ADMIN) != 0
		}
	}
	return k
}

// limit checks a number under /proc/sys.
func limit(key string, least int) check {
	k := check{Area: "lab", Name: fmt.Sprintf("/proc/sys/%s ≥ %d", key, least), Needed: strings.HasPrefix(key, "user/"),
		Get: fmt.Sprintf("as root: sysctl -w %s=%d", strings.ReplaceAll(key, "/", "."), least)}
	b, err := os.ReadFile(filepath.Join("/proc/sys", key))
	if err != nil {
		k.Found = "this kernel has no such limit"
		k.OK = true
		return k
	}
	k.Found = strings.TrimSpace(string(b))
	n, err := strconv.Atoi(k.Found)
	k.OK = err == nil && n >= least
	return k
}

func openFiles() check {
	const least = 1024
	k := check{Area: "lab", Name: fmt.Sprintf("open files ≥ %d", least), Needed: true, Get: "ulimit -n 4096"}
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) == nil {
		k.OK, k.Found = r.Cur >= least, strconv.FormatUint(r.Cur, 10)
	}
	return k
}

// checkout finds the sources: above the working folder, or above this program, which make puts into bin/. "" means none.
func checkout() string {
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if self, err := os.Executable(); err == nil {
		from = append(from, filepath.Dir(self))
	}
	for _, dir := range from {
		for ; ; dir = filepath.Dir(dir) {
			if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(b), "module cardea\n") {
				return dir
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return ""
}

// tools looks for what make build needs.
func tools(ctx context.Context, root string) []check {
	want := "1.26"
	b, _ := os.ReadFile(filepath.Join(root, "go.mod")) // checkout has read it
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "go "); ok {
			want = strings.TrimSpace(v)
		}
	}
	list := []check{{Area: "build", Name: "Go ≥ " + want, Needed: true, Get: "https://go.dev/dl/"}}
	if out, err := output(ctx, root, "go", "env", "GOVERSION"); err == nil {
		list[0].Found = strings.TrimPrefix(out, "go")
		list[0].OK = !older(list[0].Found, want)
	}
	node := check{Area: "build", Name: "Node ≥ " + nodeWanted + " (the apps)", Needed: true, Get: "https://nodejs.org/"}
	if out, err := output(ctx, root, "node", "--version"); err == nil {
		node.Found = strings.TrimPrefix(out, "v")
		node.OK = !older(node.Found, nodeWanted)
	}
	npm := check{Area: "build", Name: "npm (the apps)", Needed: true, Get: "it comes with Node"}
	npm.Found, _ = exec.LookPath("npm")
	npm.OK = npm.Found != ""
	list = append(list, node, npm)
	for _, t := range []string{"make", "git", "bash"} {
		k := check{Area: "build", Name: t, Needed: true, Get: "as root: apt-get install " + t}
		k.Found, _ = exec.LookPath(t)
		k.OK = k.Found != ""
		list = append(list, k)
	}
	return list
}

// nodeWanted is the oldest Node that builds the apps; web/package.json says it too.
const nodeWanted = "20.19"

// older compares version numbers, number by number.
func older(have, want string) bool {
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i := range w {
		n, _ := strconv.Atoi(w[i])
		m := 0
		for j := 0; i < len(h) && j < len(h[i]) && h[i][j] >= '0' && h[i][j] <= '9'; j++ {
			m = m*10 + int(h[i][j]-'0')
		}
		if m != n {
			return m < n
		}
	}
	return false
}

// packages looks for the Debian packages that the tests use; tools/install-deps is the one list of them.
func packages(ctx context.Context, root string) []check {
	out, err := output(ctx, root, "sh", filepath.Join(root, "tools", "install-deps"), "--list")
	if err != nil {
		return []check{{Area: "tests", Name: "list of Debian packages", Needed: true, Found: err.Error(), Get: "tools/install-deps belongs to the sources"}}
	}
	var list []check
	for _, name := range strings.Fields(out) {
		k := check{Area: "tests", Name: name, Needed: true, Get: "as root: make deps, or apt-get install " + name}
		status, err := output(ctx, root, "dpkg-query", "-W", "-f=${Status} ${Version}", name)
		version, installed := strings.CutPrefix(status, "install ok installed ")
		k.OK = err == nil && installed
		if k.OK {
			k.Found = version
		}
		list = append(list, k)
	}
	data := os.Getenv("CARDEA_DATA")
	return append(list, check{Area: "tests", Name: "real captures (CARDEA_DATA)", OK: data != "", Found: data,
		Get: "set CARDEA_DATA to a folder of captures; without it the tests that read them say that they did not run"})
}

func output(ctx context.Context, dir string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", argv[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}
