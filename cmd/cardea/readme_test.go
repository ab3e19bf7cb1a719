package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What README and the runbook tell people to type is what tests or CI run, or what the programs themselves take: make's
// targets, the programs' commands with the flags that they have, and the few programs of others below.
var (
	alsoRun = []string{"tools/install-deps", "cd cardea"}
	others  = []string{"systemctl", "journalctl", "curl"}
)

// listsFolder stands in the texts for a folder of lists; a test puts one in its place.
const listsFolder = "/etc/cardea/lists"

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReadmeCommands(t *testing.T) {
	makefile := read(t, "../../Makefile")
	runbook, err := filepath.Glob("../../docs/runbook/*.md")
	if err != nil || len(runbook) == 0 {
		t.Error("there is no runbook", err)
	}
	tried := map[string]bool{}
	for _, file := range append(runbook, "../../README.md", "../../CONTRIBUTING.md") {
		lines := commandsOf(read(t, file))
		if len(lines) == 0 && strings.HasSuffix(file, "README.md") {
			t.Errorf("%s tells nobody what to type: there is no sh block in it", file)
		}
		for _, line := range lines {
			if tried[line] {
				continue
			}
			tried[line] = true
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				if err := runnable(t, line, makefile); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			})
		}
	}
}

var blockRE = regexp.MustCompile("(?s)```sh\n(.*?)```")

// commandsOf lists the commands of a text's sh blocks, without prompts, comments and line continuations.
func commandsOf(text string) (list []string) {
	for _, m := range blockRE.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(strings.ReplaceAll(m[1], "\\\n", " ")) {
			line, _, _ = strings.Cut(line, " #")
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			if line == "" || line[0] == '#' {
				continue
			}
			for part := range strings.SplitSeq(line, "&&") {
				part, _, _ = strings.Cut(part, " | ") // what reads it is not ours
				list = append(list, strings.TrimSpace(part))
			}
		}
	}
	return list
}

var wordRE = regexp.MustCompile(`"[^"]*"|[^\s"]+`)

// words splits a command as a shell does, as far as these texts need it.
func words(line string) (list []string) {
	for _, w := range wordRE.FindAllString(line, -1) {
		list = append(list, strings.Trim(w, `"`))
	}
	return list
}

var runuserRE = regexp.MustCompile(`^runuser -u [a-z-]+ -- `)

func runnable(t *testing.T, line, makefile string) error {
	t.Helper()
	line = strings.TrimPrefix(line, "sudo ")
	list := words(runuserRE.ReplaceAllString(line, ""))
	switch name := strings.TrimPrefix(list[0], "bin/"); {
	case slices.Contains(alsoRun, strings.Join(list, " ")), strings.HasPrefix(line, "git clone "), slices.Contains(others, name):
		return nil
	case name == "sqlite3" && len(list) == 3:
		return nil
	case name == "make":
		for _, target := range list[1:] {
			if !strings.Contains(target, "=") && !strings.Contains(makefile, "\n"+target+":") {
				return fmt.Errorf("make has no target %s", target)
			}
		}
		return nil
	case name == "cardea" || name == "cardea-agent":
		return parses(t, name, list[1:])
	}
	return errors.New("no test and no CI runs it")
}

// parses asks the program itself, for help: what it cannot parse it refuses first, and nothing else happens.
func parses(t *testing.T, name string, args []string) error {
	t.Helper()
	for i, a := range args {
		if a == listsFolder || a == "/srv/lists" {
			args[i] = t.TempDir()
		}
		if strings.HasSuffix(a, ".bundle") && args[max(i-1, 0)] != "--out" { // a command before made it
			args[i] = filepath.Join(t.TempDir(), a)
			if err := os.WriteFile(args[i], []byte("a bundle"), 0o600); err != nil {
				return err
			}
		}
	}
	cmd := exec.Command(filepath.Join(bin, name), append(slices.Clone(args), "--help")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func TestCommandsOf(t *testing.T) {
	const text = "```sh\n$ make demo   # shows it\n\nbin/cardea replay --json \\\n  x.pcap | head\n# a comment\nmake build && rm -rf /\n```\n```\nnot this\n```\n"
	got := commandsOf(text)
	if want := []string{"make demo", "bin/cardea replay --json    x.pcap", "make build", "rm -rf /"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := words(`a "b c"  --d "e"`); !slices.Equal(got, []string{"a", "b c", "--d", "e"}) {
		t.Errorf("%q", got)
	}
	const makefile = "\ndemo: x\nbuild: y\n"
	for line, ok := range map[string]bool{
		"make demo": true, "make nonesuch": false, "bin/cardea demo --headless --scenario camera --json": true, "cardea replay --json x.pcap": true,
		"bin/cardea demo --nonesuch": false, "cardea nonesuch": false, "sudo bin/cardea-agent status": true, "cardea-agent nonesuch": false,
		"cardea-agent run --nonesuch": false, "cardea simulate --homes many": false, "cardea serve --role broker --name b1": true,
		"cardea admin tenant create a b c": false, `cardea admin tenant create a "b c"`: true, "rm -rf /": false, "tools/install-deps": true,
		"sudo tools/install-deps": true, "runuser -u cardea-cloud -- cardea admin tenant list": true,
	} {
		if err := runnable(t, line, makefile); (err == nil) != ok {
			t.Errorf("%s: %v", line, err)
		}
	}
}

var (
	idRE   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	codeRE = regexp.MustCompile(`\b([0-9A-Z]{4}-){6}[0-9A-Z]{2}\b`)
)

// What README tells of a cloud of one's own is done here, command by command, until a gateway has enrolled.
func TestReadmeCloud(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "../../README.md"), "\n## Run a cloud\n")
	section, _, _ = strings.Cut(section, "\n## ")
	lists := t.TempDir()
	if err := os.MkdirAll(filepath.Join(lists, "malware"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lists, "malware", "names.txt"), []byte("bad.example\nworse.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	in := map[string]string{"~/cardea-cloud": s.data, listsFolder: lists, "http://localhost:8490": s.url}
	code, enrolled := "", false
	for _, line := range commandsOf(section) {
		args := words(strings.TrimPrefix(line, "sudo "))
		for i, a := range args {
			if has, ok := in[a]; ok {
				args[i] = has
			}
		}
		switch {
		case strings.HasPrefix(line, "bin/cardea admin --data "):
			out := admin(t, s.data, residentPassword+"\n", args[4:]...)
			if strings.Contains(line, " home create ") {
				in["HOME"] = idRE.FindString(out)
			}
			if strings.Contains(line, " home claim ") {
				code = codeRE.FindString(out)
			}
		case strings.Contains(line, "cardea-agent enroll "):
			said, status := enroll(t, t.TempDir(), args[slices.Index(args, "--cloud")+1], code)
			if status != 0 || !strings.Contains(said, in["HOME"]) {
				t.Fatalf("%s: status %d: %s", line, status, said)
			}
			enrolled = true
		}
	}
	if !enrolled {
		t.Error("README does not tell how a gateway enrols")
	}
}
