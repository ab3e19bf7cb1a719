package intel

import (
	"testing"

	"cardea/home"
)

func TestAbout(t *testing.T) {
	for _, c := range []struct {
		path, head, meta string
		want             List
	}{
		{"bots.txt", "a.example\n", "", List{Source: "bots", Class: home.ClassMalware}},
		{"tracking/tv.txt", "", "", List{Source: "tv", Class: home.ClassTracking}},
		{"adult/one.txt", "", "", List{Source: "one", Class: home.ClassAdult}},
		{"nsfw.txt", "", "", List{Source: "nsfw", Class: home.ClassAdult}},
		{"x.txt", "! Title: Porn and ads\n", "", List{Source: "x", Class: home.ClassAdult}},
		{"x.txt", "# cardea: class=adult\n", "", List{Source: "x", Class: home.ClassAdult}},
		{"maltrail/elf_mirai.txt", "", "", List{Source: "elf_mirai", Class: home.ClassMalware, Family: "mirai"}},
		{"x.txt", "# cardea: class=phishing family=bank confidence=42 source=Said\n", "",
			List{Source: "Said", Class: home.ClassPhishing, Family: "bank", Confidence: 42}},
		{"x.txt", "# Title: All the trackers\n", "exact: true\n", List{Source: "x", Class: home.ClassTracking, Exact: true}},
		{"allow/x.txt", "# cardea: class=malware\n", "class: tracking\nformat: rpz\n",
			List{Source: "x", Class: home.ClassTracking, Format: FormatRPZ}},
	} {
		if got, err := About(c.path, []byte(c.head), c.meta); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.path, got, err, c.want)
		}
	}
	for _, meta := range []string{"class: evil\n", "confidence: 0\n", "nothing\n", "color: red\n"} {
		if _, err := About("x.txt", nil, meta); err == nil {
			t.Errorf("%q was taken", meta)
		}
	}
}
