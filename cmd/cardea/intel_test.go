package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dried is what a dry run says.
type dried struct {
	Entries, Looked, Blocks int
	Refused                 map[string]int
	Names                   []string
	Report                  struct{ Bad, Skipped, Files int }
}

func dryRun(t *testing.T, data, stdin string, args ...string) (d dried, said string, status int) {
	t.Helper()
	cmd, mark := command(t, me, append([]string{"intel", "dry-run", "--json", "--data", data}, args...)...)
	var out, errs strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	_ = cmd.Run() // the status tells
	gone(t, mark)
	if status = cmd.ProcessState.ExitCode(); status == 0 {
		if err := json.Unmarshal([]byte(out.String()), &d); err != nil {
			t.Fatal(err, out.String())
		}
	}
	return d, out.String() + errs.String(), status
}

// A list is a list in whatever of the usual forms it comes, as a file or by standard input.
func TestDryRunReadsListsOfAllForms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	provide(t, data)
	for name, c := range map[string]struct {
		text           string
		looked, blocks int
	}{
		"hosts":                {"127.0.0.1 localhost\n0.0.0.0 one.example two.example # both\n:: three.example\n", 3, 0},
		"hosts, CRLF":          {"# title\r\n\r\n0.0.0.0\tone.example\r\n0.0.0.0\ttwo.example\r\n", 2, 0},
		"AdGuard":              {"! Title: x\n||one.example^\n||two.example^$important\n/ads/banner\n", 2, 0},
		"dnsmasq":              {"address=/one.example/0.0.0.0\naddress=/two.example/\nlocal=/three.example/\nserver=/four.example/\n", 4, 0},
		"dnsmasq of #":         {"address=/one.example/#\naddress=/two.example/::\n", 2, 0},
		"unbound":              {"server:\nlocal-zone: \"one.example\" always_nxdomain\n", 1, 0},
		"RPZ":                  {"$TTL 60\n@ SOA a. b. 1 2 3 4 5\n NS a.\none.example CNAME .\n*.one.example CNAME .\n", 2, 0},
		"CSV":                  {"\"first_seen\",\"domain\",\"malware\"\r\n\"2026-01-01\",\"one.example\",\"Mirai\"\r\n\"2026-01-02\",\"two.example\",\"\"\r\n", 2, 0},
		"CSV by ;":             {"id;ip;port\n1;198.51.100.7;23\n2;198.51.100.8;\n", 2, 0},
		"CSV, a comment names": {"# first_seen,dst_ip,dst_port\n2026-01-01,198.51.100.7,443\n", 1, 0},
		"BOM":                  {"\ufeffone.example\ntwo.example\n", 2, 0},
		"BOM, hosts":           {"\ufeff0.0.0.0 one.example\n0.0.0.0 two.example\n", 2, 0},
		"IDN":                  {"bücher.example\nxn--bcher-kva.example\nпример.example\n", 2, 0},
		"upper case":           {"ONE.Example\none.EXAMPLE.\n", 1, 0},
		"upper hosts":          {"0.0.0.0 ONE.Example\n", 1, 0},
		"IPv6":                 {"2001:db8::1\n[2001:db8::2]:8080\n2001:DB8:0:0::1\n", 2, 0},
		"CIDR":                 {"198.51.100.0/24\n198.51.100.9/32\n2001:db8:1::/48\n2001:db8::1/128\n203.0.113.9/24\n", 2, 3},
		"URLs":                 {"http://one.example/\nhttps://two.example:8443\nhxxp://three[.]example\n", 3, 0},
		"comments":             {"; a\n# b\n! c\none.example # why\ntwo.example ; why\n\n   three.example   \n", 3, 0},
		"no newline":           {"one.example", 1, 0},
		"ports":                {"198.51.100.7:23\n198.51.100.7:2323\n", 2, 0},
		"wildcards":            {"*.one.example\n.two.example\n", 2, 0},
	} {
		list := filepath.Join(dir, "list.txt")
		write(t, list, c.text)
		for how, args := range map[string][]string{"a file": {list}, "standard input": {"-"}} {
			d, said, status := dryRun(t, data, c.text, args...)
			if status != 0 || d.Looked != c.looked || d.Blocks != c.blocks || d.Report.Bad != 0 {
				t.Errorf("%s by %s: %d: looked for %d of %d, %d blocks, %d bad: %s", name, how, status, d.Looked, d.Entries, d.Blocks, d.Report.Bad, said)
			}
		}
	}
}

// A folder is taken as publish takes it; what is excepted, what frees and what is a block is counted; a bundle file is no list.
func TestDryRunCountsAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists := filepath.Join(dir, "data"), filepath.Join(dir, "lists")
	provide(t, data)
	admin(t, data, "", "intel", "allow", "add", "--tenant", "example", "--why", "customers called", "free.example")
	write(t, filepath.Join(lists, "malware", "a.txt"), "bad.example\nwww.free.example\n198.51.100.0/24\n198.51.100.7\npornhub.com\n")
	write(t, filepath.Join(lists, "tracking", "b.txt"), "||ads.example^\n@@||good.ads.example^\n")
	write(t, filepath.Join(lists, "notes.md"), "not a list\n")
	d, said, status := dryRun(t, data, "", lists)
	if status != 0 || d.Report.Files != 2 || d.Entries != 7 || d.Looked != 3 || d.Blocks != 1 || d.Refused["an exception was made of it"] != 1 || d.Refused["one of the names that most people use"] != 1 ||
		d.Refused["an exception within the list: it blocks nothing"] != 1 || len(d.Names) != 1 {
		t.Errorf("%d %s", status, said)
	}
	sum := d.Looked + d.Blocks
	for _, n := range d.Refused {
		sum += n
	}
	if sum != d.Entries {
		t.Errorf("%d entries, %d told of: %s", d.Entries, sum, said)
	}
	if out, _, status := cardea(t, me, "intel", "dry-run", lists, "--data", data); status != 0 || !strings.Contains(out, "1 are blocks of addresses") {
		t.Errorf("%d %s", status, out)
	}
	file, empty := filepath.Join(dir, "lists.bundle"), filepath.Join(dir, "empty")
	if out, errs, status := cardea(t, me, "bundle", "build", "lists", lists, "--out", file); status != 0 {
		t.Fatal(out, errs)
	}
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{file: "bundle file", empty: "no list in the folder", filepath.Join(dir, "none"): "no such file"} {
		if _, said, status := dryRun(t, data, "", list); status != 1 || !strings.Contains(said, want) {
			t.Errorf("%s: %d %s", list, status, said)
		}
	}
}
