package gateway

import (
	"testing"

	"cardea/home"
)

// Nobody takes anything from the shelf here, as when the disk is slow: the pipeline goes on, and memory is bounded.
func TestThePipelineDoesNotWaitForTheDisk(t *testing.T) {
	s := shelf{full: make(chan struct{}, 1)}
	var c home.Contact
	for i := range maxShelf {
		c.Flows = uint64(i)
		if !s.put(&c) {
			t.Fatalf("no room for contact %d", i)
		}
	}
	if s.put(&c) {
		t.Error("more contacts wait than the bound says")
	}
	list := s.take()
	if len(list) != maxShelf || list[7].Flows != 7 || !s.put(&c) {
		t.Errorf("%d contacts were taken", len(list))
	}
}
