package intel

import (
	"cmp"
	"fmt"
	"path"
	"strconv"
	"strings"

	"cardea/home"
)

// HeadBytes is how much of a file's beginning About looks at, and how long what is beside it may be.
const HeadBytes = 16 << 10

// About finds out what a list is about, the strongest first: by meta, the text of the .meta file beside it; by comments in
// its first bytes; by its path with the folders it is in; by its title. Package gateway/lists says how they are written.
// The list is set as far as it is known, also with an error.
func About(path string, head []byte, meta string) (List, error) {
	list := byName(path)
	text := string(head)
	fromTitle(&list, text)
	if err := fromComments(&list, text); err != nil {
		return list, err
	}
	return list, fromMeta(&list, meta)
}

// classWords by what folders and files are called.
var classWords = map[string]home.Class{
	"malware": home.ClassMalware, "phishing": home.ClassPhishing, "tracking": home.ClassTracking, "ads": home.ClassTracking,
	"smart-tv": home.ClassTracking, "bypass": home.ClassBypass, "doh": home.ClassBypass,
	"doh-vpn-proxy-bypass": home.ClassBypass, "adult": home.ClassAdult, "porn": home.ClassAdult, "nsfw": home.ClassAdult, "allow": ClassAllow, "allowlist": ClassAllow,
	"whitelist": ClassAllow,
}

// byName is what the path of a list says about it.
func byName(name string) List {
	dirs := strings.Split(name, "/")
	base := dirs[len(dirs)-1]
	stem := strings.TrimSuffix(base, path.Ext(base))
	stem = cmp.Or(stem, base)
	list := List{Source: stem, Class: home.ClassMalware}
	for _, part := range append(dirs[:len(dirs)-1], strings.TrimSuffix(stem, ".blacklist")) {
		if c, ok := classWords[strings.ToLower(part)]; ok {
			list.Class = c
		}
		if part == "maltrail" {
			list.Family = stem
		}
	}
	if family, ok := strings.CutPrefix(stem, "elf_"); ok {
		list.Family = family
	}
	if list.Family == "generic" {
		list.Family = ""
	}
	return list
}

// fromTitle takes a list's own title and description at their word when its path said nothing: a list that has
// advertising in it, whatever else, is no evidence of malware.
func fromTitle(list *List, head string) {
	if list.Class != home.ClassMalware || list.Family != "" {
		return
	}
	for i := 0; i < 20 && head != ""; i++ {
		var line string
		line, head, _ = strings.Cut(head, "\n")
		line = strings.ToLower(strings.TrimLeft(line, "#;! \t"))
		if !strings.HasPrefix(line, "title:") && !strings.HasPrefix(line, "description:") {
			continue
		}
		for _, w := range strings.FieldsFunc(line, func(r rune) bool { return r < 'a' || r > 'z' }) {
			switch w {
			case "ads", "ad", "advertising", "tracking", "trackers", "telemetry", "smart":
				list.Class = home.ClassTracking
				return
			case "adult", "porn", "nsfw":
				list.Class = home.ClassAdult
				return
			case "doh", "vpn", "bypass":
				list.Class = home.ClassBypass
			case "phishing", "scam":
				list.Class = home.ClassPhishing
			}
		}
	}
}

// fromComments reads "# cardea: key=value …" among the first 50 lines.
func fromComments(list *List, head string) error {
	for i := 0; i < 50 && head != ""; i++ {
		var line string
		line, head, _ = strings.Cut(head, "\n")
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(line, "\ufeff"), "#;! \t"))
		if line, ok := strings.CutPrefix(line, "cardea:"); ok {
			for word := range strings.FieldsSeq(line) {
				key, value, _ := strings.Cut(word, "=")
				if err := setKey(list, key, value); err != nil {
					return fmt.Errorf("line %d: %w", i+1, err)
				}
			}
		}
	}
	return nil
}

// fromMeta reads a .meta file.
func fromMeta(list *List, text string) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf(".meta line %d: want key: value", n)
		}
		if err := setKey(list, strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return fmt.Errorf(".meta line %d: %w", n, err)
		}
	}
	return nil
}

// setKey sets one thing that is known about a list.
func setKey(list *List, key, value string) (err error) {
	if len(value) > 100 {
		return fmt.Errorf("%s is longer than 100 bytes", key)
	}
	switch key {
	case "class":
		c, ok := classWords[value]
		if !ok {
			return fmt.Errorf("class %q: want malware, phishing, tracking, bypass, adult or allow", value)
		}
		list.Class = c
	case "family":
		list.Family = value
	case "source":
		list.Source = value
	case "confidence":
		n, err := strconv.ParseUint(value, 10, 8)
		if err != nil || n < 1 || n > 100 {
			return fmt.Errorf("confidence %q: want 1 to 100", value)
		}
		list.Confidence = uint8(n)
	case "format":
		list.Format, err = ParseFormat(value)
	case "exact":
		list.Exact, err = strconv.ParseBool(value)
	default:
		return fmt.Errorf("%q is not known: want class, family, source, confidence, format or exact", key)
	}
	return err
}
