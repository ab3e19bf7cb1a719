package rules

import (
	"fmt"
	"strings"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

func verdict(kind expr.VerdictKind, word, chain string) Statement {
	return Statement{text: strings.TrimSpace(word + " " + chain), codes: []code{known(&expr.Verdict{Kind: kind, Chain: chain})}}
}

// Accept ends this base chain; later ones still decide.
func Accept() Statement { return verdict(expr.VerdictAccept, "accept", "") }

// Drop is final.
func Drop() Statement { return verdict(expr.VerdictDrop, "drop", "") }

// Return goes back to the chain that jumped here.
func Return() Statement { return verdict(expr.VerdictReturn, "return", "") }

// Jump goes to a chain and comes back; Goto does not come back.
func Jump(chain string) Statement { return verdict(expr.VerdictJump, "jump", chain) }

// Goto goes to a chain and does not come back.
func Goto(chain string) Statement { return verdict(expr.VerdictGoto, "goto", chain) }

// Reset answers a TCP segment with a RST and drops it. Not in the bridge family (no bridge reject in all kernels).
func Reset() Statement {
	return Statement{text: "reject with tcp reset", needs: []need{tcp},
		codes: []code{known(&expr.Reject{Type: unix.NFT_REJECT_TCP_RST})}}
}

// Refuse answers with an ICMP error that says "by administration" (RFC 1812 5.2.7.1, RFC 4443 3.1) and drops.
func Refuse() Statement {
	return Statement{text: "reject with icmpx admin-prohibited",
		codes: []code{known(&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_ADMIN_PROHIBITED})}}
}

// Log sends the packet to an NFLOG group: snap bytes of it, and a wake-up after threshold packets at the latest.
func Log(prefix string, group uint16, snap uint32, threshold uint16) Statement {
	e := &expr.Log{Group: group, Snaplen: snap, QThreshold: threshold,
		Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_SNAPLEN | 1<<unix.NFTA_LOG_QTHRESHOLD}
	text := "log"
	if prefix != "" {
		e.Key |= 1 << unix.NFTA_LOG_PREFIX
		e.Data = []byte(prefix)
		text += fmt.Sprintf(" prefix %q", prefix)
	}
	return Statement{text: fmt.Sprintf("%s group %d snaplen %d queue-threshold %d", text, group, snap, threshold), codes: []code{known(e)}}
}

func port(p uint16) code { return known(&expr.Immediate{Register: firstRegister, Data: PortKey(p)}) }

// Redirect sends a new flow to a port of this machine (nat, prerouting).
func Redirect(p uint16) Statement {
	return Statement{text: fmt.Sprintf("redirect to :%d", p), codes: []code{
		port(p), known(&expr.Redir{RegisterProtoMin: firstRegister, Flags: 0x2}), // NF_NAT_RANGE_PROTO_SPECIFIED
	}}
}

// Divert hands the packet to a transparent socket on a port of this machine, if there is one; if not, the rule ends
// without a match.
func Divert(p uint16) Statement {
	return Statement{text: fmt.Sprintf("tproxy to :%d", p), codes: []code{
		port(p), known(&expr.TProxy{Family: unix.NFPROTO_UNSPEC, TableFamily: unix.NFPROTO_INET, RegPort: firstRegister}),
	}}
}

// Make builds a rule of a family from its statements. What a field needs (an IPv4 header, say) is checked first, once.
func Make(f Family, statements ...Statement) (Rule, error) {
	var r Rule
	var words []string
	met := map[need]bool{}
	for _, s := range statements {
		var codes []code
		for _, n := range s.needs {
			if met[n] {
				continue
			}
			met[n] = true
			c, err := n.check(f)
			if err != nil {
				return r, fmt.Errorf("rule %q: %w", s.text, err)
			}
			codes = append(codes, c...)
		}
		for _, c := range append(codes, s.codes...) {
			b, err := c(f)
			if err != nil {
				return r, fmt.Errorf("rule %q: %w", s.text, err)
			}
			r.Exprs = append(r.Exprs, b)
		}
		words = append(words, s.text)
	}
	r.Text = strings.Join(words, " ")
	return r, nil
}
