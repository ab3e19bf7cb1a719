package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// eval detect succeeds when what was asked for was measured; what was not is told, in words and in the report, with status 1.
func TestEvalDetectStatus(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	labelled := strings.ReplaceAll(strings.ReplaceAll(string(homeLogFrom(5000, "192.168.1.10", 1, "198.51.100.66")), "\t800\n", "\t800\tC&C\n"), "resp_ip_bytes\n", "resp_ip_bytes\tlabel\n")
	train, benign, attack := put("train.log", homeLog("192.168.1.10", 2, "203.0.113.7")), put("benign.log", homeLogFrom(7000, "192.168.1.10", 2, "203.0.113.7")), put("attack.log", []byte(labelled))
	text := put("notes.txt", []byte("no capture"))
	for _, c := range []struct {
		args   []string
		status int
		report bool
		say    string
	}{
		{[]string{"--train", train, "--benign", benign, "--attack", attack, "--splice"}, 0, true, ""},
		{[]string{"--train", train, "--benign", benign, "--attack", attack, "--no-hierarchy"}, 0, true, ""},
		{[]string{"--attack", text}, 1, false, "nothing was measured"},
		{[]string{"--train", train, "--benign", benign, "--attack", text}, 1, true, "neither packets"},
		{[]string{"--train", train, "--benign", train}, 1, false, "is left out"},
		{[]string{"--train", train, "--benign", attack}, 1, false, "nothing in it is normal: 24 rows labelled as part of an attack"},
		{[]string{"--splice", "--attack", attack}, 1, true, "--splice: nothing was spliced"},
	} {
		out, stderr, status := cardea(t, me, append([]string{"eval", "detect", "--json"}, c.args...)...)
		var r struct {
			Failed  []string
			Methods []struct{ Name, How string }
			Split   struct {
				Forward *bool `json:"forward_in_time"`
			}
		}
		err := json.Unmarshal([]byte(out), &r)
		if status != c.status || (err == nil) != c.report || !strings.Contains(stderr, c.say) {
			t.Errorf("%v: exit status %d, report %v\n%s", c.args, status, err, stderr)
			continue
		}
		if !c.report {
			continue
		}
		if (len(r.Failed) > 0) != (c.status != 0) || len(r.Methods) != 6 || r.Methods[2].Name != "blocklist" || !strings.HasPrefix(r.Methods[2].How, "not run: ") {
			t.Errorf("%v: failed %q, %+v", c.args, r.Failed, r.Methods)
		}
		if learned := c.args[0] == "--train"; (r.Split.Forward != nil) != learned {
			t.Errorf("%v: forward in time %v", c.args, r.Split.Forward)
		}
	}
}
