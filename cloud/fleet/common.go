package fleet

import (
	"cmp"
	"maps"
	"slices"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const maxTexts = 8 // that are shown of a model or a cluster

// texts counts in how many homes a text was seen. Homes come one after the other.
type texts struct {
	of map[string]*counted
}

type counted struct {
	token *pb.Token
	homes int
	last  home.Place // that was counted
}

const maxCounted = 64 // different texts

func (t *texts) add(p home.Place, tokens []*pb.Token) {
	if t.of == nil {
		t.of = map[string]*counted{}
	}
	for _, one := range tokens {
		s := said(one)
		if s == "" {
			continue
		}
		c := t.of[s]
		if c == nil {
			if len(t.of) >= maxCounted {
				continue
			}
			c = &counted{token: one}
			t.of[s] = c
		}
		if c.homes == 0 || c.last != p {
			c.homes, c.last = c.homes+1, p
		}
	}
}

// most are the texts that at least so many homes have, those of most homes first.
func (t *texts) most(homes int) (out []*pb.Token) {
	list := slices.SortedFunc(maps.Keys(t.of), func(a, b string) int { return cmp.Or(t.of[b].homes-t.of[a].homes, cmp.Compare(a, b)) })
	for _, s := range list {
		if t.of[s].homes >= homes && len(out) < maxTexts {
			out = append(out, t.of[s].token)
		}
	}
	return out
}

// said is a token's text in words; "" without.
func said(t *pb.Token) string {
	if t.GetText() == "" {
		return ""
	}
	return wire.Telling(t.GetTelling()).String() + " " + t.GetText()
}

// common is what at least so many homes of a list have, as it is stored.
func common(list []sightedRow, homes int) ([]byte, error) {
	var t texts
	for _, r := range list {
		var s pb.Sighted
		if err := proto.Unmarshal(r.data, &s); err != nil {
			return nil, err
		}
		t.add(r.place, s.GetTokens())
	}
	return proto.Marshal(&pb.Sighted{Tokens: t.most(homes)})
}

func words(data []byte) (out []string, err error) {
	var s pb.Sighted
	if err := proto.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	for _, t := range s.GetTokens() {
		out = append(out, said(t))
	}
	return out, nil
}
