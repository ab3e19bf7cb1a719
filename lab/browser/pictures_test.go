package browser_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	screenRE  = regexp.MustCompile(`\{ path: "(/[a-z/:-]*)", title`)
	doorRE    = regexp.MustCompile(`"(/[a-z-]+)": \(\) => <`)
	pictureRE = regexp.MustCompile(`\.picture\("([a-z-]+)"( \+ )?`)
)

// called are the pictures of screens that have another name than their path.
var called = map[string]string{
	"operator/": "console-fleet", "operator/normal/:profile": "normal", "operator/rollouts/:rollout": "console-rollout", "operator/homes/:home": "console-home", "operator/homes/:home/incidents/:incident": "staff-incident",
	"resident/": "home", "resident/devices/:id": "device", "resident/incidents/:id": "incident", "resident/reports/:week": "week", "resident/recover": "open-recover",
	"resident/start": "open-start", "resident/invited": "open-invited", "resident/genuine": "open-genuine",
}

// Each screen of both apps, also of those for whoever is not signed in, has a picture in docs/, each picture there is made by a test, and the list of them names it.
func TestEachScreenHasAPicture(t *testing.T) {
	img := filepath.Join(root, "docs/img")
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(img, name+".png"))
		return err == nil
	}
	for app, prefix := range map[string]string{"operator": "console-", "resident": "screen-"} {
		text := got(os.ReadFile(filepath.Join(root, "web", app, "screens.tsx")))(t)
		found, doors := screenRE.FindAllSubmatch(text, -1), doorRE.FindAllSubmatch(text, -1)
		if len(found) < 10 || app == "resident" && len(doors) < 6 {
			t.Fatalf("the %s has %d screens only, and %d for whoever is not signed in", app, len(found), len(doors))
		}
		found = append(found, doors...)
		for _, m := range found {
			path := string(m[1])
			name := prefix + strings.ReplaceAll(strings.Trim(path, "/"), "/", "-")
			if n := called[app+path]; n != "" {
				name = n
			}
			if !there(name) {
				t.Errorf("the screen %s of the %s has no picture %s", path, app, name)
			}
		}
	}
	var made, begin []string
	for _, file := range got(filepath.Glob("*_test.go"))(t) {
		for _, m := range pictureRE.FindAllSubmatch(got(os.ReadFile(file))(t), -1) {
			if len(m[2]) > 0 {
				begin = append(begin, string(m[1]))
			} else if made = append(made, string(m[1])); !there(string(m[1])) {
				t.Errorf("%s makes a picture %s, which is not there", file, m[1])
			}
		}
	}
	list := string(got(os.ReadFile(filepath.Join(img, "README.md")))(t))
	for _, file := range got(filepath.Glob(filepath.Join(img, "*.png")))(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".png")
		is := func(l []string, f func(string) bool) bool {
			for _, x := range l {
				if f(x) {
					return true
				}
			}
			return false
		}
		if !is(made, func(x string) bool { return x == name }) && !is(begin, func(x string) bool { return strings.HasPrefix(name, x) }) {
			t.Errorf("no test makes the picture %s", name)
		}
		if !strings.Contains(list, "`"+name+"`") && !is([]string{"screen-", "console-", "portal-brand-"}, func(x string) bool { return strings.HasPrefix(name, x) }) {
			t.Errorf("the list of pictures does not name %s", name)
		}
	}
}
