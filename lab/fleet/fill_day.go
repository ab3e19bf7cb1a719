package fleet

import "math"

// Count is how many homes there were of something on a day.
type Count struct {
	Kind, Name string // homes, online, contained, version
	N          int
}

// Day is what the fleet was like so many days ago: smaller, and on older programs.
func (f Filling) Day(ago int) (out []Count) {
	r := seeded(f.Seed, 2, uint64(ago))
	homes := float64(f.Homes) * 0.992 * (1 - 0.0012*float64(ago))
	online := homes * (0.982 + 0.006*r.float())
	out = append(out, Count{"homes", "", int(homes)}, Count{"online", "", int(online)}, Count{"contained", "", int(homes * (0.006 + 0.001*r.float()))})
	newest := 1 / (1 + math.Exp((float64(ago)-14)/3)) // how far the newest one had come
	for _, v := range versions {
		share := v.share / 100
		switch v.name {
		case "0.7.2":
			share *= newest
		case "0.7.1":
			share += 0.71 * (1 - newest)
		}
		if n := int(homes * share); n > 0 {
			out = append(out, Count{"version", v.name, n})
		}
	}
	return out
}
