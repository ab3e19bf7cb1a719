package main_test

import (
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	linkRE    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingRE = regexp.MustCompile(`(?m)^#+ (.+)$`)
	anchorRE  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	codeInRE  = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// anchors are what a page's headings are called in links, as GitHub makes them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range headingRE.FindAllStringSubmatch(text, -1) {
		out[strings.ReplaceAll(anchorRE.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// Every link from one of our pages to another, or to a picture or a file, leads somewhere; so does its part after #.
func TestLinksLeadSomewhere(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "testdata" || name == "dist" || strings.HasPrefix(name, ".") && path != root):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".md"):
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range pages {
		text := read(t, page)
		for _, m := range linkRE.FindAllStringSubmatch(codeInRE.ReplaceAllString(text, ""), -1) {
			u, err := url.Parse(m[1])
			if err == nil && (u.Scheme != "" || u.Host != "") {
				continue // of others
			}
			n++
			if err != nil {
				t.Errorf("%s: %q: %v", page, m[1], err)
				continue
			}
			to := page
			if u.Path != "" {
				to = filepath.Join(filepath.Dir(page), filepath.FromSlash(u.Path))
			}
			if found, err := filepath.Glob(to); err != nil || len(found) != 1 {
				t.Errorf("%s: %s leads nowhere", page, m[1])
				continue
			}
			if u.Fragment != "" && strings.HasSuffix(to, ".md") && !anchors(read(t, to))[u.Fragment] {
				t.Errorf("%s: %s: there is no such heading", page, m[1])
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d links were found in %d pages", n, len(pages))
	}
}

// The runbook's first page names each of its others, once.
func TestTheRunbookIsWhole(t *testing.T) {
	list, err := filepath.Glob("../../docs/runbook/*.md")
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "../../docs/runbook/README.md")
	for _, page := range list {
		if name := filepath.Base(page); name != "README.md" && strings.Count(text, "- ["+name+"]("+name+")") != 1 {
			t.Errorf("docs/runbook/README.md does not name %s once", name)
		}
	}
}
