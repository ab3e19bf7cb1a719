package home

import "fmt"

// fromWord finds the enumeration value whose word is b, so that what was written as a word reads back.
func fromWord[T interface {
	~uint8
	String() string
}](b []byte, last T) (T, error) {
	for v := T(1); v <= last; v++ {
		if v.String() == string(b) {
			return v, nil
		}
	}
	var none T
	if string(b) == none.String() {
		return none, nil
	}
	return none, fmt.Errorf("%q is not a known word here", b)
}

// UnmarshalText reads what MarshalText wrote.
func (a *Action) UnmarshalText(b []byte) (err error) {
	*a, err = fromWord(b, Contain)
	return err
}

// UnmarshalText reads what MarshalText wrote.
func (k *IndicatorKind) UnmarshalText(b []byte) (err error) {
	*k, err = fromWord(b, IndicatorPrefix)
	return err
}

// UnmarshalText reads what MarshalText wrote.
func (s *Strength) UnmarshalText(b []byte) (err error) {
	*s, err = fromWord(b, Hard)
	return err
}
