package resolve

import (
	"errors"
	"net/netip"
	"time"

	"cardea/gateway/resolve/message"
	"cardea/gateway/resolve/sock"
	"cardea/home"
)

// replier sends a reply that could not be given at once.
type replier interface {
	send(p *sock.Peer, msg []byte)
}

// request is one query with the way its reply goes.
type request struct {
	q         message.Question
	peer      sock.Peer
	via       replier
	stream    bool // a reply of any length fits
	contained bool
}

func (q *request) client() netip.Addr { return q.peer.Client.Addr().WithZone("") }

// worker is the memory that one goroutine needs to answer; nothing in it is shared.
type worker struct {
	r       *Resolver
	answer  message.Answer
	lookup  home.Lookup
	out     []byte // for replies from flights
	seconds uint32
	ms      uint64
}

func (r *Resolver) newWorker() *worker { return &worker{r: r, out: make([]byte, 0, 2048)} }

func (w *worker) tick() { w.seconds, w.ms = w.r.clock() }

// handle answers a query into out. Without a reply it was dropped or, if pending, will be answered through req.via: req
// has then been copied.
func (w *worker) handle(msg []byte, req *request, out []byte) (reply []byte, pending bool) {
	r, q := w.r, &req.q
	if !r.lan.has(req.peer.IfIndex, w.ms) {
		r.count.foreign.Add(1) // no reply at all: nothing to reflect
		return nil, false
	}
	r.count.queries.Add(1)
	if !r.limit.allow(req.client(), w.ms) {
		r.count.rateLimited.Add(1)
		return nil, false
	}
	if reply, ok := w.refuse(q.Parse(msg), req, out); !ok {
		return reply, false
	}
	w.report(req, nil, false)
	if req.contained {
		return w.contained(req, out), false
	}
	reply, router := r.local.answer(out, q, r.router != nil)
	if reply != nil {
		r.count.local.Add(1)
		return w.finish(req, reply, 0, message.EDENone, ""), false
	}
	name := q.Name()
	if v := r.decide.Name(req.client(), name); v.Action >= home.Block {
		r.count.blocked.Add(1)
		return w.blocked(req, out, v.Reason), false
	}
	if reply, ok := r.cache.Get(out, q, w.seconds); ok {
		r.count.hits.Add(1)
		return w.adopt(req, out, reply, router), false
	}
	if code := r.join(req, router); code != message.NoError {
		r.count.flightsFull.Add(1)
		return w.failed(req, out, code, message.EDEOther, "too many questions at a time"), false
	}
	return nil, true
}

// refuse answers what is not a query that can be served; ok means that it can.
func (w *worker) refuse(err error, req *request, out []byte) (reply []byte, ok bool) {
	q, count := &req.q, &w.r.count
	code, extended := message.NoError, uint8(0)
	switch {
	case errors.Is(err, message.ErrIgnore):
		count.malformed.Add(1)
		return nil, false
	case errors.Is(err, message.ErrOpcode):
		code = message.NotImp
	case errors.Is(err, message.ErrVersion):
		extended = 1 // BADVERS = 16 (RFC 6891 section 6.1.3)
	case err != nil:
		code = message.FormErr
	case q.Class != message.ClassIN:
		code = message.Refused
	case q.Type >= 128 && q.Type <= 254 || q.Type == message.TypeOPT || q.Type == 0: // transfers, TKEY, TSIG and the like
		code = message.NotImp
	case q.Type == message.TypeANY:
		code = message.NotImp // RFC 8482 section 4.2 allows to refuse; nothing in a home needs it
	default:
		return nil, true
	}
	if err != nil {
		count.malformed.Add(1)
	} else {
		count.refused.Add(1)
	}
	return w.finish(req, message.Begin(out, q, code, 0), extended, message.EDENone, ""), false
}

// contained answers a contained device: every name leads to the portal, nothing is ever asked elsewhere.
func (w *worker) contained(req *request, out []byte) []byte {
	const ttl = 2 // seconds: the device finds its servers again at once when it is let out
	r, q := w.r, &req.q
	r.count.contained.Add(1)
	out = message.Begin(out, q, message.NoError, 0)
	portal, asked := r.cfg.Portal, req.peer.Local.Addr().WithZone("")
	if !portal.V4.IsValid() && asked.Is4() {
		portal.V4 = asked
	}
	if !portal.V6.IsValid() && asked.Is6() && !asked.IsLinkLocalUnicast() {
		portal.V6 = asked
	}
	switch {
	case q.Type == message.TypeA && portal.V4.IsValid():
		out = message.AppendAddr(out, portal.V4, ttl)
	case q.Type == message.TypeAAAA && portal.V6.IsValid():
		out = message.AppendAddr(out, portal.V6, ttl)
	default:
		out = message.AppendSOA(out, ttl)
	}
	w.answer.Rcode = message.NoError
	w.report(req, nil, true)
	return w.finish(req, out, 0, message.EDEProhibited, "this device is contained")
}

// blocked answers a blocked name (RFC 8914: with the reason, for who asks with EDNS).
func (w *worker) blocked(req *request, out []byte, reason string) []byte {
	q, cfg := &req.q, &w.r.cfg
	code := message.NoError
	if cfg.Block == BlockNXDomain {
		code = message.NXDomain
	}
	out = message.Begin(out, q, code, 0)
	switch {
	case code == message.NoError && q.Type == message.TypeA:
		out = message.AppendAddr(out, netip.IPv4Unspecified(), cfg.BlockTTL)
	case code == message.NoError && q.Type == message.TypeAAAA:
		out = message.AppendAddr(out, netip.IPv6Unspecified(), cfg.BlockTTL)
	default:
		out = message.AppendSOA(out, cfg.BlockTTL)
	}
	w.answer.Rcode = code
	w.report(req, nil, true)
	return w.finish(req, out, 0, message.EDEBlocked, reason)
}

// failed answers a query that nobody could answer.
func (w *worker) failed(req *request, out []byte, code uint8, ede uint16, text string) []byte {
	a := &w.answer
	a.Rcode, a.Names, a.Addrs, a.TTL = code, nil, nil, 0
	w.report(req, a, false)
	return w.finish(req, message.Begin(out, &req.q, code, 0), 0, ede, text)
}

// adopt makes an answer (kept, or fresh from upstream, without OPT) the reply to req, unless what it leads to is
// blocked. answer may lie in out. trusted answers, of the router's own server, may be private addresses.
func (w *worker) adopt(req *request, out, answer []byte, trusted bool) []byte {
	r, q, a := w.r, &req.q, &w.answer
	if err := a.Scan(answer, len(q.Head())); err != nil {
		r.count.failed.Add(1)
		return w.failed(req, out, message.ServFail, message.EDEOther, "malformed answer")
	}
	if a.More && !trusted { // a listed address could hide behind many others
		r.count.failed.Add(1)
		return w.failed(req, out, message.ServFail, message.EDEOther, "the answer is too long to be judged")
	}
	if len(a.Names)+len(a.Addrs) > 0 {
		if ip, bad := r.rebinds(q.Name(), a.Addrs); bad && !trusted {
			r.count.rebinds.Add(1)
			return w.blocked(req, out, "This public name leads to the private address "+ip.String()+".")
		}
		if v := r.decide.Answer(req.client(), q.Name(), a.Names, a.Addrs); v.Action >= home.Block {
			r.count.blockedAnswers.Add(1)
			return w.blocked(req, out, v.Reason)
		}
	}
	w.report(req, a, false)
	message.Adopt(answer, q)
	return w.finish(req, answer, 0, message.EDENone, "")
}

// finish adds the OPT record and sees that the reply fits.
func (w *worker) finish(req *request, reply []byte, extended uint8, ede uint16, text string) []byte {
	q := &req.q
	if req.stream {
		return message.AppendOPT(reply, q, extended, ede, text)
	}
	const opt, option = 11, 6 // lengths without the text
	room := int(q.Size) - len(reply) - opt - option
	if ede != message.EDENone && room < len(text) {
		text = text[:max(room, 0)]
		if room < 0 {
			ede = message.EDENone
		}
	}
	if room+option >= 0 || room+option+opt >= 0 && !q.EDNS {
		return message.AppendOPT(reply, q, extended, ede, text)
	}
	w.r.count.truncated.Add(1)
	reply = message.Begin(reply[:0], q, reply[3]&15, message.FlagTC)
	return message.AppendOPT(reply, q, extended, message.EDENone, "")
}

// report tells the watcher: of the question, or of the answer (a) or that it was blocked.
func (w *worker) report(req *request, a *message.Answer, blocked bool) {
	l := &w.lookup
	l.Client, l.Server = req.peer.Client, req.peer.Local
	l.Question, l.Type = req.q.Name(), req.q.Type
	l.Answer, l.Blocked = a != nil || blocked, blocked
	l.Rcode, l.Names, l.Addrs, l.TTL = 0, nil, nil, 0
	switch {
	case blocked:
		l.Rcode = w.answer.Rcode
	case a != nil:
		l.Rcode, l.Names, l.Addrs, l.TTL = a.Rcode, a.Names, a.Addrs, time.Duration(a.TTL)*time.Second
	}
	w.r.watch.Lookup(l)
}
