// Package wire is what a gateway's agent and the cloud agree on: the messages (pb, made from proto/cardea/v1/agent.proto),
// the subjects they travel on, what is derived and signed on both sides, and the dated history of all of it. It may import
// home only and does no I/O.
package wire

//go:generate sh -c "cd proto && ../../tools/buf/buf generate"

import "time"

// Protocol is the version of the protocol that this code speaks: the date of its last change, as yyyymmdd; a second change
// of one day takes the next number. See History.
const Protocol uint32 = 20261127

// Oldest is the oldest protocol that this code still understands.
const Oldest uint32 = 20261122

// Bounds that both sides keep.
const (
	MaxReport   = 256 << 10 // bytes of one message up
	MaxItems    = 256       // items in one report
	MaxCard     = 1 << 10   // bytes of the evidence card of what was refused: sixteen travel in one item
	MaxDesired  = 256 << 10
	MaxOrders   = 64               // unconfirmed orders of a gateway
	MaxChunk    = 128 << 10        // bytes of a bundle's file in one reply
	MaxAnswer   = 256 << 10        // bytes of one part of an answer
	MaxQuestion = 2 * time.Minute  // how long a live question may run; the app asks again
	MaxConsent  = 24 * time.Hour   // how long a consent may hold
	ClaimLife   = 15 * time.Minute // how long a claim code may be used
)

// Change is one entry of the protocol's history.
type Change struct {
	Protocol uint32
	What     string // and what an older or newer peer does with it
}

// History tells what changed when, the newest first. Rules for a change: a field's number and meaning stay for ever; a
// receiver ignores what it does not know; an agent is understood by the cloud for at least two years.
var History = []Change{
	{20261127, "Of what was refused also the evidence card, and how sure the list is; bundle models in shadow, and how many devices it would take for" +
		" what else. An older cloud stores refusals without them, and puts no models in shadow; an older agent sends none, and does not try them."},
	{20261126, "Sentences also as a pattern with what fills it in (Words), to be said in other languages; health, software and line of a gateway;" +
		" bundles in shadow and what they would have done, bundles playbooks and agent; looking for an indicator in a home's past; service plan and brand;" +
		" order remedy, and a release for a time. An older cloud shows sentences in English and counts the items as unknown; an older agent" +
		" says English sentences only, takes no such bundle, answers such an order with an error and does without the rest."},
	{20261125, "The whole of a case (kind, playbook and its steps, what the gateway did, outcome, probation, harm), what a home's people decided" +
		" (Household in the desired state), orders mode, try, step, undo, code, erase, previews of a mode. An older cloud stores cases without" +
		" it; an older agent answers such an order with an error and does without the household."},
	{20261124, "What is normal: coarser names, days and, where many homes share it, the name of an endpoint that is announced; how unusual a" +
		" device's day was; the evidence card of a finding; bundles profiles and herd. An older cloud counts the items as unknown and stores" +
		" findings without a card; an older agent takes no such bundle and announces endpoints without their kin."},
	{20261123, "Who a device is (identity, evidence, exposures, what is behind it, aliases), sightings and corrections as items, orders identify," +
		" merge, split, protect, unprotect. An older cloud stores devices without it and counts the items as unknown; an older agent" +
		" answers such an order with an error, and sends nothing of it."},
	{20261122, "The first protocol: reports, heartbeat, desired state by version, live questions, bundles, enrolment."},
}
