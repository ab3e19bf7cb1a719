package profile

// table is a level's endpoints at one grain, by print, ascending. Prints are as good as random, so a small index of where each
// part of their range begins finds one in a few steps.
type table struct {
	prints []uint32
	values []value
	starts []uint32 // first of each part; one more than there are parts
	shift  uint8
}

// value is what is known of an endpoint.
type value struct {
	share    float64
	homes    uint32
	standing Standing
}

// index makes find work; prints must be ascending.
func (t *table) index() {
	parts := 1
	for t.shift = 32; parts < len(t.prints); parts *= 2 {
		t.shift--
	}
	t.starts = make([]uint32, parts+1)
	at := 0
	for i := range parts {
		for at < len(t.prints) && int(uint64(t.prints[at])>>t.shift) < i {
			at++
		}
		t.starts[i] = uint32(at)
	}
	t.starts[parts] = uint32(len(t.prints))
}

func (t *table) find(print uint32) *value {
	if len(t.prints) == 0 {
		return nil
	}
	part := uint64(print) >> t.shift
	for i := t.starts[part]; i < t.starts[part+1]; i++ {
		if t.prints[i] == print {
			return &t.values[i]
		}
	}
	return nil
}
