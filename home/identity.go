package home

// DeviceClass is what kind of thing a device is; "" when it is not known.
type DeviceClass string

// Classes of device. A model belongs to one of them.
const (
	ClassCamera     DeviceClass = "camera"
	ClassDoorbell   DeviceClass = "doorbell"
	ClassPlug       DeviceClass = "plug" // plugs, switches, power strips
	ClassLight      DeviceClass = "light"
	ClassSensor     DeviceClass = "sensor"
	ClassThermostat DeviceClass = "thermostat"
	ClassHub        DeviceClass = "hub" // speaks for others by another radio
	ClassLock       DeviceClass = "lock"
	ClassAlarm      DeviceClass = "alarm"
	ClassMedical    DeviceClass = "medical"
	ClassScale      DeviceClass = "scale"
	ClassAppliance  DeviceClass = "appliance" // kitchen, laundry, cleaning
	ClassSpeaker    DeviceClass = "speaker"   // with and without an assistant
	ClassTV         DeviceClass = "tv"        // sets, boxes and sticks
	ClassConsole    DeviceClass = "console"
	ClassPrinter    DeviceClass = "printer"
	ClassNAS        DeviceClass = "nas"
	ClassRouter     DeviceClass = "router" // routers, repeaters, access points
	ClassPhone      DeviceClass = "phone"
	ClassTablet     DeviceClass = "tablet"
	ClassComputer   DeviceClass = "computer"
	ClassWatch      DeviceClass = "watch"
	ClassVehicle    DeviceClass = "vehicle"
	ClassGadget     DeviceClass = "gadget" // surely no computer, phone or tablet, but not known what
)

// Personal says whether people use it for whatever they like: what it contacts says more about them than about the model.
func (c DeviceClass) Personal() bool {
	switch c {
	case ClassPhone, ClassTablet, ClassComputer, ClassWatch, ClassConsole:
		return true
	}
	return false
}

// SetByPeople says whether only its owner or the CSP may say that a device is of this class: a device must not be able to
// talk itself into being handled with more care.
func (c DeviceClass) SetByPeople() bool { return c == ClassMedical || c == ClassAlarm }

// Strictness is how little a class allows: 1 whatever people like, 2 much, 3 one purpose; 0 for no class.
func (c DeviceClass) Strictness() int {
	switch {
	case c == "":
		return 0
	case c.Personal():
		return 1
	case c == ClassTV, c == ClassNAS, c == ClassRouter, c == ClassVehicle:
		return 2
	}
	return 3
}

// Identity is who a device is, as far as the evidence goes. What is not known is "": a device may have a vendor without a
// model. Text of it comes from a table of ours, a signed bundle or its owner, never straight from the wire.
type Identity struct {
	Model      string      `json:"model"`         // maker and product, as "Belkin WeMo Switch"; or a learned cluster's name
	Vendor     string      `json:"vendor"`        // who made the product
	Class      DeviceClass `json:"class"`         // the best of its recent classes; how it is judged goes by the strictest
	Confidence float64     `json:"confidence"`    // 0 to 1, of the most specific of the three that is known
	Evidence   []string    `json:"evidence"`      // why, in plain words, the strongest first; at most 5
	By         string      `json:"identified_by"` // who says so: "" nobody, rules, learned, owner, operator
}
