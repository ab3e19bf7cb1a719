package view

import "time"

// Erased says how much was erased of what, and what waits.
type Erased struct {
	Rows    map[string]int64 `json:"rows" doc:"In the cloud, by what it was"`
	At      time.Time        `json:"at" doc:"What happened before and is still under way is not stored any more"`
	Gateway string           `json:"gateway" enum:"asked,none" doc:"asked: it erases as soon as it hears of it; none: the home has no gateway"`
	Order   string           `json:"order,omitempty" doc:"The order by which the gateway erases; it confirms when it has"`
	Open    int              `json:"open_cases" doc:"Cases that stay until they are closed, without whom the device talked to: by them it is shut in"`
	Backups string           `json:"backups" doc:"What happens with the provider's backups"`
}

// Inventory is what is kept about homes.
type Inventory struct {
	Items    []Kept `json:"items"`
	Language string `json:"language" doc:"Of its texts, as asked for"`
}

// Kept is one kind of thing that is kept.
type Kept struct {
	Source  string      `json:"source" doc:"The table, the gateway's message (report:) or what the gateway itself keeps (gateway:)"`
	What    string      `json:"what"`
	Where   string      `json:"where" enum:"gateway,cloud"`
	Purpose string      `json:"purpose"`
	Days    int         `json:"days" minimum:"-1" doc:"How long it is kept; 0: until it is replaced or taken back; -1: as long as the home has its account"`
	Private bool        `json:"private" doc:"Left out, or without names of contacts, in Privacy Mode"`
	Erased  bool        `json:"erased" doc:"Gone when the home's history is erased"`
	Helping bool        `json:"helping" doc:"Kept only of homes that help others"`
	Fields  []KeptField `json:"fields"`
}

// KeptField is one of its fields.
type KeptField struct {
	Name string `json:"name"`
	What string `json:"what"`
}
