package rollout

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"cardea/internal/platform/db/dbtest"
	"cardea/playbook"
)

func TestABundleFileIsTheSameEachTimeAndWhole(t *testing.T) {
	parts := map[string][]byte{"agent-linux-amd64": []byte("one"), "agent-linux-mipsle": []byte("two")}
	b, err := Build(Agent, parts)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if again, err := Build(Agent, parts); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("another file of the same parts: %v", err)
		}
	}
	f, err := ParseFile(b)
	if err != nil || f.Name != Agent || string(f.Data("agent-linux-mipsle")) != "two" {
		t.Fatalf("%+v, %v", f, err)
	}
	for i := range b { // forged: no byte may differ
		bad := bytes.Clone(b)
		bad[i] ^= 0x20
		if _, err := ParseFile(bad); err == nil {
			t.Fatalf("with another byte %d it was taken", i)
		}
	}
	for _, n := range []int{0, 1, 511, 512, 1024, len(b) - 1} {
		if _, err := ParseFile(b[:n]); err == nil {
			t.Errorf("cut to %d bytes it was taken", n)
		}
	}
	if _, err := ParseFile(append(bytes.Clone(b), b...)); err == nil {
		t.Error("two in one were taken")
	}
	for name, parts := range map[string]map[string][]byte{"agent": {"agent-plan9": []byte("x")}, "models": {"profiles": []byte("x")}, "other": {"other": []byte("x")},
		"herd": {"herd": make([]byte, MaxHerd+1)}, "lists": nil} {
		if _, err := Build(name, parts); err == nil {
			t.Errorf("%s of %d parts was built", name, len(parts))
		}
	}
}

func TestAFileIsPublished(t *testing.T) {
	now := start
	r := repository(t, dbtest.SQLite(t), &now)
	text, rep, err := BuildLists(folder("a.example\nb.example\n"), nil)
	if err != nil || rep.Entries != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	books, err := playbook.Pack(os.DirFS("../../playbook/data"))
	if err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string]map[string][]byte{"lists": {"lists": text}, "playbooks": {"playbooks": books}, Agent: {"agent-linux-armv7": []byte("p")}} {
		b, err := Build(name, parts)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ParseFile(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if v, changed, err := r.PublishFile(t.Context(), f); err != nil || v != 1 || changed != want {
				t.Errorf("%s: version %d, changed %v, %v", name, v, changed, err)
			}
		}
	}
	if rep, err = r.Publish(t.Context(), "lists", folder("a.example\nb.example\n")); err != nil || rep.Changed {
		t.Errorf("the folder says the same: %+v, %v", rep, err)
	}
}

// What gateways would refuse is not signed: every home would fetch it for nothing.
func TestWhatGatewaysWouldRefuseIsNotSigned(t *testing.T) {
	now := start
	r := repository(t, dbtest.SQLite(t), &now)
	for _, name := range []string{"lists", "models", "exposures", "profiles", "herd", "playbooks"} {
		b, err := Build(name, map[string][]byte{name: []byte("neither this nor that\n")})
		if err != nil {
			t.Fatal(err)
		}
		f, err := ParseFile(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.PublishFile(t.Context(), f); err == nil || !strings.Contains(err.Error(), name+": gateways would not take it") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := r.Newest(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("signed: %v, %v", list, err)
	}
}

// A root key that is kept elsewhere is here only to sign: without it the others go on with what it signed.
func TestTheRootKeyMayBeElsewhere(t *testing.T) {
	now := start
	r := repository(t, dbtest.SQLite(t), &now)
	root, err := r.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	offline := r.keys
	online := r.keys
	online.Root = nil
	if _, _, err := r.With(online).PublishData(t.Context(), "models", []byte("m")); err != nil {
		t.Fatal(err)
	}
	online.Targets, online.Snapshot = offline.Snapshot, offline.Targets // other keys
	if err := r.With(online).Renew(t.Context()); err == nil {
		t.Error("keys changed without the root key")
	}
	offline.Targets, offline.Snapshot = online.Targets, online.Snapshot
	now = now.Add(time.Hour)
	if err := r.With(offline).Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := refresh(t, New(r.d, online, r.now, slog.New(slog.DiscardHandler)), root, t.TempDir(), "models/whole-1", now); err != nil {
		t.Error("from the first root on:", err)
	}
}

func FuzzParseFile(f *testing.F) {
	for name, parts := range map[string]map[string][]byte{"models": {"models": []byte("m")}, Agent: {"agent-linux-armv7": []byte("p"), "agent-linux-arm64": []byte("q")}} {
		b, err := Build(name, parts)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := ParseFile(b)
		if err != nil {
			return
		}
		if again, err := Build(file.Name, file.data); err != nil || !bytes.Equal(again, b) {
			t.Fatal("what was read is not what was written")
		}
	})
}
