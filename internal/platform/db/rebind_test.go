package db

import (
	"strconv"
	"strings"
	"testing"
)

func TestRebind(t *testing.T) {
	for q, want := range map[string]string{
		"":               "",
		"SELECT 1":       "SELECT 1",
		"a = ? AND b=?":  "a = $1 AND b=$2",
		"'?' ?":          "'?' $1",
		"'it''s ?' ?":    "'it''s ?' $1",
		`"a?" ? '"' ?`:   `"a?" $1 '"' $2`,
		"? -- ?\n?":      "$1 -- ?\n$2",
		"? /* ? ' */ ?":  "$1 /* ? ' */ $2",
		"1-? --":         "1-$1 --",
		"?/?":            "$1/$2",
		"'? no end":      "'? no end",
		"é ? 日本":         "é $1 日本",
		"ESCAPE '\\' ? ": "ESCAPE '\\' $1 ",
	} {
		if got := rebind(q); got != want {
			t.Errorf("%q: %q, want %q", q, got, want)
		}
	}
}

// FuzzRebind: what is put in, taken out again, gives the text that it was made from; and text in quotes stays.
func FuzzRebind(f *testing.F) {
	for _, s := range []string{"a = ? AND b = '?'", "-- ?\n?", "/*?*/ ?", `"?"?`, "''''?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		if strings.Contains(q, "$") {
			return
		}
		got := rebind(q)
		back := got
		for n := 1; strings.Contains(back, "$"); n++ {
			i := strings.Index(back, "$")
			number := "$" + strconv.Itoa(n)
			if !strings.HasPrefix(back[i:], number) {
				t.Fatalf("%q: argument %d is not numbered so in %q", q, n, got)
			}
			back = back[:i] + "?" + back[i+len(number):]
		}
		if back != q {
			t.Fatalf("%q → %q → %q", q, got, back)
		}
		if quoted := "'" + strings.ReplaceAll(q, "'", "''") + "'"; rebind(quoted) != quoted {
			t.Fatalf("%q was changed", quoted)
		}
	})
}

// TestTextsAreBounded: statements without end do not fill the memory.
func TestTextsAreBounded(t *testing.T) {
	d := &DB{postgres: true}
	for i := range maxTexts + 500 {
		q := "SELECT ? + " + strconv.Itoa(i)
		for range 2 {
			if got := d.text(q); got != "SELECT $1 + "+strconv.Itoa(i) {
				t.Fatal(got)
			}
		}
	}
	n := 0
	d.texts.made.Range(func(any, any) bool { n++; return true })
	if n != maxTexts {
		t.Fatalf("%d texts are kept, want %d", n, maxTexts)
	}
}
