package rights

import (
	"os"
	"testing"
)

// TestThePageIsTheTable: run with CARDEA_GOLDEN=1 after a change of the table.
func TestThePageIsTheTable(t *testing.T) {
	const file = "../../../docs/rights.md"
	if os.Getenv("CARDEA_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != Page() {
		t.Errorf("docs/rights.md is old: run this test with CARDEA_GOLDEN=1 (%v)", err)
	}
}
