package whole

import (
	"os"
	"strings"
	"testing"

	"cardea/home"
	"cardea/lab/plan"
)

// foreign is a table of somebody else.
const foreign = "table inet somebody {\n\tcounter c { packets 0 bytes 0 }\n\tchain keep {\n\t\ttype filter hook forward priority 5; policy accept;\n\t}\n}\n"

// Somebody flushes the whole ruleset: ours is put right, quarantine first, and nobody else's is touched.
func TestForeignFlushIsHealed(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 51}, config: "  automatic: false\n"})
	w.must(os.WriteFile("/run/somebody.nft", []byte(foreign), 0o644))
	w.nft("-f", "/run/somebody.nft")
	fw4, theirs := w.nft("list", "table", "inet", "fw4"), w.nft("list", "table", "inet", "somebody")
	c := w.chatter(camera, laptop)
	c.flows(w)
	w.quarantine(camera)
	c.silent(w, c.mark(), "quarantined")

	// ours only, one table at a time
	for _, table := range []string{"inet cardea", "bridge cardea"} {
		healed := w.status().Counters["enforce_healed"]
		before := c.mark()
		w.nft(append([]string{"delete", "table"}, strings.Fields(table)...)...)
		w.eventually("the deletion of "+table+" is healed", func() bool { return w.status().Counters["enforce_healed"] > healed })
		after := c.mark()
		t.Logf("%s deleted: %d packets passed to the internet, %d to a neighbour before it was healed", table, after[0]-before[0], after[1]-before[1])
		c.silent(w, after, "healed after the deletion of "+table)
		if w.nft("list", "table", "inet", "fw4") != fw4 || w.nft("list", "table", "inet", "somebody") != theirs {
			t.Errorf("tables of others changed while %s was healed", table)
		}
	}

	// everything, as an administrator's script does that then loads its own rules
	healed := w.status().Counters["enforce_healed"]
	before := c.mark()
	w.must(os.WriteFile("/run/all.nft", []byte("flush ruleset\n"+fw4+theirs), 0o644))
	w.nft("-f", "/run/all.nft")
	w.eventually("the flush is healed", func() bool { return w.status().Counters["enforce_healed"] > healed })
	after := c.mark()
	t.Logf("ruleset flushed: %d packets passed to the internet, %d to a neighbour before it was healed", after[0]-before[0], after[1]-before[1])
	c.silent(w, after, "healed after the flush")
	if w.nft("list", "table", "inet", "fw4") != fw4 || w.nft("list", "table", "inet", "somebody") != theirs {
		t.Error("tables of others changed while the flush was healed")
	}
	w.inForce(camera, home.ModeQuarantine)
	w.offline(camera)
	w.online(laptop, phone)
	four := w.sticky(laptop, false)
	four.works(w, plan.VideoName, "after the flush")
	if tables := w.nft("list", "tables"); strings.Count(tables, "cardea") != 4 {
		t.Errorf("tables after the flush:\n%s", tables)
	}
}
