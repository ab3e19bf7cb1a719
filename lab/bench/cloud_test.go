package bench

import (
	"strings"
	"testing"
)

func TestCloud(t *testing.T) {
	o := tiny()
	o.Homes, o.Data = 250, t.TempDir()
	for range 2 { // the second time the store is there
		r, err := Cloud(t.Context(), o)
		checkReport(t, r, err, "a home's page, all of its requests, first time", "a home's page, once more", "GET /v1/homes/{home}", "staff: home{…}", "staff: overview")
		for _, m := range r.Measures {
			if m.Tail == nil || m.Tail.P99 < m.Value || m.Tail.Max < m.Tail.P99 {
				t.Errorf("%+v", m)
			}
			if own := strings.HasPrefix(m.What, "a home's page"); own != (m.Goal != nil) {
				t.Errorf("%s has goal %v", m.What, m.Goal)
			}
		}
	}
	o.Homes = 300
	if _, err := Cloud(t.Context(), o); err == nil {
		t.Error("a store of 250 homes was taken for one of 300")
	}
}

func TestTail(t *testing.T) {
	var rounds []float64
	for n := range 200 {
		rounds = append(rounds, float64(200-n))
	}
	m := measure("x", "ms", rounds).withTail(rounds, 198)
	if m.Tail.P99 != 198 || m.Tail.Max != 200 || !m.Goal.Met {
		t.Errorf("%+v %+v", m.Tail, m.Goal)
	}
	if one := measure("x", "ms", []float64{5}).withTail([]float64{5}, 4); one.Tail.P99 != 5 || one.Goal.Met {
		t.Errorf("%+v", one)
	}
	if none := measure("x", "ms", nil).withTail(nil, 4); none.Tail != nil || none.Goal != nil {
		t.Errorf("%+v", none)
	}
}
