// Package population measures what Cardea learns, and whom it bothers, on a SIMULATED fleet of homes: their life is generated, the
// judging is not. Figures of real devices (figures.go) say how often and whom simulated devices contact; a simulated cloud learns
// profiles and thresholds from what the homes tell, with the same code as the real one; each simulated gateway scores with the same
// code as the real one. Updates, holidays, guests, infections, outbreaks and homes in league happen to known homes, so that right and
// wrong can be counted.
//
// It may import home and behavior's parts; it does no I/O, has no clock, and the same seed gives the same report for any number of
// shards.
package population
