package respond

import (
	"errors"
	"testing"
	"time"

	"cardea/home"
)

// shutIn is a camera that only a code lets out from where it is.
func shutIn(t *testing.T) *book {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	return b
}

func (b *book) code(by string) string {
	b.t.Helper()
	code, until, err := b.r.Code(b.of().ID, by, b.now)
	b.must(err)
	if len(code) != codeLen || !until.Equal(b.now.Add(codeHolds)) {
		b.t.Fatalf("code %q until %v", code, until)
	}
	return code
}

func (b *book) self(code string) error {
	return b.release(Release{By: ByPortal, Self: true, Code: code})
}

// A code for the phone: once, for ten minutes, for one case, the latest only.
func TestCodes(t *testing.T) {
	b := shutIn(t)
	if _, _, err := b.r.Code(b.of().ID, ByPortal, b.now); !errors.Is(err, ErrWho) {
		t.Errorf("the portal makes one: %v", err)
	}
	if _, _, err := b.r.Code("none", ByOwner, b.now); !errors.Is(err, ErrUnknown) {
		t.Errorf("for no case: %v", err)
	}
	old, code := b.code(ByOwner), b.code(ByOwner)
	if err := b.self(old); old != code && !errors.Is(err, ErrCode) {
		t.Errorf("the one before: %v", err)
	}
	b.now = b.now.Add(9 * time.Minute)
	b.must(b.self(code[:4] + " " + code[4:]))
	b.is(home.StateProbation, home.ModeVendorOnly)
	if why := b.told[len(b.told)-1].Why; why != "Let out before it was shown to be clean. With a code from a signed-in phone." {
		t.Errorf("noted as %q", why)
	}
	b.finds(home.DetectScanWAN, home.Hard)
	if err := b.self(code); !errors.Is(err, ErrCode) {
		t.Errorf("a second time: %v", err)
	}

	for name, after := range map[string]time.Duration{"late": codeHolds + time.Second, "before it was made": -time.Hour} {
		b = shutIn(t)
		code = b.code(BySupport)
		b.now = b.now.Add(after)
		if err := b.self(code); !errors.Is(err, ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}

	b = shutIn(t)
	code = b.code(ByOwner)
	again := open(t, everything())
	again.r.Restore(b.r.Snapshot())
	if err := again.self(code); !errors.Is(err, ErrCode) {
		t.Errorf("after a restart: %v", err)
	}
}

// Wrong codes are bounded: for one code, for an hour, and across a restart. What is shut in keeps nobody else from typing one.
func TestTries(t *testing.T) {
	b := shutIn(t)
	code := b.code(ByOwner)
	for range codeTries {
		if err := b.self("1"); !errors.Is(err, ErrCode) {
			t.Fatal(err)
		}
	}
	if err := b.self(code); !errors.Is(err, ErrTries) {
		t.Errorf("the right one after too many: %v", err)
	}
	again := open(t, everything())
	again.r.Restore(b.r.Snapshot())
	if err := again.self("12345678"); !errors.Is(err, ErrTries) {
		t.Errorf("after a restart: %v", err)
	}
	b.must(b.release(Release{By: ByPortal, Code: "12345678"})) // from another device

	b = shutIn(t)
	code = b.code(ByOwner)
	for range codeTries {
		b.self("1")
	}
	if err := b.release(Release{By: ByPortal, Code: code}); !errors.Is(err, ErrCode) {
		t.Errorf("a code that was guessed at too often: %v", err)
	}
}

// A case that needs help uses up no code.
func TestHelpUsesNoCode(t *testing.T) {
	b := shutIn(t)
	for range easyReleases {
		b.must(b.self(b.code(ByOwner)))
		b.finds(home.DetectScanWAN, home.Hard)
	}
	code := b.code(ByOwner)
	if err := b.self(code); !errors.Is(err, ErrNeedsHelp) {
		t.Fatal(err)
	}
	if len(b.r.codes) != 1 {
		t.Error("the code is gone")
	}
	b.must(b.release(Release{By: BySupport, Why: "It was reset on the phone."}))
}

// Without a label there is no release by an empty code.
func TestNoLabel(t *testing.T) {
	p := everything()
	p.LabelCode = ""
	b := open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	for _, code := range []string{"", " ", "-"} {
		if err := b.self(code); !errors.Is(err, ErrCode) {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestDigits(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		c := randomDigits()
		if len(c) != codeLen {
			t.Fatalf("%q", c)
		}
		for _, d := range c {
			if d < '0' || d > '9' {
				t.Fatalf("%q", c)
			}
		}
		seen[c] = true
	}
	if len(seen) < 99 {
		t.Errorf("%d of 100 differ", len(seen))
	}
}
