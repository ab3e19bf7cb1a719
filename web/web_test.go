package web

import (
	"io/fs"
	"strings"
	"testing"
)

// The server's content policy allows scripts and styles from files of its own only: a build that puts one into the page, or
// asks another host for one, would be a blank page there. Before the first build there is nothing to check but that it is said.
func TestPagesBringNothingInline(t *testing.T) {
	for name, app := range map[string]fs.FS{"resident": Resident(), "operator": Operator()} {
		page, err := fs.ReadFile(app, "index.html")
		if err != nil {
			if Built() {
				t.Errorf("%s: built, but has no page: %v", name, err)
			}
			continue
		}
		text := strings.ToLower(string(page))
		for _, bad := range []string{"<style", " style=", " onload=", "http://", "https://", "javascript:"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: the page has %q", name, bad)
			}
		}
		for rest := text; ; {
			_, after, found := strings.Cut(rest, "<script")
			if !found {
				break
			}
			tag, body, _ := strings.Cut(after, ">")
			if !strings.Contains(tag, " src=") || !strings.HasPrefix(strings.TrimSpace(body), "</script>") {
				t.Errorf("%s: a script without a file: <script%s>", name, tag)
			}
			rest = body
		}
	}
}
