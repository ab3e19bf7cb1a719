package rollout

import (
	"bytes"
	"os"
	"testing"

	"cardea/internal/platform/db/dbtest"
	"cardea/playbook"
)

func TestPlaybooksOfKeptVersionsAreFound(t *testing.T) {
	now := start
	r := repository(t, dbtest.SQLite(t), &now)
	shipped, err := playbook.Pack(os.DirFS("../../playbook/data"))
	if err != nil {
		t.Fatal(err)
	}
	const one, title = `id: telnet-botnet\nversion: 1`, `A program that lives`
	if !bytes.Contains(shipped, []byte(one)) || !bytes.Contains(shipped, []byte(title)) {
		t.Fatal("the playbook is written in another way")
	}
	for _, v := range []string{"2", "3"} {
		data := bytes.Replace(shipped, []byte(one), []byte(one[:len(one)-1]+v), 1)
		data = bytes.ReplaceAll(data, []byte(title), []byte("Version "+v+" of a program that lives"))
		if _, _, err := r.PublishData(t.Context(), "playbooks", data); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := r.PublishData(t.Context(), "playbooks", []byte("what no gateway takes")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time they are known
		for ref, want := range map[string]string{"telnet-botnet@1": "telnet-botnet@1", "telnet-botnet@2": "telnet-botnet@2", "telnet-botnet@3": "telnet-botnet@3",
			"telnet-botnet@9": "telnet-botnet@3", "unknown@1": "unknown@1"} {
			if p := r.Playbook(t.Context(), ref); p == nil || p.Ref() != want {
				t.Errorf("%s: %v, want %s", ref, p, want)
			}
		}
	}
	if p := r.Playbook(t.Context(), "telnet-botnet@2"); p.Title["en"] == r.Playbook(t.Context(), "telnet-botnet@3").Title["en"] {
		t.Errorf("%q is said of both", p.Title["en"])
	}
	if p := r.Playbook(t.Context(), "none-such@1"); p != nil {
		t.Errorf("%v", p)
	}
}
