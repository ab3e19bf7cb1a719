// Package ascii compares text of protocols whose names are ASCII and without case, in bytes as they came. It imports
// nothing and has no state.
package ascii

// EqualFold compares without case; lower is lower case. Bytes that are not ASCII letters are equal to themselves only.
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
