package db

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// texts remembers what rebind made of a statement. It is bounded: a text that is new after that is made each time.
type texts struct {
	made sync.Map // string → string
	n    atomic.Int64
}

const maxTexts = 2000

func (d *DB) text(q string) string {
	if !d.postgres {
		return q
	}
	if s, ok := d.texts.made.Load(q); ok {
		return s.(string)
	}
	s := rebind(q)
	if d.texts.n.Add(1) <= maxTexts {
		d.texts.made.Store(q, s)
	}
	return s
}

// rebind makes "?" into "$1", "$2" … outside of quoted text and comments.
func rebind(q string) string {
	var b strings.Builder
	b.Grow(len(q) + 16)
	for n := 0; q != ""; {
		i := skip(q)
		if i == 0 && q[0] == '?' {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			q = q[1:]
			continue
		}
		i = max(i, 1)
		b.WriteString(q[:i])
		q = q[i:]
	}
	return b.String()
}

// skip is how long the quoted text or comment is that q begins with; 0 when it begins with none. One without an end goes to
// the end.
func skip(q string) int {
	end := ""
	from := 1
	switch {
	case q[0] == '\'' || q[0] == '"': // a doubled quote inside ends one text and begins the next
		end = q[:1]
	case strings.HasPrefix(q, "--"):
		end, from = "\n", 2
	case strings.HasPrefix(q, "/*"):
		end, from = "*/", 2
	default:
		return 0
	}
	if i := strings.Index(q[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(q)
}
