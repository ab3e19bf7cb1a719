package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/behavior/profile"
	"cardea/cloud"
	"cardea/cloud/audit"
	"cardea/intel/pack"
)

// listed are the lines of the newest lists that block something, and those that free.
func listed(t *testing.T, data string) (blocked, freed []string) {
	t.Helper()
	rooms, err := cloud.Open(t.Context(), cloud.Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close()
	var text []byte
	newest, err := rooms.Rollout.Newest(t.Context())
	for _, b := range newest {
		if b.GetName() == "lists" {
			text, err = rooms.Rollout.Data(t.Context(), "lists", b.GetVersion())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	for in := pack.NewReader(strings.NewReader(string(text))); ; {
		h, line, err := in.Next()
		switch {
		case err != nil:
			slices.Sort(blocked)
			return blocked, freed
		case line != nil && h.Class == "allow":
			freed = append(freed, string(line))
		case line != nil:
			blocked = append(blocked, string(line))
		}
	}
}

// What somebody publishes by hand is judged as what sources say: the provider's own, what most people use and what is excepted is left out,
// counted and named, and exceptions go with it.
func TestListsByHandAreGuarded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists, file := filepath.Join(dir, "data"), filepath.Join(dir, "lists"), filepath.Join(dir, "lists.bundle")
	provide(t, data)
	write(t, filepath.Join(data, "intel", "own.txt"), "provider.example\n")
	write(t, filepath.Join(lists, "malware", "names.txt"), "bad.example\npornhub.com\nportal.provider.example\nfree.example\npart.example\n")
	write(t, filepath.Join(lists, "adult", "names.txt"), "pornhub.com\n")
	admin(t, data, "", "intel", "allow", "add", "--tenant", "example", "--why", "a customer called", "free.example")
	admin(t, data, "", "intel", "allow", "add", "--tenant", "example", "--why", "a customer called", "good.part.example")
	check := func(how, out string) {
		t.Helper()
		for _, want := range []string{"pornhub.com: one of the names that most people use", "portal.provider.example: ", "free.example: an exception was made of it", "exceptions from all lists: 2"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q: %s", how, want, out)
			}
		}
	}
	check("publish", admin(t, data, "", "intel", "publish", lists))
	want := []string{"bad.example", "part.example", "pornhub.com"} // of class adult it stays
	if blocked, freed := listed(t, data); !slices.Equal(blocked, want) || !slices.Equal(freed, []string{"free.example", "good.part.example"}) {
		t.Errorf("%q are blocked, %q freed", blocked, freed)
	}
	// A file that was made elsewhere is judged when it is signed.
	out, errs, status := cardea(t, me, "bundle", "build", "lists", lists, "--out", file)
	if status != 0 || !strings.Contains(out, "bundle sign leaves out what is excepted") {
		t.Errorf("build: %d %s%s", status, out, errs)
	}
	write(t, filepath.Join(lists, "malware", "more.txt"), "worse.example\n")
	if out, errs, status := cardea(t, me, "bundle", "build", "lists", lists, "--out", file, "--data", data); status != 0 {
		t.Errorf("build with a store: %d %s", status, errs)
	} else {
		check("build with a store", out)
	}
	if out, errs, status := cardea(t, me, "bundle", "build", "lists", lists, "--out", file); status != 0 {
		t.Fatal(out, errs)
	}
	out, errs, status = cardea(t, me, "bundle", "sign", file, "--data", data, "--json")
	var said struct {
		Version uint64
		Lists   struct {
			Refused    map[string]int
			Left       []string
			Exceptions int
		}
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || status != 0 || said.Version != 2 || len(said.Lists.Refused) != 3 || len(said.Lists.Left) != 3 || said.Lists.Exceptions != 2 {
		t.Errorf("sign: %v %d %s%s", err, status, out, errs)
	}
	if blocked, _ := listed(t, data); !slices.Equal(blocked, append(want, "worse.example")) {
		t.Errorf("%q are blocked", blocked)
	}
}

// Lists that lost half of what they said wait for a yes, as those of sources do.
func TestListsByHandThatShrinkAreHeld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists := filepath.Join(dir, "data"), filepath.Join(dir, "lists")
	provide(t, data)
	names := ""
	for n := range 30 {
		names += "bad-" + string(rune('a'+n%26)) + strings.Repeat("x", n/26) + ".example\n"
	}
	write(t, filepath.Join(lists, "malware.txt"), names)
	admin(t, data, "", "intel", "publish", lists)
	write(t, filepath.Join(lists, "malware.txt"), "bad.example\n")
	if out, errs, status := tryAdmin(t, data, "", "intel", "publish", lists); status != 1 || !strings.Contains(errs, "30 entries") || !strings.Contains(errs, "--agree") {
		t.Errorf("%d %s%s", status, out, errs)
	}
	if blocked, _ := listed(t, data); len(blocked) != 30 {
		t.Errorf("%d are blocked", len(blocked))
	}
	admin(t, data, "", "intel", "publish", lists, "--agree")
	if blocked, _ := listed(t, data); len(blocked) != 1 {
		t.Errorf("%d are blocked", len(blocked))
	}
}

// What is held back is not said to be offered to all.
func TestWhomAVersionReachesIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists := filepath.Join(dir, "data"), filepath.Join(dir, "lists")
	provide(t, data)
	write(t, filepath.Join(lists, "malware.txt"), "bad.example\n")
	admin(t, data, "", "intel", "publish", lists)
	if _, errs, status := cardea(t, me, "rollout", "hold", "lists", "--data", data); status != 0 {
		t.Fatal(errs)
	}
	write(t, filepath.Join(lists, "malware.txt"), "bad.example\nworse.example\n")
	if s := admin(t, data, "", "intel", "publish", lists); !strings.Contains(s, "Version 2 waits: lists are held back until somebody starts a rollout.") {
		t.Error(s)
	}
}

// Acts that concern all homes are in each tenant's audit: who typed them, what they are of, and why; and the chain holds.
func TestActsForAllHomesAreAudited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists, file := filepath.Join(dir, "data"), filepath.Join(dir, "lists"), filepath.Join(dir, "lists.bundle")
	provide(t, data)
	admin(t, data, "", "tenant", "create", "second", "Second")
	run := func(args ...string) string {
		t.Helper()
		out, errs, status := cardea(t, me, append(args, "--data", data)...)
		if status != 0 {
			t.Fatalf("%v: %d %s", args, status, errs)
		}
		return out
	}
	write(t, filepath.Join(lists, "malware.txt"), "bad.example\n")
	admin(t, data, "", "intel", "publish", lists, "--why", "the first lists")
	run("rollout", "hold", "lists", "--why", "to be tried first")
	write(t, filepath.Join(lists, "malware.txt"), "bad.example\nworse.example\n")
	run("bundle", "build", "lists", lists, "--out", file)
	run("bundle", "sign", file, "--why", "of the partner")
	run("bundle", "sign")
	var plan struct{ ID string }
	if err := json.Unmarshal([]byte(run("rollout", "start", "lists", "--json", "--why", "they are good")), &plan); err != nil {
		t.Fatal(err)
	}
	run("rollout", "halt", plan.ID, "--why", "a device broke")
	run("rollout", "undo", plan.ID, "--why", "for good")
	run("rollout", "hold", "lists", "--off")
	ends := filepath.Join(dir, "ends")
	write(t, filepath.Join(ends, "openwrt.json"), `[{"cycle":"1","eol":"2020-01-01"}]`)
	admin(t, data, "", "intel", "exposures", "--eol", ends, "--why", "the catalogue of today")
	write(t, filepath.Join(ends, "openwrt.json"), `[{"cycle":"1","eol":"2021-01-01"}]`)
	if s := admin(t, data, "", "intel", "exposures", "--eol", ends); !strings.Contains(s, "Version 2 goes to gateways by a rollout, ring by ring") {
		t.Error(s)
	}
	admin(t, data, "", "intel", "exposures", "--eol", ends, "--why", "the same once more changes nothing")
	admin(t, data, "", "intel", "again", "exposures", "1", "--why", "the second was wrong")
	profiles := filepath.Join(dir, "profiles")
	normal, err := profile.NewCounts().Build(profile.Options{Now: 3000}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	write(t, profiles, string(normal))
	admin(t, data, "", "intel", "profiles", profiles, "--why", "of the laboratory")
	admin(t, data, "", "intel", "models", "--why", "nothing is learned yet, and nothing published")
	admin(t, data, "", "intel", "allow", "add", "--tenant", "second", "--why", "customers called", "shop.example")
	want := []string{"intel-publish lists version 1: the first lists", "rollout-hold lists: to be tried first", "bundle-sign lists version 2: of the partner", "bundle-sign metadata: by command",
		"rollout-start " + plan.ID + ": they are good", "rollout-halt " + plan.ID + ": a device broke", "rollout-undo " + plan.ID + ": for good", "rollout-hold-end lists: by command",
		"intel-exposures exposures version 1: the catalogue of today", "intel-exposures exposures version 2: by command", "intel-again exposures version 3: the second was wrong",
		"intel-profiles profiles version 1: of the laboratory"}
	for tenant, more := range map[string][]string{"example": nil, "second": {"make an exception of all lists shop.example: customers called"}} {
		list := entries(t, data, tenant)
		got := []string{}
		for _, e := range slices.Backward(list) {
			if strings.HasPrefix(e.Act, "tenant") || strings.HasPrefix(e.Act, "home") || e.Act == "resident" {
				continue
			}
			got = append(got, e.Act+" "+e.What+": "+e.Reason)
			if !strings.HasPrefix(e.Who, "admin (") {
				t.Errorf("%s was done by %q", e.Act, e.Who)
			}
		}
		if !slices.Equal(got, append(slices.Clone(want), more...)) {
			t.Errorf("%s: %q", tenant, got)
		}
	}
	admin(t, data, "", "audit", "verify")
}

func entries(t *testing.T, data, slug string) []audit.Entry {
	t.Helper()
	rooms, err := cloud.Open(t.Context(), cloud.Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close()
	tenants, err := rooms.Accounts.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tenants {
		if x.Slug == slug {
			list, err := rooms.Audit.List(t.Context(), x.ID, "", "", 100)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
	}
	t.Fatalf("there is no tenant %s", slug)
	return nil
}

// write writes a file, and the folder that it is in.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
