package calibrate

// Pooled makes the tables of a level above models (a vendor's, a class's, all) by its models' sketches. Each model's scores are
// put into its own scale first (see curve.rescale), and what comes out is in the scale of all together; Pool puts it into a
// model's. A home with several of the models is one home. Models that are in fewer than MinHomes homes have no scale of their
// own and go by that of all. The order of the sketches does not matter; all need the same salt.
func Pooled(o Options, models ...*Sketch) (*Tables, error) {
	if len(models) == 0 {
		return &Tables{}, nil
	}
	raw := NewSketch(models[0].salt)
	for _, m := range models {
		if err := raw.Merge(m); err != nil {
			return nil, err
		}
	}
	all := raw.Build(o)
	scaled := NewSketch(raw.salt)
	for _, m := range models {
		own := m.Build(o)
		if own.homes < MinHomes {
			own = all
		}
		if err := scaled.Merge(m.scaled(own)); err != nil {
			return nil, err
		}
	}
	t := scaled.Build(o)
	for i := range t.stats {
		t.stats[i].scale = all.stats[i].scale
		t.stats[i].unit = all.stats[i].scale
	}
	return t, nil
}

// scaled is the sketch with scores divided by their scale.
func (s *Sketch) scaled(by *Tables) *Sketch {
	out := NewSketch(s.salt)
	for _, id := range s.ids() {
		from := s.homes[id]
		d := &days{n: from.n, not: from.not, zero: from.zero}
		for i := range from.top {
			scale := unbrief(by.stats[i].scale)
			for _, c := range from.top[i] {
				// from the middle of the bin, so that binning twice does not shift scores downwards
				mid := (low(c.bin) + low(c.bin+1)) / 2
				d.top[i] = addCell(d.top[i], cell{max(binOf(float32(mid/scale)), leastBin), c.n})
			}
		}
		out.homes[id] = d
	}
	return out
}
