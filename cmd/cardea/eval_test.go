package main

import (
	"strings"
	"testing"
)

func TestEvalIdentifyAsksForOneOfTwo(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		cmd  evalIdentifyCmd
		want string
	}{
		{evalIdentifyCmd{Train: dir}, "either --test or --cross"},
		{evalIdentifyCmd{Train: dir, Test: dir, Cross: true}, "either --test or --cross"},
		{evalIdentifyCmd{Train: dir, Test: dir, First: -1}, "must not be negative"},
		{evalIdentifyCmd{Train: dir, Test: dir}, "no captures"},
		{evalIdentifyCmd{Train: dir, Cross: true}, "no captures"},
	} {
		if err := c.cmd.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.cmd, err, c.want)
		}
	}
}
