package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The commands that README tells people to type are ones that tests or CI run: make's targets, cardea's and the agent's
// commands with the flags that they have, and the few below.
var alsoRun = []string{"tools/install-deps", "cd cardea"}

var agentCommands = []string{"run", "restore", "status", "devices", "contacts", "incidents", "quarantine", "check", "release", "block", "unblock", "disarm", "arm"}

func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("there is no README.md yet")
		return
	}
	makefile, err2 := os.ReadFile("../../Makefile")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	lines := commandsOf(string(readme))
	if len(lines) == 0 {
		t.Error("README.md tells nobody what to type: there is no sh block in it")
	}
	for _, line := range lines {
		if err := runnable(line, string(makefile)); err != nil {
			t.Errorf("README.md: %s: %v", line, err)
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

func runnable(line, makefile string) error {
	words := strings.Fields(strings.TrimPrefix(line, "sudo "))
	switch name := strings.TrimPrefix(words[0], "bin/"); {
	case slices.Contains(alsoRun, strings.Join(words, " ")), strings.HasPrefix(line, "git clone "):
		return nil
	case name == "make":
		for _, target := range words[1:] {
			if !strings.Contains(target, "=") && !strings.Contains(makefile, "\n"+target+":") {
				return fmt.Errorf("make has no target %s", target)
			}
		}
		return nil
	case name == "cardea":
		parser, err := newParser(context.Background(), new(cli))
		if err != nil {
			return err
		}
		_, err = parser.Parse(words[1:])
		return err
	case name == "cardea-agent" && len(words) > 1 && slices.Contains(agentCommands, words[1]):
		return nil
	}
	return errors.New("no test and no CI runs it")
}

func TestCommandsOf(t *testing.T) {
	const text = "```sh\n$ make demo   # shows it\n\nbin/cardea replay --json \\\n  x.pcap | head\n# a comment\nmake build && rm -rf /\n```\n```\nnot this\n```\n"
	got := commandsOf(text)
	if want := []string{"make demo", "bin/cardea replay --json    x.pcap", "make build", "rm -rf /"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	const makefile = "\ndemo: x\nbuild: y\n"
	for line, ok := range map[string]bool{
		"make demo": true, "make nonesuch": false, "bin/cardea demo --headless --scenario camera --json": true, "cardea replay --json x.pcap": true,
		"bin/cardea demo --nonesuch": false, "cardea nonesuch": false, "sudo bin/cardea-agent status": true, "cardea-agent nonesuch": false,
		"rm -rf /": false, "tools/install-deps": true, "sudo tools/install-deps": true,
	} {
		if err := runnable(line, makefile); (err == nil) != ok {
			t.Errorf("%s: %v", line, err)
		}
	}
}
