package eval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/home"
	"cardea/identity"
)

// Options say what is measured.
type Options struct {
	Scramble bool          // make what is a unit's own worthless before anything is read
	First    time.Duration // judge a device by this much of its life; 0: all. Learning always sees all
	Say      func(f string, a ...any)
	Learned  func(*identity.Model) error // is given what was learned; nil: nobody
}

func (o *Options) say(f string, a ...any) {
	if o.Say != nil {
		o.Say(f, a...)
	}
}

// Identify learns from the captures in one folder and judges those in another.
func Identify(ctx context.Context, train, test string, o Options) (*Report, error) {
	learn, err := readFolders(train)
	if err != nil {
		return nil, fmt.Errorf("training folder: %w", err)
	}
	judge, err := readFolders(test)
	if err != nil {
		return nil, fmt.Errorf("test folder: %w", err)
	}
	guessed, err := name(ctx, learn, judge)
	if err != nil {
		return nil, err
	}
	full := reading{scramble: o.Scramble}
	taught, err := full.load(ctx, learn)
	if err != nil {
		return nil, err
	}
	o.say("read %d captures to learn from", len(taught))
	short := full
	short.first = o.First
	asked, err := short.load(ctx, judge)
	if err != nil {
		return nil, err
	}
	o.say("read %d captures to judge", len(asked))
	labels := labelsOf(learn, judge)
	voters := units(labels, taught)
	if len(voters) == 0 {
		return nil, errors.New("training folder: none of the captures holds anything of its device")
	}
	m := identity.Learn(voters, identity.LearnOptions{})
	if o.Learned != nil {
		if err := o.Learned(m); err != nil {
			return nil, err
		}
	}
	s := newScore(labels, learn, judge)
	for _, w := range asked {
		s.judge(m, w)
	}
	return s.report(m, guessed), nil
}

func labelsOf(lists ...[]folder) map[string]identity.Label {
	out := map[string]identity.Label{}
	for _, list := range lists {
		for _, f := range list {
			if l, ok := out[f.name]; !ok || l.Vendor == "" {
				out[f.name] = labelOf(f)
			}
		}
	}
	return out
}

// answer is what was said of one capture.
type answer struct {
	w        *watched
	known    bool // the type was learned
	forced   string
	accepted bool
	copied   bool
	who      home.Identity
	p        float64
	took     time.Duration
}

// score collects the answers.
type score struct {
	labels  map[string]identity.Label
	learned map[string]bool
	behind  map[string]map[string]bool // types whose devices share an address: one is behind the other
	answers []answer
}

func newScore(labels map[string]identity.Label, lists ...[]folder) *score {
	s := &score{labels: labels, learned: map[string]bool{}, behind: map[string]map[string]bool{}}
	for _, f := range lists[0] {
		s.learned[f.name] = true
	}
	byMAC := map[home.MAC]map[string]bool{}
	for _, list := range lists {
		for _, f := range list {
			for _, m := range f.macs {
				if byMAC[m] == nil {
					byMAC[m] = map[string]bool{}
				}
				byMAC[m][f.name] = true
			}
		}
	}
	for _, names := range byMAC {
		for a := range names {
			for b := range names {
				if a != b {
					if s.behind[a] == nil {
						s.behind[a] = map[string]bool{}
					}
					s.behind[a][b] = true
				}
			}
		}
	}
	return s
}

// judge asks the model, through the book, who the device of a capture is.
func (s *score) judge(m *identity.Model, w *watched) {
	a := answer{w: w, known: s.learned[w.folder]}
	if w.book != nil {
		begun := time.Now()
		w.book.Set(m)
		a.who = w.book.Identity(w.id)
		j := m.Judge(w.session)
		a.took = w.took + time.Since(begun)
		a.accepted, a.copied = j.Accepted, j.Copies != ""
		if len(j.Candidates) > 0 {
			a.forced, a.p = j.Candidates[0].Model, j.Candidates[0].Probability
		}
	}
	s.answers = append(s.answers, a)
}

// hub says whether a type may be called by another's name since it is behind it.
func (s *score) hub(a, b string) bool { return s.behind[a][b] }
