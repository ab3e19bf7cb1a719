package main

// key is what a person asked for.
type key uint8

const (
	keyNone key = iota
	keyInfect
	keyCheck
	keyPower
	keyRelease
	keyShutIn
	keyUp
	keyDown
	keyFirst
	keyLast
	keyHelp
	keyEnd
)

// single are the keys of one byte.
var single = map[byte]key{
	'i': keyInfect, 'c': keyCheck, 'p': keyPower, 'r': keyRelease, 'b': keyShutIn, 'k': keyUp, 'j': keyDown, 'g': keyFirst, 'G': keyLast,
	'?': keyHelp, 'h': keyHelp, 'q': keyEnd, 3: keyEnd, 4: keyEnd, // Ctrl-C and Ctrl-D are bytes in raw mode
	16: keyUp, 14: keyDown, // Ctrl-P, Ctrl-N
}

// arrows are the last bytes of cursor keys, behind ESC [ or ESC O (ECMA-48; DEC VT100 manual, chapter 3).
var arrows = map[byte]key{'A': keyUp, 'B': keyDown, 'H': keyFirst, 'F': keyLast}

// decode makes keys of what a terminal sent in one read. It is bounded by its input and ignores what it does not know:
// function keys, pasted text beyond our letters, answers of the terminal.
func decode(b []byte) (keys []key) {
	for i := 0; i < len(b); i++ {
		if b[i] != 0x1b {
			if k := single[b[i]]; k != keyNone {
				keys = append(keys, k)
			}
			continue
		}
		if i+1 >= len(b) || b[i+1] != '[' && b[i+1] != 'O' {
			i++ // Alt with a key, or Esc alone: nothing of ours
			continue
		}
		plain := true // no parameters: ESC [ A, not ESC [ 1 ; 5 A
		for i += 2; i < len(b) && (b[i] < 0x40 || b[i] > 0x7e); i++ {
			plain = false
		}
		if i < len(b) && plain && arrows[b[i]] != keyNone {
			keys = append(keys, arrows[b[i]])
		}
	}
	return keys
}
