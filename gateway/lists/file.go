package lists

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"cardea/home"
	"cardea/intel"
)

// open opens a list and finds out what it is about. The list is set as far as it is known, also with an error.
func open(name, path string) (intel.List, *os.File, error) {
	list := byName(name)
	f, err := os.Open(path)
	if err != nil {
		return list, nil, err
	}
	if err := describe(&list, f, path+".meta"); err != nil {
		f.Close()
		return list, nil, err
	}
	return list, f, nil
}

// describe takes what the comments and the .meta file say.
func describe(list *intel.List, f *os.File, meta string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > MaxFileSize {
		return fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
	}
	head := make([]byte, maxMeta)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	fromTitle(list, string(head[:n]))
	if err := fromComments(list, string(head[:n])); err != nil {
		return err
	}
	text, err := readMeta(meta)
	if err != nil {
		return err
	}
	return fromMeta(list, text)
}

// readMeta reads a .meta file; none is an empty one.
func readMeta(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMeta))
	return string(text), err
}

// judge says whether a file was a list at all. One of which nothing can be read, or that is mostly rubbish, is broken: an
// error page saved as a list, a download that was cut short to nothing.
func judge(r *intel.Report) error {
	found := r.Entries + r.Skipped
	for _, n := range r.Refused {
		found += n
	}
	switch {
	case r.Bad > 0 && (found == 0 || r.Bad > 20 && r.Bad > found):
		return fmt.Errorf("not a list: %d of %d lines cannot be read, the first is line %d: %s",
			r.Bad, r.Lines, r.Named[0].Line, r.Named[0].Why)
	case r.Lines == 0:
		return errors.New("the file is empty")
	}
	return nil
}

// classes by what folders and files are called.
var classes = map[string]home.Class{
	"malware": home.ClassMalware, "phishing": home.ClassPhishing, "tracking": home.ClassTracking, "ads": home.ClassTracking,
	"smart-tv": home.ClassTracking, "bypass": home.ClassBypass, "doh": home.ClassBypass,
	"doh-vpn-proxy-bypass": home.ClassBypass, "allow": intel.ClassAllow, "allowlist": intel.ClassAllow,
	"whitelist": intel.ClassAllow,
}

// byName is what the path of a list says about it.
func byName(name string) intel.List {
	dirs := strings.Split(name, "/")
	base := dirs[len(dirs)-1]
	stem := strings.TrimSuffix(base, path.Ext(base))
	stem = cmp.Or(stem, base)
	list := intel.List{Source: stem, Class: home.ClassMalware}
	for _, part := range append(dirs[:len(dirs)-1], strings.TrimSuffix(stem, ".blacklist")) {
		if c, ok := classes[strings.ToLower(part)]; ok {
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
func fromTitle(list *intel.List, head string) {
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
			case "doh", "vpn", "bypass":
				list.Class = home.ClassBypass
			case "phishing", "scam":
				list.Class = home.ClassPhishing
			}
		}
	}
}

// fromComments reads "# cardea: key=value …" among the first 50 lines.
func fromComments(list *intel.List, head string) error {
	for i := 0; i < 50 && head != ""; i++ {
		var line string
		line, head, _ = strings.Cut(head, "\n")
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(line, "\ufeff"), "#;! \t"))
		if line, ok := strings.CutPrefix(line, "cardea:"); ok {
			for word := range strings.FieldsSeq(line) {
				key, value, _ := strings.Cut(word, "=")
				if err := set(list, key, value); err != nil {
					return fmt.Errorf("line %d: %w", i+1, err)
				}
			}
		}
	}
	return nil
}

// fromMeta reads a .meta file.
func fromMeta(list *intel.List, text string) error {
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
		if err := set(list, strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return fmt.Errorf(".meta line %d: %w", n, err)
		}
	}
	return nil
}

// set sets one thing that is known about a list.
func set(list *intel.List, key, value string) (err error) {
	if len(value) > 100 {
		return fmt.Errorf("%s is longer than 100 bytes", key)
	}
	switch key {
	case "class":
		c, ok := classes[value]
		if !ok {
			return fmt.Errorf("class %q: want malware, phishing, tracking, bypass or allow", value)
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
		list.Format, err = intel.ParseFormat(value)
	case "exact":
		list.Exact, err = strconv.ParseBool(value)
	default:
		return fmt.Errorf("%q is not known: want class, family, source, confidence, format or exact", key)
	}
	return err
}
