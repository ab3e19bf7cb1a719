package enforce

import (
	"slices"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
)

// plan adds to the batch what brings the kernel's table to the wanted one, and nothing else: an unchanged table adds no
// message. Tables and sets stay, chains get new rules in place, so that there is no moment without rules and no listed
// address is let through. It says whether the sets that Apply does not fill were lost and have to be filled again.
func plan(b *nfnl.Batch, k nfnl.Kernel, want *rules.Table) (emptied bool) {
	before := b.Len()
	if k.There && (k.Flags&nfnl.FlagOwner != 0) != want.Owner {
		b.DelTable(want) // ownership can only be set when the table is made
		k = nfnl.Kernel{}
	}
	if !k.There {
		made := *want
		made.Dormant = false // the switch is a transaction of its own, see wake
		b.NewTable(&made)
	}
	rebuilt := map[string]bool{}
	for _, s := range want.Sets {
		if st, ok := k.Sets[s.Name]; ok && !st.Fits(s) {
			rebuilt[s.Name] = true
		}
	}
	if len(rebuilt) > 0 { // a set can only be replaced when no rule uses it: same transaction, so still nothing leaks
		b.FlushChain(want, "")
		for _, s := range want.Sets {
			if rebuilt[s.Name] {
				b.DelSet(want, s.Name)
			}
		}
		for _, c := range k.Chains {
			c.Marks = nil
		}
	}
	emptied = planSets(b, k, want, rebuilt)
	planChains(b, k, want)
	for _, s := range want.Sets {
		if st, ok := k.Sets[s.Name]; ok && !rebuilt[s.Name] {
			planRemovals(b, st, want, s)
		}
	}
	planStrangers(b, k, want)
	return emptied && b.Len() > before
}

// planSets makes missing sets and adds missing elements: what is to be cut comes before what is to be let go.
func planSets(b *nfnl.Batch, k nfnl.Kernel, want *rules.Table, rebuilt map[string]bool) (emptied bool) {
	for _, s := range want.Sets {
		st, there := k.Sets[s.Name]
		if !there || rebuilt[s.Name] {
			b.NewSet(want, s)
			st = nfnl.SetState{}
			emptied = emptied || s.Live
		}
		var add []rules.Element
		for _, e := range s.Elements {
			if !st.Elements[e.Key] {
				add = append(add, e)
			}
		}
		b.AddElements(want, s, add)
	}
	return emptied
}

func planRemovals(b *nfnl.Batch, st nfnl.SetState, want *rules.Table, s *rules.Set) {
	var gone []rules.Element
	for key := range st.Elements {
		if !s.Has(key) {
			gone = append(gone, rules.Element{Key: key})
		}
	}
	b.DelElements(want, s, gone)
}

// planChains makes all chains before any rule, since rules name the chains they jump to.
func planChains(b *nfnl.Batch, k nfnl.Kernel, want *rules.Table) {
	for _, c := range want.Chains {
		st, there := k.Chains[c.Name]
		if there && !st.Fits(c) { // after an upgrade only
			b.FlushChain(want, "")
			b.DelChain(want, c.Name)
			there = false
			for _, other := range k.Chains {
				other.Marks = nil
			}
		}
		if !there {
			b.NewChain(want, c)
		}
	}
	for _, c := range want.Chains {
		marks := make([]string, len(c.Rules))
		for i, r := range c.Rules {
			marks[i] = r.Mark()
		}
		var have []string
		if st := k.Chains[c.Name]; st != nil && st.Fits(c) {
			have = st.Marks
		}
		if slices.Equal(marks, have) {
			continue
		}
		if len(have) > 0 {
			b.FlushChain(want, c.Name)
		}
		for _, r := range c.Rules {
			b.NewRule(want, c.Name, r)
		}
	}
}

// planStrangers removes what others, or an older version, left in our tables.
func planStrangers(b *nfnl.Batch, k nfnl.Kernel, want *rules.Table) {
	var gone []string
	for name, c := range k.Chains {
		if !slices.ContainsFunc(want.Chains, func(w *rules.Chain) bool { return w.Name == name }) {
			gone = append(gone, name)
			if len(c.Marks) > 0 {
				b.FlushChain(want, name)
			}
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		b.DelChain(want, name)
	}
	for name := range k.Sets {
		if want.Set(name) == nil {
			b.DelSet(want, name)
		}
	}
}
