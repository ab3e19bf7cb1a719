package nfnl

import (
	"errors"
	"slices"
	"time"

	"cardea/gateway/enforce/rules"

	"golang.org/x/sys/unix"
)

// Kernel is what the kernel has of one of our tables.
type Kernel struct {
	There  bool
	Flags  uint32
	Owner  uint32 // number of the netlink socket that owns it
	Sets   map[string]SetState
	Chains map[string]*ChainState
}

// SetState is how the kernel describes a set, and its content where that is asked for.
type SetState struct {
	Flags, KeyType, KeyLen uint32
	Size                   uint32
	Timeout                time.Duration
	Elements               map[string]bool // nil: not asked for
}

// ChainState is a chain's place and the marks of its rules in order; "" for a rule that is not ours.
type ChainState struct {
	Hook     uint32
	Priority int32
	Base     bool
	Type     string
	Marks    []string
}

// Fits says whether the kernel's set is of the wanted kind.
func (k SetState) Fits(s *rules.Set) bool {
	magic, length := keyType(s)
	return k.Flags == setFlags(s) && k.KeyType == magic && k.KeyLen == length && k.Timeout == s.Timeout && k.Size == s.Size
}

// Fits says whether the kernel's chain stands where the wanted one stands.
func (k *ChainState) Fits(c *rules.Chain) bool {
	if c.Hook == "" {
		return !k.Base
	}
	return k.Base && k.Hook == hooks[c.Hook] && k.Priority == c.Priority && k.Type == c.Type
}

const tableOwner = 7 // NFTA_TABLE_OWNER

// Read reads what the kernel has of a table: sets, chains, the marks of the rules, and the content of those sets that
// Apply is responsible for. It asks again when a change interrupts it.
func (s *Socket) Read(want *rules.Table) (k Kernel, err error) {
	for range 20 {
		if k, err = s.read(want); !errors.Is(err, ErrInterrupted) {
			return k, err
		}
	}
	return k, err
}

func (s *Socket) read(want *rules.Table) (Kernel, error) {
	k := Kernel{Sets: map[string]SetState{}, Chains: map[string]*ChainState{}}
	named := func(typ uint16) func(*Attrs) { return func(a *Attrs) { a.String(typ, want.Name) } }
	err := s.Request(about(want, unix.NFT_MSG_GETTABLE, 0, "reading", named(unix.NFTA_TABLE_NAME)), func(_ uint8, attrs []byte) {
		k.There = true
		Each(attrs, func(typ uint16, b []byte) {
			switch typ {
			case unix.NFTA_TABLE_FLAGS:
				k.Flags = uint32(Number(b))
			case tableOwner:
				k.Owner = uint32(Number(b))
			}
		})
	})
	if errors.Is(err, unix.ENOENT) {
		return k, nil
	}
	if err == nil {
		err = s.Dump(about(want, unix.NFT_MSG_GETSET, 0, "sets", named(unix.NFTA_SET_TABLE)), func(_ uint8, attrs []byte) { k.addSet(want, attrs) })
	}
	if err == nil {
		err = s.Dump(about(want, unix.NFT_MSG_GETCHAIN, 0, "chains", named(unix.NFTA_CHAIN_TABLE)), func(_ uint8, attrs []byte) { k.addChain(want, attrs) })
	}
	if err == nil {
		err = s.Dump(about(want, unix.NFT_MSG_GETRULE, 0, "rules", named(unix.NFTA_RULE_TABLE)), func(_ uint8, attrs []byte) { k.addRule(want, attrs) })
	}
	for _, set := range want.Sets {
		if state, ok := k.Sets[set.Name]; err == nil && ok && !set.Dynamic && !set.Live {
			state.Elements = map[string]bool{}
			err = s.Elements(want, set, func(key []byte, _ bool) { state.Elements[string(key)] = true })
			k.Sets[set.Name] = state
		}
	}
	return k, err
}

func (k *Kernel) addSet(want *rules.Table, attrs []byte) {
	var st SetState
	var name, table string
	Each(attrs, func(typ uint16, b []byte) {
		switch typ {
		case unix.NFTA_SET_TABLE:
			table = Text(b)
		case unix.NFTA_SET_NAME:
			name = Text(b)
		case unix.NFTA_SET_FLAGS:
			st.Flags = uint32(Number(b))
		case unix.NFTA_SET_KEY_TYPE:
			st.KeyType = uint32(Number(b))
		case unix.NFTA_SET_KEY_LEN:
			st.KeyLen = uint32(Number(b))
		case unix.NFTA_SET_TIMEOUT:
			st.Timeout = time.Duration(Number(b)) * time.Millisecond
		case unix.NFTA_SET_DESC:
			Each(b, func(typ uint16, b []byte) {
				if typ == unix.NFTA_SET_DESC_SIZE {
					st.Size = uint32(Number(b))
				}
			})
		}
	})
	if table == want.Name {
		k.Sets[name] = st
	}
}

func (k *Kernel) addChain(want *rules.Table, attrs []byte) {
	st := &ChainState{}
	var name, table string
	Each(attrs, func(typ uint16, b []byte) {
		switch typ {
		case unix.NFTA_CHAIN_TABLE:
			table = Text(b)
		case unix.NFTA_CHAIN_NAME:
			name = Text(b)
		case unix.NFTA_CHAIN_TYPE:
			st.Type = Text(b)
		case unix.NFTA_CHAIN_HOOK:
			st.Base = true
			Each(b, func(typ uint16, b []byte) {
				switch typ {
				case unix.NFTA_HOOK_HOOKNUM:
					st.Hook = uint32(Number(b))
				case unix.NFTA_HOOK_PRIORITY:
					st.Priority = int32(uint32(Number(b)))
				}
			})
		}
	})
	if table == want.Name {
		k.Chains[name] = st
	}
}

func (k *Kernel) addRule(want *rules.Table, attrs []byte) {
	var table, chain, mark string
	Each(attrs, func(typ uint16, b []byte) {
		switch typ {
		case unix.NFTA_RULE_TABLE:
			table = Text(b)
		case unix.NFTA_RULE_CHAIN:
			chain = Text(b)
		case unix.NFTA_RULE_USERDATA:
			if len(b) > 2 && b[0] == 0 {
				mark = Text(b[2:])
			}
		}
	})
	if c := k.Chains[chain]; c != nil && table == want.Name {
		c.Marks = append(c.Marks, mark)
	}
}

// Elements hands on each element of a set: its key, and whether it is the end of a range. The key is valid only during
// the call.
func (s *Socket) Elements(t *rules.Table, set *rules.Set, each func(key []byte, end bool)) error {
	return s.Dump(about(t, unix.NFT_MSG_GETSETELEM, 0, "elements of set "+set.Name, func(a *Attrs) {
		a.String(unix.NFTA_SET_ELEM_LIST_TABLE, t.Name)
		a.String(unix.NFTA_SET_ELEM_LIST_SET, set.Name)
	}), func(_ uint8, attrs []byte) { eachElement(attrs, each) })
}

func eachElement(attrs []byte, each func(key []byte, end bool)) {
	Each(attrs, func(typ uint16, list []byte) {
		if typ != unix.NFTA_SET_ELEM_LIST_ELEMENTS {
			return
		}
		Each(list, func(_ uint16, elem []byte) {
			var key []byte
			end := false
			Each(elem, func(typ uint16, b []byte) {
				switch typ {
				case unix.NFTA_SET_ELEM_KEY:
					Each(b, func(_ uint16, v []byte) { key = v })
				case unix.NFTA_SET_ELEM_FLAGS:
					end = Number(b)&unix.NFT_SET_ELEM_INTERVAL_END != 0
				}
			})
			each(key, end)
		})
	})
}

// Missing asks for up to MaxElements elements by key and says whether any of them is not in the set.
func (s *Socket) Missing(t *rules.Table, set *rules.Set, elements []rules.Element) (bool, error) {
	for chunk := range slices.Chunk(elements, MaxElements) {
		n := 0
		err := s.Request(about(t, unix.NFT_MSG_GETSETELEM, 0, "elements of set "+set.Name, func(a *Attrs) { elementList(a, t, set, chunk) }),
			func(_ uint8, attrs []byte) { eachElement(attrs, func([]byte, bool) { n++ }) })
		if errors.Is(err, unix.ENOENT) || err == nil && n != len(chunk) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}
