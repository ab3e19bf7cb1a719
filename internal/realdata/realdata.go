// Package realdata finds the real captures and lists, which are kept outside the repository. For tests only; it imports
// nothing of ours.
package realdata

import (
	"os"
	"testing"
)

// Dir is the folder that CARDEA_DATA names. Without it the test ends: skipped, saying so, but failed in CI, which must
// have them.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("CARDEA_DATA")
	switch {
	case dir != "":
	case os.Getenv("CI") == "true":
		t.Fatal("CARDEA_DATA is not set: the real captures and lists are needed in CI")
	default:
		t.Skip("NOT RUN: CARDEA_DATA is not set, so no real captures and lists were read")
	}
	return dir
}
