package usual

import "math"

// The scores are pure functions of numbers, so that a gateway, an evaluation and a simulation compute the same.

const (
	// Cap is the most that one endpoint may tell, in bits: what is one in a million is as strange as can be. Beyond it a score
	// would say more of the smoothing than of the device.
	Cap = 20.0
	// Kappa is how many active days of its own a device's model is worth: after so many days its own habits weigh as much.
	Kappa = 4.0
)

// Pi is the probability that a device contacts an endpoint on a day it is active: on c of its n active days it did, and its
// model does with probability model. The posterior mean of a beta prior worth kappa days (Gelman et al., Bayesian Data Analysis,
// 3rd edition, section 2.4).
func Pi(c, n, model float64) float64 { return (c + Kappa*model) / (n + Kappa) }

// Bits is how surprising a probability is: its Shannon information, from 0 to Cap.
func Bits(pi float64) float64 {
	switch {
	case !(pi > 0): // also not a number
		return Cap
	case pi >= 1:
		return 0
	}
	return min(Cap, -math.Log2(pi))
}

// Horizons of the sums, the shortest first, in seconds: a burst, an evening, a week.
var Horizons = [3]float64{600, 6 * 3600, 7 * 86400}

// most bounds a sum: 25 endpoints as strange as can be. What comes after is told already, and must leak away in time.
const most = 25 * Cap

// Cusum adds what was seen to a sum of bits of which a horizon leaves 1/e: a cumulative sum (Page, Biometrika 41, 1954) that forgets
// exponentially (as Roberts' moving average does, Technometrics 1, 1959), so that where more comes than a constant leak takes it does not
// grow for months, while thresholds are of a month ago. It is set back by time only, never because something was told:
// so the sums of a calibration and those in use are the same.
func Cusum(sum, bits, seconds, horizon float64) float64 {
	if seconds > 0 {
		sum *= math.Exp(-seconds / horizon)
	}
	return min(max(sum, 0)+bits, most)
}

// Habit is how surprising it is to begin a contact in an hour of the day, in bits: count of the total contacts so far, with the
// model's share of that hour as a prior worth a day of it.
func Habit(count, total, share float64) float64 {
	const prior = 24
	share = min(max(share, 1e-4), 1)
	return Bits((count + prior*share) / (total + prior))
}

// Volume is by how many of its own standard deviations a day's bytes exceed what is usual, on a logarithmic scale: traffic of
// homes is close to log-normal. The deviation is at least one doubling, as few days say little of it.
func Volume(bytes, mean, deviation float64) float64 {
	return max(0, (Log(bytes)-mean)/max(deviation, 1))
}

// Log is the logarithmic scale of volumes, in doublings; nothing is 0.
func Log(bytes float64) float64 { return math.Log2(1 + max(bytes, 0)) }
