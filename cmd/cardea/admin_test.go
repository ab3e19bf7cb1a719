package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/behavior/mud"
	"cardea/behavior/profile"
	"cardea/cloud"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/wire"
	"cardea/wire/pb"
)

const (
	residentEmail    = "resident@example.net"
	residentPassword = "seven small horses"
)

// tryAdmin runs an admin command beside a cloud.
func tryAdmin(t *testing.T, data, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd, mark := command(t, me, append([]string{"admin", "--data", data}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	gone(t, mark)
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// admin runs one that has to work.
func admin(t *testing.T, data, stdin string, args ...string) string {
	t.Helper()
	out, errs, status := tryAdmin(t, data, stdin, args...)
	if status != 0 || errs != "" {
		t.Fatalf("admin %s: exit status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// adminJSON runs one with --json and checks that its names are as everywhere.
func adminJSON[T any](t *testing.T, data, stdin string, args ...string) (v T) {
	t.Helper()
	out := admin(t, data, stdin, append([]string{"--json"}, args...)...)
	var all any
	if err := errors.Join(json.Unmarshal([]byte(out), &all), json.Unmarshal([]byte(out), &v)); err != nil {
		t.Fatalf("admin %v: %v\n%s", args, err, out)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, one := range v {
				if k == "refused" { // counts by reason: a sentence each
					continue
				}
				if !snake.MatchString(k) {
					t.Errorf("admin %v: the name %q in %s", args, k, out)
				}
				walk(one)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(all)
	return v
}

// place is a home with one resident, made with admin.
type place struct {
	data, tenant, home string
	flags              []string // of admin
}

func provide(t *testing.T, data string, flags ...string) place {
	t.Helper()
	run := func(stdin string, args ...string) string {
		return strings.TrimSpace(admin(t, data, stdin, slices.Concat(flags, args)...))
	}
	p := place{data: data, flags: flags, tenant: run("", "tenant", "create", "example", "Example Net")}
	p.home = run("", "home", "create", "100-1", "--tenant", "example")
	run(residentPassword+"\n", "home", "resident", p.home, "--tenant", "example", "--email", residentEmail, "--name", "Resident")
	return p
}

// claim makes a claim code.
func (p place) claim(t *testing.T) string {
	t.Helper()
	return adminJSON[struct{ Code string }](t, p.data, "", slices.Concat(p.flags, []string{"home", "claim", p.home, "--tenant", "example"})...).Code
}

// enroll runs the agent's command with a folder of its own; the code goes in by standard input. Nothing of an agent runs.
func enroll(t *testing.T, dir, cloud, code string) (said string, status int) {
	t.Helper()
	out, err := enrollCommand(t, dir, cloud, code).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(string(out), code) {
		t.Errorf("the agent says the code again: %s", out)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

func enrollCommand(t *testing.T, dir, cloud, code string) *exec.Cmd {
	t.Helper()
	config := filepath.Join(dir, "agent.yaml")
	if err := os.WriteFile(config, []byte("lan: br-lan\nwan: eth1\nstate: "+filepath.Join(dir, "state")+"\ndns:\n  upstreams: [udp://192.0.2.53]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, "cardea-agent"), "enroll", "--config", config, "--cloud", cloud)
	cmd.Stdin = strings.NewReader(code + "\n")
	return cmd
}

// linked is a gateway without a home behind it.
type linked struct{}

func (linked) Beat() *pb.Heartbeat                                                { return &pb.Heartbeat{Armed: true} }
func (linked) Apply(context.Context, *pb.Desired) error                           { return nil }
func (linked) Answer(context.Context, *pb.Question, func(*pb.Answer) error) error { return nil }

// connect runs the agent's own link with the identity that enroll left in a folder.
func connect(t *testing.T, dir string) *uplink.Link {
	t.Helper()
	id, err := uplink.LoadIdentity(filepath.Join(dir, "state", "cloud"))
	if err != nil {
		t.Fatal(err)
	}
	spool, err := uplink.OpenSpool(filepath.Join(dir, "spool"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	link := uplink.New(uplink.Config{Jitter: 200 * time.Millisecond, MaxWait: time.Second}, id, spool, linked{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1) // owner: the goroutine below, which ends with ctx
	go func() { done <- link.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, spool.Close()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return link
}

func TestAdminTellsPeopleAndPrograms(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	type thing struct{ ID, Slug, Name, Account, Email, Kind, Tenant string }
	tenant := adminJSON[thing](t, data, "", "tenant", "create", "example", "Example Net")
	if !home.IsUUID(tenant.ID) || tenant.Slug != "example" || tenant.Name != "Example Net" {
		t.Errorf("%+v", tenant)
	}
	if list := adminJSON[[]thing](t, data, "", "tenant", "list"); len(list) != 1 || list[0] != tenant {
		t.Errorf("%+v", list)
	}
	if s := admin(t, data, "", "tenant", "list"); !strings.Contains(s, tenant.ID) || !strings.Contains(s, "Example Net") {
		t.Error(s)
	}
	h := adminJSON[thing](t, data, "", "home", "create", "100-1", "--tenant", "example", "--name", "The <b>Smiths")
	if !home.IsUUID(h.ID) || h.Account != "100-1" || h.Tenant != tenant.ID {
		t.Errorf("%+v", h)
	}
	if out, errs, status := tryAdmin(t, data, "", "home", "create", "100-3", "--tenant", "example", "--name", "\x1b[31mRed"); status != 1 {
		t.Errorf("a name that makes a terminal do something was taken: %s%s", out, errs)
	} else {
		noControls(t, "what is said of it", out+errs)
	}
	if s := admin(t, data, "", "home", "list", "--tenant", "example"); !strings.Contains(s, h.ID) || !strings.Contains(s, "The <b>Smiths") {
		t.Error(s)
	}
	second := strings.TrimSpace(admin(t, data, "", "home", "create", "100-2", "--tenant", tenant.ID))
	if list := adminJSON[[]thing](t, data, "", "home", "list", "--tenant", "example", "--after", h.ID, "--limit", "1"); len(list) != 1 || list[0].ID != second {
		t.Errorf("after %s: %+v", h.ID, list)
	}
	r := adminJSON[thing](t, data, residentPassword+"\n", "home", "resident", h.ID, "--tenant", "example", "--email", residentEmail, "--name", "Resident")
	s := adminJSON[thing](t, data, residentPassword, "staff", "create", "--tenant", "example", "--email", "staff@example.net", "--name", "Staff")
	if r.Kind != "resident" || r.Email != residentEmail || s.Kind != "staff" || s.Name != "Staff" {
		t.Errorf("%+v, %+v", r, s)
	}
	link := adminJSON[struct{ Link string }](t, data, "", "link", "staff", "staff@example.net", "--tenant", "example", "--public", "https://cloud.example/")
	if !strings.HasPrefix(link.Link, "https://cloud.example/staff/sign-in#") || len(link.Link) < 60 {
		t.Errorf("%q", link.Link)
	}
	if got := acts(t, data, tenant.ID); !slices.Equal(got, []string{"tenant-created example", "home-created ", "home-created ", "resident " + r.ID, "staff-add " + s.ID + " tier2", "link staff " + s.ID}) {
		t.Errorf("the audit has %q", got)
	}
	if list := adminJSON[[]thing](t, data, "", "gateway", "list", h.ID, "--tenant", "example"); list == nil || len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// acts are what the audit has of a tenant, the oldest first.
func acts(t *testing.T, data, tenant string) (out []string) {
	t.Helper()
	rooms, err := cloud.Open(t.Context(), cloud.Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	list, err := rooms.Audit.List(t.Context(), tenant, "", "", 100)
	if err := errors.Join(err, rooms.Close()); err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Backward(list) {
		out = append(out, e.Act+" "+e.What)
	}
	return out
}

func TestAdminIntel(t *testing.T) {
	t.Parallel()
	data, lists := t.TempDir(), t.TempDir()
	admin(t, data, "", "tenant", "create", "first", "First")
	if s := admin(t, data, "", "intel", "status"); !strings.Contains(s, "Nothing was published") {
		t.Error(s)
	}
	if err := os.Mkdir(filepath.Join(lists, "malware"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lists, "malware", "names.txt"), []byte("bad.example\nworse.example\ncom\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	published := adminJSON[struct {
		Version uint64
		Entries int
		Refused map[string]int
	}](t, data, "", "intel", "publish", lists)
	if published.Version != 1 || published.Entries != 2 || len(published.Refused) != 1 {
		t.Errorf("%+v", published)
	}
	if err := os.WriteFile(filepath.Join(lists, "malware", "names.txt"), []byte("bad.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := admin(t, data, "", "intel", "publish", lists); !strings.Contains(s, "Version 2 is offered to all gateways.") {
		t.Error(s)
	}
	if v := adminJSON[map[string]uint64](t, data, "", "intel", "status"); v["lists"] != 2 {
		t.Error(v)
	}
}

// Profiles that were learned elsewhere are offered to gateways, and a maker's document is a prior.
func TestAdminOfWhatIsNormal(t *testing.T) {
	t.Parallel()
	data, dir := t.TempDir(), t.TempDir()
	admin(t, data, "", "tenant", "create", "first", "First")
	profiles, document := filepath.Join(dir, "profiles"), filepath.Join(dir, "cam.json")
	b, err := profile.NewCounts().Build(profile.Options{Now: 3000}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(profiles, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := admin(t, data, "", "intel", "profiles", profiles); !strings.Contains(s, "Version 1 is offered to all gateways.") {
		t.Error(s)
	}
	if s := admin(t, data, "", "intel", "again", "profiles", "1"); !strings.Contains(s, "Version 1 is offered to all gateways.") {
		t.Error(s)
	}
	admin(t, data, "", "tenant", "create", "hinge", "Hinge")
	file, _, err := mud.Export(mud.Product{URL: "https://example.com/cam.json", Maker: "Example", Model: "Cam", Hours: 48},
		[]mud.Rule{{Name: "cam.example.com", Port: 443, Last: 443, Proto: 6}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(document, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := admin(t, data, "", "intel", "mud", "import", "--tenant", "hinge", "--class", "camera", "--vendor", "Example", "--model", "Cam", document); !strings.Contains(s, "count as a prior") {
		t.Error(s)
	}
}

func TestAdminWrongUse(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := provide(t, data)
	const nowhere = "01900000-0000-7000-8000-000000000000"
	for _, c := range []struct {
		args, stdin string
		status      int
		says        []string
	}{
		{"--help", "", 0, []string{"tenant", "home", "staff", "gateway", "intel", "link", "certificate"}},
		{"home claim --help", "", 0, []string{"15 minutes", "--cloud"}},
		{"", "", 2, []string{"tenant"}},
		{"home create 1", "", 2, []string{"--tenant"}},
		{"home remove " + p.home + " --tenant example", "", 2, []string{"--yes"}},
		{"link postman x --tenant example", "", 2, []string{"resident"}},
		{"tenant create example Again", "", 1, []string{"there already"}},
		{"tenant create Not/OK Name", "", 1, []string{"slug", "hyphens"}},
		{"home create 1 --tenant nonesuch", "", 1, []string{`"nonesuch"`}},
		{"home claim " + nowhere + " --tenant example", "", 1, nil},
		{"home claim x --tenant example", "", 1, nil},
		{"gateway revoke " + p.home + " --tenant example --gateway " + nowhere + " --why stolen", "", 1, nil},
		{"link resident nobody@example.net --tenant example", "", 1, nil},
		{"home resident " + p.home + " --tenant example --email two@example.net --name Two", "short\n", 1, []string{"10"}},
		{"home resident " + p.home + " --tenant example --email two@example.net --name Two", "", 0, nil}, // signs in by link only
		{"staff create --tenant example --email s@example.net --name S", "short\n", 1, []string{"10"}},
		{"home resident " + p.home + " --tenant example --email two --name Two", residentPassword, 1, []string{"email", "name@example.org"}},
		{"staff create --tenant example --email s@example.net --name S --password " + residentPassword, "", 2, []string{"--password"}},
		{"intel publish /nonexistent", "", 2, []string{"/nonexistent"}},
		{"--db mysql://x tenant list", "", 1, []string{"postgres://"}},
	} {
		out, errs, status := tryAdmin(t, data, c.stdin, strings.Fields(c.args)...)
		if status != c.status || status != 0 && strings.TrimSpace(errs) == "" {
			t.Errorf("admin %s: exit status %d, want %d\n%s%s", c.args, status, c.status, out, errs)
		}
		for _, s := range c.says {
			if !strings.Contains(out+errs, s) {
				t.Errorf("admin %s does not say %q:\n%s%s", c.args, s, out, errs)
			}
		}
		if c.stdin != "" && strings.Contains(out+errs, strings.TrimSpace(c.stdin)) {
			t.Errorf("admin %s says the password again:\n%s%s", c.args, out, errs)
		}
	}
}

// A certificate for a server of its own is not for others' eyes.
func TestAdminCertificate(t *testing.T) {
	t.Parallel()
	data, out := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "tls")
	if v := adminJSON[map[string]string](t, data, "", "certificate", "broker", out, "--host", "b1.example"); v["folder"] != out {
		t.Error(v)
	}
	for _, name := range []string{"cert.pem", "key.pem", "roots.pem"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// A gateway's life: claimed as text and by QR code, enrolled once, connected, stolen, revoked and turned out, followed by
// another that the home removes.
func TestAdminGateway(t *testing.T) {
	t.Parallel()
	port := freeport.Must(t)
	s := serve(t, "--advertise", port, "--listen", port)
	p := provide(t, s.data)
	text := admin(t, s.data, "", "home", "claim", p.home, "--tenant", "example", "--cloud", s.url)
	code := regexp.MustCompile(`(?m)^([0-9A-Z]{4}-){6}[0-9A-Z]{2}$`).FindString(text)
	if code == "" || strings.Count(text, "█") < 20 || !strings.Contains(text, "One gateway may use it") {
		t.Fatalf("the claim:\n%s", text)
	}
	dir := t.TempDir()
	if out, status := enroll(t, dir, s.url, code); status != 0 || !strings.Contains(out, "enrolled") {
		t.Fatalf("enroll: %s", out)
	}
	if out, status := enroll(t, dir, s.url, code); status != 1 || !strings.Contains(out, "--replace") {
		t.Errorf("a gateway that belongs to the home: %d %s", status, out)
	}
	if out, status := enroll(t, t.TempDir(), s.url, code); status != 1 || out == "" {
		t.Errorf("the same code once more: %d %s", status, out)
	}
	if out, status := enroll(t, t.TempDir(), s.url, "AAAA-AAAA"); status != 1 || out == "" {
		t.Errorf("no code at all: %d %s", status, out)
	}
	id, err := uplink.LoadIdentity(filepath.Join(dir, "state", "cloud"))
	if err != nil {
		t.Fatal(err)
	}
	g := connect(t, dir)
	until(t, "the gateway is connected", func() bool { return g.Status().Connected })
	swapped(t, s, p)
	admin(t, s.data, "", "gateway", "revoke", p.home, "--tenant", "example", "--gateway", id.Place.Gateway, "--why", "stolen")
	until(t, "the stolen gateway is turned out", func() bool { return !g.Status().Connected && g.Status().Problem != "" })
	type gateway struct{ ID, State, Why string }
	if list := adminJSON[[]gateway](t, s.data, "", "gateway", "list", p.home, "--tenant", "example"); !slices.Contains(list, gateway{id.Place.Gateway, "revoked", "stolen"}) {
		t.Errorf("%+v", list)
	}
	removed := adminJSON[map[string]int64](t, s.data, "", "home", "remove", p.home, "--tenant", "example", "--yes")
	if len(removed) < 8 {
		t.Errorf("%v", removed)
	}
	if out, errs, status := tryAdmin(t, s.data, "", "link", "resident", residentEmail, "--tenant", "example"); status != 1 {
		t.Errorf("somebody of a home that was removed may sign in: %s%s", out, errs)
	}
}

// swapped tries to put another gateway into a home that has one: it waits for a resident, and the first goes on.
func swapped(t *testing.T, s *serving, p place) {
	t.Helper()
	dir := t.TempDir()
	cmd := enrollCommand(t, dir, s.url, p.claim(t))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	type gateway struct{ State string }
	until(t, "the other gateway waits", func() bool {
		list := adminJSON[[]gateway](t, s.data, "", "gateway", "list", p.home, "--tenant", "example")
		return slices.Contains(list, gateway{"waiting"}) && slices.Contains(list, gateway{"active"})
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); strings.Contains(said.String(), "enrolled") {
		t.Errorf("a gateway that waits says: %v %s", err, &said)
	}
	if _, err := uplink.LoadIdentity(filepath.Join(dir, "state", "cloud")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has an identity: %v", err)
	}
}

// The code in the QR code is the code.
func TestClaimURI(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := provide(t, data)
	c := adminJSON[struct {
		Code, URI string
		Expires   time.Time
	}](t, data, "", "home", "claim", p.home, "--tenant", "example", "--cloud", "https://cloud.example")
	if c.URI != wire.ClaimURI("https://cloud.example", c.Code) || !strings.Contains(c.URI, strings.ReplaceAll(c.Code, "-", "")) && !strings.Contains(c.URI, c.Code) {
		t.Errorf("%+v", c)
	}
	if left := time.Until(c.Expires); left <= 0 || left > 15*time.Minute {
		t.Errorf("it expires in %v", left)
	}
	if _, err := wire.ClaimID(c.Code); err != nil {
		t.Error(err)
	}
}
