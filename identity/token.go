package identity

import "cardea/home"

// Token is a sighting that can be counted: the hash of its clue and its collapsed value. Tokens of two units of one model
// are the same; nothing of a unit's own (addresses, serial numbers) is in them.
type Token struct {
	Hash uint64
	Clue Clue
}

const maxValue = 256 // how much of a value is looked at, in bytes

// TokenOf makes the token of a sighting of a device whose own addresses are macs.
func TokenOf(s Sighting, macs []home.MAC) Token {
	var buf [maxValue + 16]byte
	return Token{hashOf(s.Clue, collapse(buf[:0], s.Value, s.Clue, macs)), s.Clue}
}

// hashOf is FNV-1a 64 (draft-eastlake-fnv) of the clue's byte and the value.
func hashOf(c Clue, value []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (uint64(offset) ^ uint64(c)) * prime
	for _, b := range value {
		h = (h ^ uint64(b)) * prime
	}
	return h
}

// spread turns a hash into one whose order says nothing of its value, so that the smallest few are a fair sample.
func spread(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}
