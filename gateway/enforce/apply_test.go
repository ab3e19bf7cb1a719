package enforce

import (
	"regexp"
	"strings"
	"testing"

	"cardea/home"
)

var (
	comments = regexp.MustCompile(` comment "c-[0-9a-f]+"`)
	learnt   = regexp.MustCompile(`\t\telements = \{[^}]*expires[^}]*\}\n`)
	owners   = regexp.MustCompile(` # progname .*`)
)

// listing is what nft shows of our tables, without what differs from run to run.
func (l *lab) listing() string {
	out := owners.ReplaceAllString(comments.ReplaceAllString(l.nft("list ruleset"), ""), "")
	out = learnt.ReplaceAllString(out, "")
	i := strings.Index(out, "table bridge cardea {")
	return strings.TrimSpace(out[max(i, 0):]) + "\n"
}

func TestApplyIsWhatNftLists(t *testing.T) {
	l := newLab(t)
	fw4 := l.nft("list table inet fw4")
	e := l.enforcer()
	l.apply(e, testDesired())
	golden(t, "home.list.nft", l.listing())
	if n := e.Writes(); n != 1 {
		t.Errorf("%d transactions", n)
	}
	l.apply(e, testDesired())
	if n := e.Writes(); n != 1 {
		t.Errorf("applying the same again wrote: %d transactions", n)
	}
	l.apply(e, home.Desired{Version: 8})
	l.apply(e, testDesired())
	golden(t, "home.list.nft", l.listing())
	if now := l.nft("list table inet fw4"); now != fw4 {
		t.Errorf("inet fw4 changed:\n%s", now)
	}
	// what others change in our tables is put right
	l.nft("flush chain bridge cardea forward")
	l.nft("add rule inet cardea forward accept")
	l.nft("delete element bridge cardea quarantine { 02:00:00:00:00:0d }")
	l.nft("add chain inet cardea stranger")
	l.nft("add set bridge cardea strange { type ipv4_addr; }")
	l.apply(e, testDesired())
	golden(t, "home.list.nft", l.listing())
}

// What nft writes otherwise than we do; the bytecode is the same.
var nftSays = strings.NewReplacer(
	"iif << 16 & 0x0fff0000", "iif << 16 & 268369920",
	"meta mark & 0x80000000 == 0x00000000", "meta mark 0x00000000/1", "meta mark & 0x80000000 != 0x00000000", "meta mark != 0x00000000/1",
	"tcp flags rst / rst", "tcp flags & rst == rst",
	"meta protocol ip goto", "meta nfproto ipv4 goto", "meta protocol ip6 goto", "meta nfproto ipv6 goto",
)

// Every rule's own text is what nft reads in the kernel's bytecode, chain by chain and in order.
func TestTextIsWhatTheKernelRuns(t *testing.T) {
	l := newLab(t)
	l.apply(l.enforcer(), testDesired())
	rs, err := Compile(l.cfg, testDesired())
	must(t, err)
	ours, theirs := ruleLines(nftSays.Replace(rs.String())), ruleLines(l.listing())
	if len(ours) < 100 || len(ours) != len(theirs) {
		t.Fatalf("%d rules, nft lists %d", len(ours), len(theirs))
	}
	for i := range ours {
		a, b := ours[i], theirs[i]
		b = strings.ReplaceAll(b, "@ll,48,48", "ether saddr") // nft knows Ethernet headers in the bridge family only
		if strings.HasPrefix(a, "reject with tcp reset") {
			a = "meta l4proto tcp " + a
		}
		if strings.Contains(a, "@th,") {
			continue // shown as raw offsets with their conditions; see the golden listing
		}
		if a != b {
			t.Errorf("rule %d\nours %s\nnft  %s", i, a, b)
		}
	}
}

func ruleLines(s string) (out []string) {
	in := false
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "chain "):
			in = true
		case line == "}":
			in = false
		case in && !strings.HasPrefix(line, "type "):
			out = append(out, line)
		}
	}
	return out
}
