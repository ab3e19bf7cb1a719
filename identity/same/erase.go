package same

import "cardea/home"

// EraseNames forgets which names a device ("": each) asked for: hashes of them could be guessed. Which devices are one stays.
func (l *Linker) EraseNames(id home.DeviceID) {
	for _, f := range l.faces {
		if id == "" || f.id == id {
			f.asked = nil
		}
	}
}
