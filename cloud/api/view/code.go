package view

import "time"

// CodeReason is why somebody of staff looks a case up by the code that a resident reads out.
type CodeReason struct {
	Reason string `json:"reason" minLength:"5" maxLength:"500"`
}

// CodeUndo is a block that is to be taken back.
type CodeUndo struct {
	Reason string `json:"reason" minLength:"5" maxLength:"500"`
	Deed   string `json:"deed,omitempty" maxLength:"64" doc:"Default: the newest"`
}

// CodeCase is a case as staff see it by its code: neither whose home it is nor what else is known of it.
type CodeCase struct {
	Code    string    `json:"code"`
	State   string    `json:"state" enum:"open,contained,cleaning,probation,closed"`
	Mode    string    `json:"mode"`
	Kind    string    `json:"kind"`
	Opened  time.Time `json:"opened"`
	Changed time.Time `json:"changed"`
	Blocks  []Deed    `json:"blocks" doc:"What the gateway did that can be taken back one by one, the newest first"`
	Undoing string    `json:"undoing,omitempty" doc:"The deed that was just asked to be taken back"`
	Order   string    `json:"order,omitempty" doc:"The order that asks for it; its gateway confirms it later"`
}
