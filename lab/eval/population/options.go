package population

// Options say what is simulated.
type Options struct {
	Homes   int
	Days    int
	Seed    uint64
	League  float64                          // share of homes in league
	Tail    float64                          // by how much the tails of what is new to devices are heavier; 1: as measured
	Plant   float64                          // share of things that fall ill late besides, to measure detection in small fleets
	Attack  bool                             // also slow and clever attackers, on the finished fleet
	Shards  int                              // into how many parts homes are split; the report is the same for any number
	Workers int                              // goroutines; 0: one for each processor
	Say     func(format string, args ...any) // progress; nil: silent
}

// days is a share of the time.
func (o *Options) days(share float64) int { return int(float64(o.Days) * share) }
