package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/lab/eval/detect"
	"cardea/lab/eval/infected"
)

// A flag takes all paths that follow it, as a shell's glob gives them, and may come again.
func TestEvalDetectTakesPaths(t *testing.T) {
	for _, c := range []struct {
		args                  string
		train, benign, attack []string
	}{
		{"--train a b --benign c --attack d=e f --splice", []string{"a", "b"}, []string{"c"}, []string{"d=e", "f"}},
		{"--train a --train b --splice --attack=d=e --json", []string{"a", "b"}, nil, []string{"d=e"}},
		{"--benign a,b --off novelty --off beacon", nil, []string{"a,b"}, nil},
	} {
		var got cli
		parser, err := newParser(t.Context(), &got)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = parser.Parse(append([]string{"eval", "detect"}, strings.Fields(c.args)...)); err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		d := got.Eval.Detect
		if !slices.Equal(d.Train, c.train) || !slices.Equal(d.Benign, c.benign) || !slices.Equal(d.Attack, c.attack) {
			t.Errorf("%s: %v, %v, %v", c.args, d.Train, d.Benign, d.Attack)
		}
	}
	var got cli
	parser, err := newParser(t.Context(), &got)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"eval", "detect", "--train", "--splice"}); err == nil {
		t.Error("a flag without a path was taken")
	}
}

func TestEvalDetectRefuses(t *testing.T) {
	for want, c := range map[string]evalDetectCmd{
		"no such detector; one of":     {Off: []string{"everything"}},
		"--attack: gone.pcap: no such": {Attack: paths{"gone.pcap"}},
		"--intel":                      {Intel: filepath.Join(t.TempDir(), "gone")},
		"nothing to measure":           {},
		"--benign: no captures":        {Benign: paths{t.TempDir()}},
		"no such file of labels":       {Attack: paths{os.Args[0] + "=gone.csv"}},
		"nothing was measured":         {Attack: paths{os.Args[0]}},
	} {
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

// What --help says of the JSON is what there is.
func TestEvalDetectHelpNamesTheFields(t *testing.T) {
	report := detect.Report{
		Split: detect.Split{Test: []detect.Unit{{}}, Refused: []detect.Refused{{Evidence: []infected.Evidence{{}}}}}, Calibration: []detect.Calibration{{Levels: []detect.Level{{}}}},
		Methods: []*detect.Method{{
			Families: []detect.Family{{}}, Captures: []detect.Capture{{Host: "h", Detection: detect.Detection{Detector: "d", Strength: "s", Sentence: "s"}}},
			Spliced: []detect.Family{{}}, Splices: []detect.Capture{{Host: "h"}}, Sham: &detect.Sham{},
		}},
	}
	report.Past = &detect.Past{Splices: []detect.PastAttack{{Host: "h", Sentence: "s"}}}
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	help := evalDetectCmd{}.Help()
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if !strings.Contains(help, k) && !strings.HasSuffix(k, "_per_day") {
					t.Errorf("--help does not tell of %s", k)
				}
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(v)
}
