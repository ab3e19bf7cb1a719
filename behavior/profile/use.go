package profile

import "cardea/behavior/endpoint"

// Vote is the unit in which homes vote: a whole vote is 420, so that every share of one to seven days is a whole number of them.
const Vote = 420

// unknownShare is the vote for an endpoint that was told of for the first time: nobody knows yet on how many days it will be used.
const unknownShare = Vote / 2

// MaxEnds bounds the endpoints that one home may tell of a level in a week; what it tells beyond is left out and counted.
const MaxEnds = 4096

// Use is what one home's device of a model did in one week.
type Use struct {
	Level   Level
	Week    uint32 // since Monday, 1970-01-05, UTC, as wire.Week
	Home    uint64 // any number that is the home's own, well mixed or not: decides with which others it is held out
	Network uint32 // the access network that the home is on, any number; 0: not known
	Active  uint8  // days on which the device was active, 1 to 7; 0: not known, then no share is
	First   bool   // the device's first day is in this week: on that day all is new, which tells nothing of how often it meets new endpoints
	Finding bool   // the home has an open incident, or had a finding not long ago: it does not teach, what it uses is held against that
	Ends    []End
	Hours   [24]uint16 // contacts begun in each hour of the day, local time
	Fresh   uint16     // endpoints that the device used for the first time ever, those of its first day left out
	Up      []uint64   // bytes to the internet on each active day
}

// End is an endpoint that it used.
type End struct {
	Chain endpoint.Chain
	Days  uint8  // on which it was used; 0: it was told of for the first time, the share is not known
	Flows uint32 // only to measure how much worse it is to let flows vote
}

// share is an endpoint's vote.
func (u *Use) share(e *End) uint32 {
	active := uint32(min(u.Active, 7))
	if active == 0 || e.Days == 0 {
		return unknownShare
	}
	return min(uint32(e.Days), active) * Vote / active
}
