package nfnl

import (
	"encoding/binary"
	"fmt"

	"cardea/gateway/enforce/rules"

	"golang.org/x/sys/unix"
)

const nft = unix.NFNL_SUBSYS_NFTABLES << 8

// Table flags (linux/netfilter/nf_tables.h).
const (
	FlagDormant = 1
	FlagOwner   = 2
)

// MaxElements is the most elements that go into one message: the length of the attribute that holds them has 16 bits.
const MaxElements = 800

var hooks = map[string]uint32{
	"prerouting": unix.NF_INET_PRE_ROUTING, "input": unix.NF_INET_LOCAL_IN, "forward": unix.NF_INET_FORWARD,
	"output": unix.NF_INET_LOCAL_OUT, "postrouting": unix.NF_INET_POST_ROUTING,
}

func tableName(t *rules.Table) string { return fmt.Sprintf("table %s %s", t.Family, t.Name) }

// message of a kind about something in a table.
func about(t *rules.Table, kind, flags uint16, what string, attrs func(*Attrs)) Message {
	m := Message{What: what + " of " + tableName(t), Type: nft | kind, Flags: flags, Family: uint8(t.Family)}
	attrs(&m.Attrs)
	return m
}

// NewTable makes the table or, if it is there, sets its flags.
func (b *Batch) NewTable(t *rules.Table) {
	var flags uint32
	if t.Dormant {
		flags |= FlagDormant
	}
	if t.Owner {
		flags |= FlagOwner
	}
	b.Add(about(t, unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, "making", func(a *Attrs) {
		a.String(unix.NFTA_TABLE_NAME, t.Name)
		a.Uint32(unix.NFTA_TABLE_FLAGS, flags)
	}))
}

// DelTable removes the table with everything in it.
func (b *Batch) DelTable(t *rules.Table) {
	b.Add(about(t, unix.NFT_MSG_DELTABLE, 0, "removal", func(a *Attrs) { a.String(unix.NFTA_TABLE_NAME, t.Name) }))
}

// NewChain makes a chain.
func (b *Batch) NewChain(t *rules.Table, c *rules.Chain) {
	b.Add(about(t, unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, "chain "+c.Name, func(a *Attrs) {
		a.String(unix.NFTA_CHAIN_TABLE, t.Name)
		a.String(unix.NFTA_CHAIN_NAME, c.Name)
		if c.Hook == "" {
			return
		}
		a.Nest(unix.NFTA_CHAIN_HOOK, func(a *Attrs) {
			a.Uint32(unix.NFTA_HOOK_HOOKNUM, hooks[c.Hook])
			a.Uint32(unix.NFTA_HOOK_PRIORITY, uint32(c.Priority))
		})
		a.Uint32(unix.NFTA_CHAIN_POLICY, 1) // NF_ACCEPT
		a.String(unix.NFTA_CHAIN_TYPE, c.Type)
	}))
}

// FlushChain removes a chain's rules; name "" those of all chains.
func (b *Batch) FlushChain(t *rules.Table, name string) {
	b.Add(about(t, unix.NFT_MSG_DELRULE, 0, "clearing chain "+name, func(a *Attrs) {
		a.String(unix.NFTA_RULE_TABLE, t.Name)
		if name != "" {
			a.String(unix.NFTA_RULE_CHAIN, name)
		}
	}))
}

// DelChain removes an empty chain.
func (b *Batch) DelChain(t *rules.Table, name string) {
	b.Add(about(t, unix.NFT_MSG_DELCHAIN, 0, "removal of chain "+name, func(a *Attrs) {
		a.String(unix.NFTA_CHAIN_TABLE, t.Name)
		a.String(unix.NFTA_CHAIN_NAME, name)
	}))
}

// NewRule appends a rule, with its mark as the comment that nft shows (libnftnl's udata.h: type 0, length, text).
func (b *Batch) NewRule(t *rules.Table, chain string, r rules.Rule) {
	b.Add(about(t, unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND, fmt.Sprintf("rule %q in chain %s", r.Text, chain), func(a *Attrs) {
		a.String(unix.NFTA_RULE_TABLE, t.Name)
		a.String(unix.NFTA_RULE_CHAIN, chain)
		a.Nest(unix.NFTA_RULE_EXPRESSIONS, func(a *Attrs) {
			for _, e := range r.Exprs {
				a.Bytes(unix.NLA_F_NESTED|unix.NFTA_LIST_ELEM, e)
			}
		})
		mark := append([]byte(r.Mark()), 0)
		a.Bytes(unix.NFTA_RULE_USERDATA, append([]byte{0, byte(len(mark))}, mark...))
	}))
}

// setFlags and keyType are how the kernel describes a set; reading back compares them.
func setFlags(s *rules.Set) (f uint32) {
	for _, x := range []struct {
		on  bool
		bit uint32
	}{{s.Interval, unix.NFT_SET_INTERVAL}, {s.Expiring || s.Timeout > 0, unix.NFT_SET_TIMEOUT}, {s.Dynamic, unix.NFT_SET_EVAL}} {
		if x.on {
			f |= x.bit
		}
	}
	return f
}

func keyType(s *rules.Set) (magic, length uint32) {
	for _, k := range s.Key {
		magic = magic<<6 | k.Magic
		length += uint32(k.Bytes+3) &^ 3
	}
	if len(s.Key) == 1 {
		length = uint32(s.Key[0].Bytes)
	}
	return magic, length
}

// NewSet makes a set, without elements.
func (b *Batch) NewSet(t *rules.Table, s *rules.Set) {
	magic, length := keyType(s)
	b.Add(about(t, unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE, "set "+s.Name, func(a *Attrs) {
		a.String(unix.NFTA_SET_TABLE, t.Name)
		a.String(unix.NFTA_SET_NAME, s.Name)
		a.Uint32(unix.NFTA_SET_ID, uint32(b.Len()+1)) // only has to be unique in the transaction
		a.Uint32(unix.NFTA_SET_FLAGS, setFlags(s))
		a.Uint32(unix.NFTA_SET_KEY_TYPE, magic)
		a.Uint32(unix.NFTA_SET_KEY_LEN, length)
		if s.Timeout > 0 {
			a.Uint64(unix.NFTA_SET_TIMEOUT, uint64(s.Timeout.Milliseconds()))
		}
		if s.Size > 0 {
			a.Nest(unix.NFTA_SET_DESC, func(a *Attrs) { a.Uint32(unix.NFTA_SET_DESC_SIZE, s.Size) })
		}
		order := uint32(2) // big endian (libnftnl's udata.h); only nft's listing looks at it
		if len(s.Key) == 1 && s.Key[0].Host {
			order = 1
		}
		a.Bytes(unix.NFTA_SET_USERDATA, binary.NativeEndian.AppendUint32([]byte{0, 4}, order))
	}))
}

// DelSet removes a set that no rule uses.
func (b *Batch) DelSet(t *rules.Table, name string) {
	b.Add(about(t, unix.NFT_MSG_DELSET, 0, "removal of set "+name, func(a *Attrs) {
		a.String(unix.NFTA_SET_TABLE, t.Name)
		a.String(unix.NFTA_SET_NAME, name)
	}))
}

// AddElements and DelElements change a set's content, at most MaxElements a message.
func (b *Batch) AddElements(t *rules.Table, s *rules.Set, e []rules.Element) {
	b.elements(unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, "new elements of set ", t, s, e)
}

// DelElements removes elements; one that is not there fails the transaction.
func (b *Batch) DelElements(t *rules.Table, s *rules.Set, e []rules.Element) {
	b.elements(unix.NFT_MSG_DELSETELEM, 0, "removal of elements of set ", t, s, e)
}

func (b *Batch) elements(kind, flags uint16, what string, t *rules.Table, s *rules.Set, elements []rules.Element) {
	for len(elements) > 0 {
		n := min(len(elements), MaxElements)
		b.Add(about(t, kind, flags, what+s.Name, func(a *Attrs) { elementList(a, t, s, elements[:n]) }))
		elements = elements[n:]
	}
}

func elementList(a *Attrs, t *rules.Table, s *rules.Set, elements []rules.Element) {
	a.String(unix.NFTA_SET_ELEM_LIST_TABLE, t.Name)
	a.String(unix.NFTA_SET_ELEM_LIST_SET, s.Name)
	a.Nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(a *Attrs) {
		for _, e := range elements {
			a.Nest(unix.NFTA_LIST_ELEM, func(a *Attrs) {
				a.Nest(unix.NFTA_SET_ELEM_KEY, func(a *Attrs) { a.Bytes(unix.NFTA_DATA_VALUE, []byte(e.Key)) })
				if e.Timeout > 0 {
					a.Uint64(unix.NFTA_SET_ELEM_TIMEOUT, uint64(e.Timeout.Milliseconds()))
				}
			})
			if e.End == "" {
				continue
			}
			a.Nest(unix.NFTA_LIST_ELEM, func(a *Attrs) {
				a.Uint32(unix.NFTA_SET_ELEM_FLAGS, unix.NFT_SET_ELEM_INTERVAL_END)
				a.Nest(unix.NFTA_SET_ELEM_KEY, func(a *Attrs) { a.Bytes(unix.NFTA_DATA_VALUE, []byte(e.End)) })
			})
		}
	})
}

// FlushSet removes all elements of a set.
func (b *Batch) FlushSet(t *rules.Table, name string) {
	b.Add(about(t, unix.NFT_MSG_DELSETELEM, 0, "emptying set "+name, func(a *Attrs) {
		a.String(unix.NFTA_SET_ELEM_LIST_TABLE, t.Name)
		a.String(unix.NFTA_SET_ELEM_LIST_SET, name)
	}))
}
