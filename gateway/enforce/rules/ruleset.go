// Package rules is the small language that enforcement is written in: tables, sets, chains and rules as plain values,
// each with the text a person reads (nft's own notation where nft has one) and the bytecode the kernel runs, made from
// the same expression so that the two cannot disagree. It is pure: no I/O, no state. Only gateway/enforce imports it.
package rules

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Family is an nftables address family (linux/netfilter.h, NFPROTO_*).
type Family uint8

// The families in use.
const (
	Inet   Family = 1
	Bridge Family = 7
)

func (f Family) String() string {
	if f == Bridge {
		return "bridge"
	}
	return "inet"
}

// Ruleset is all tables that are ours.
type Ruleset struct{ Tables []*Table }

// Table is one nftables table.
type Table struct {
	Family  Family
	Name    string
	Owner   bool // dies with the netlink socket that made it (NFT_TABLE_F_OWNER)
	Dormant bool // nothing in it is matched (NFT_TABLE_F_DORMANT)
	Sets    []*Set
	Chains  []*Chain
}

// Set is one named set.
type Set struct {
	Name     string
	Key      []Type
	Interval bool          // ranges (one key type only)
	Dynamic  bool          // filled by rules; its content is never compared
	Expiring bool          // elements may have a timeout of their own
	Timeout  time.Duration // of an element that has none; 0: for ever
	Size     uint32        // most elements; 0: the kernel's choice
	Live     bool          // filled at run time by other calls than Apply: content is neither compared nor cleared
	Elements []Element     // in order of Key
}

// Element is one member of a set. Key is the kernel's encoding, as a string so that it can key maps.
type Element struct {
	Key     string
	End     string // interval sets: the first key behind the range, "" for none
	Text    string
	Timeout time.Duration
}

// Chain is one chain; a chain with Hook "" is only jumped to.
type Chain struct {
	Name     string
	Type     string // filter or nat
	Hook     string
	Priority int32
	Rules    []Rule
}

// Rule is one rule: its text and the marshalled expressions.
type Rule struct {
	Text  string
	Exprs [][]byte
}

// Mark is a short name for exactly this rule; it is stored with the rule as its comment, and read back.
func (r Rule) Mark() string {
	h := sha256.New()
	for _, e := range r.Exprs {
		h.Write(e)
		h.Write([]byte{0})
	}
	return "c-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// Table finds a table by family and name; nil when there is none.
func (rs *Ruleset) Table(f Family, name string) *Table {
	for _, t := range rs.Tables {
		if t.Family == f && t.Name == name {
			return t
		}
	}
	return nil
}

// Set finds a set by name; nil when there is none.
func (t *Table) Set(name string) *Set {
	for _, s := range t.Sets {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Add puts an element into the set, keeping the order and dropping duplicates.
func (s *Set) Add(e Element) {
	i, found := slices.BinarySearchFunc(s.Elements, e, func(a, b Element) int { return cmp.Compare(a.Key, b.Key) })
	if !found {
		s.Elements = slices.Insert(s.Elements, i, e)
	}
}

// Has says whether the set holds the key.
func (s *Set) Has(key string) bool {
	_, found := slices.BinarySearchFunc(s.Elements, key, func(a Element, k string) int { return cmp.Compare(a.Key, k) })
	return found
}

func (rs Ruleset) String() string {
	var b bytes.Buffer
	for i, t := range rs.Tables {
		if i > 0 {
			b.WriteByte('\n')
		}
		t.print(&b)
	}
	return b.String()
}

func (t *Table) print(b *bytes.Buffer) {
	fmt.Fprintf(b, "table %s %s {\n", t.Family, t.Name)
	if t.Owner {
		b.WriteString("\tflags owner\n")
	}
	if t.Dormant {
		b.WriteString("\tflags dormant\n")
	}
	for _, s := range t.Sets {
		s.print(b)
	}
	for _, c := range t.Chains {
		c.print(b)
	}
	b.WriteString("}\n")
}

func (s *Set) print(b *bytes.Buffer) {
	names := make([]string, len(s.Key))
	for i, k := range s.Key {
		names[i] = k.Name
	}
	fmt.Fprintf(b, "\tset %s {\n\t\ttype %s\n", s.Name, strings.Join(names, " . "))
	if s.Size > 0 {
		fmt.Fprintf(b, "\t\tsize %d\n", s.Size)
	}
	var flags []string
	for _, f := range []struct {
		on   bool
		name string
	}{{s.Dynamic, "dynamic"}, {s.Interval, "interval"}, {s.Expiring, "timeout"}} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	if len(flags) > 0 {
		fmt.Fprintf(b, "\t\tflags %s\n", strings.Join(flags, ","))
	}
	if s.Timeout > 0 {
		fmt.Fprintf(b, "\t\ttimeout %s\n", duration(s.Timeout))
	}
	for i, e := range s.Elements {
		if i == 0 {
			fmt.Fprintf(b, "\t\telements = { %s", e.Text)
		} else {
			fmt.Fprintf(b, ",\n\t\t\t     %s", e.Text)
		}
		if i == len(s.Elements)-1 {
			b.WriteString(" }\n")
		}
	}
	b.WriteString("\t}\n\n")
}

// duration as nft writes it: 1d, 10m, 1m30s.
func duration(d time.Duration) string {
	s := ""
	for _, u := range []struct {
		name string
		is   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / u.is; n > 0 {
			s += fmt.Sprintf("%d%s", n, u.name)
			d -= n * u.is
		}
	}
	return s
}

func (c *Chain) print(b *bytes.Buffer) {
	fmt.Fprintf(b, "\tchain %s {\n", c.Name)
	if c.Hook != "" {
		fmt.Fprintf(b, "\t\ttype %s hook %s priority %d; policy accept;\n", c.Type, c.Hook, c.Priority)
	}
	for _, r := range c.Rules {
		fmt.Fprintf(b, "\t\t%s\n", r.Text)
	}
	b.WriteString("\t}\n\n")
}
