package respond

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cardea/home"

	"github.com/google/go-cmp/cmp"
)

// day is a day of a month at home: what happens on it at noon.
type day map[int]func(b *book)

// Thirty days and more of a home, minute by minute, the responder stopped and begun anew each night: what its people are told,
// day by day, and nothing else.
func TestThirtyDays(t *testing.T) {
	for name, c := range map[string]struct {
		on   func(hour int) bool // when the camera is switched on
		days day
		from int // the day from which on lists are known for it
		want []string
	}{
		"cleaned": {
			on: func(int) bool { return true },
			days: day{
				1: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				2: func(b *book) {
					b.must(b.step("restart", AnswerDone))
					b.r.Rebooted("camera", b.now)
					b.must(b.step("update", AnswerSkip))
					b.must(b.step("password", AnswerDone))
					b.must(b.release(Release{By: ByPortal, Code: "12345678"}))
				},
			},
			want: []string{
				"1 open off", "1 contained quarantine",
				"2 cleaning quarantine", "2 cleaning update-only", "2 cleaning quarantine", "2 probation vendor-only",
				"2 probation profile-only", // 35 h 57 min of silence, most of them before the release, and 8 h 19 min after the restart
				"3 probation off", "17 closed off clean",
			},
		},
		"relapses": {
			on: func(int) bool { return true },
			days: day{
				1: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				2: func(b *book) { b.must(b.release(Release{By: ByPortal, Code: "12345678"})) },
				3: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				4: func(b *book) { b.must(b.release(Release{By: ByPortal, Code: "12345678"})) },
				5: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				6: func(b *book) {
					if err := b.release(Release{By: ByPortal, Code: "12345678"}); !errors.Is(err, ErrNeedsHelp) {
						b.t.Error(err)
					}
				},
			},
			want: []string{
				"1 open off", "1 contained quarantine", "2 probation vendor-only", "3 contained quarantine", "4 probation vendor-only",
				"5 contained quarantine", "35 contained vendor-only",
			},
		},
		"forgotten in a drawer": {
			on: func(int) bool { return false },
			days: day{
				1: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				2: func(b *book) { b.must(b.release(Release{By: ByOwner})) },
			},
			want: []string{"1 open off", "1 contained quarantine", "2 probation vendor-only", "31 probation vendor-only"},
		},
		"relapses, and its lists are learned later": {
			from: 10,
			on:   func(int) bool { return false },
			days: day{
				1: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				2: func(b *book) { b.must(b.release(Release{By: ByOwner})) },
				5: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				6: func(b *book) { b.must(b.release(Release{By: ByPortal, Code: "12345678"})) },
			},
			want: []string{
				"1 open off", "1 contained quarantine", "2 probation no-lan", "5 contained quarantine", "6 probation no-lan",
				"10 probation no-lan", // its profile is to follow, and runs in shadow
				"34 probation no-lan", // vendor-only runs in shadow for the last of the thirty days since the relapse
				"35 probation vendor-only",
			},
		},
		"on in the evening": {
			on: func(hour int) bool { return hour >= 18 && hour < 24 },
			days: day{
				1: func(b *book) { b.finds(home.DetectScanWAN, home.Hard) },
				2: func(b *book) { b.must(b.release(Release{By: ByOwner})); b.r.Rebooted("camera", b.now) },
			},
			// 35 h 57 min of silence take seven evenings of six hours
			want: []string{"1 open off", "1 contained quarantine", "2 probation vendor-only", "7 probation profile-only", "8 probation off", "22 closed off clean"},
		},
		"odd once": {
			on:   func(int) bool { return true },
			days: day{1: func(b *book) { b.finds(home.DetectBeacon, home.Soft, "new.example") }},
			want: []string{"1 open off", "1 open endpoint-block", "8 closed off expired"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, d := everything(), 0
			p.Knows = func(home.DeviceID, home.Mode) bool { return d >= c.from }
			b := open(t, p)
			b.now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			began, told, got := b.now.AddDate(0, 0, -1), 0, []string(nil)
			for d = 1; d <= 40; d++ {
				for minute := range 24 * 60 {
					b.now = b.now.Add(time.Minute)
					if c.on(minute / 60) {
						b.r.Alive("camera", b.now)
					}
					if f := c.days[d]; f != nil && minute == 12*60 {
						f(b)
					}
					b.r.Tick(b.now)
					b.sees(map[home.Mode]Would{home.ModeVendorOnly: {Uses: 3, Lost: 1}, home.ModeProfileOnly: {Uses: 3}})
				}
				b.r = again(b)
			}
			for ; told < len(b.told); told++ {
				tr := b.told[told]
				line := fmt.Sprintf("%d %s %s", int(tr.Time.Add(-time.Second).Sub(began)/(24*time.Hour)), tr.To, tr.Mode)
				if tr.To == home.StateClosed {
					line += " " + string(b.cases[told].Outcome)
				}
				got = append(got, line)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
