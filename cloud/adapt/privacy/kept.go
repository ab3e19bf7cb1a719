package privacy

import (
	"cmp"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/cloud/feed"
	"cardea/cloud/fleet"
	"cardea/cloud/history"
	"cardea/cloud/household"
	"cardea/cloud/incident"
	"cardea/cloud/ingest"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/normal"
	"cardea/cloud/report"
	"cardea/cloud/webhook"
)

// Days that are no number.
const (
	whileCurrent = 0  // until it is replaced or taken back
	withAccount  = -1 // as long as the home has its account
)

func inDays(d time.Duration) int { return int(d / (24 * time.Hour)) }

// kept is one kind of thing that is kept of homes. The list of them is the only one: people are told from it, and a test compares it
// with the tables and messages that there are.
type kept struct {
	source  string // table, message of a gateway (report:…) or what the gateway keeps (gateway:…)
	what    string
	purpose string
	days    int
	flags   string // p: left out or without names in Privacy Mode; e: gone when the home's history is erased; h: only of homes that help others
	fields  string // name: what it is; …  A name alone is one of the usual ones
}

const (
	toProtect = "To show you what happens at home and to protect it"
	toHelp    = "To treat a device that misbehaves, and to show what was done"
	toLearn   = "To learn from homes that help each other what is normal for a kind of device, without knowing whose it is"
	toSignIn  = "To let you in, and nobody else"
	toTell    = "To tell you what needs you"
	toRun     = "To bring what the gateway tells into the right home, once"
	toProve   = "To show you who looked and who changed what"
)

// usual are fields that mean the same wherever they are.
var usual = map[string]string{
	"tenant": "your provider", "home": "your home", "gateway": "your gateway", "device": "which device, by a random number", "id": "a random number or a hash of the rest",
	"at": "when", "time": "when", "created": "when it was made", "made": "when it was made", "changed": "when it changed last", "updated": "when it was told last", "since": "since when",
	"until": "until when", "expires": "how long it is good", "who": "which person", "person": "which person", "why": "the reason, in words", "reason": "the reason, in words",
	"version": "counts its changes", "week": "which week", "day": "which day", "state": "how far it is", "code": "a short code for the phone", "incident": "which case",
	"model": "make and model", "vendor": "maker", "class": "kind of device", "detector": "how it was found", "kind": "of which kind it is", "maker": "which person made it",
	"seen": "when it was seen last", "first": "when it was seen first", "last": "when it was seen last", "name": "its name", "done": "when it was done", "first_time": "when first", "last_time": "when last",
}

// ofInstallation are tables that are of no home: the provider's lists, and what was learned of many homes together.
var ofInstallation = []string{"history_day", "incident_day", "fleet_name", "fleet_label", "fleet_turn", "normal_name", "normal_model", "normal_share", "normal_mud", "normal_incident", "normal_hit", "normal_herd",
	"normal_usual", "normal_turn", "normal_refused", "ingest_lease", "ingest_worker", "rollout_turn", "rollout_file", "rollout_chunk", "rollout_role", "rollout_bundle", "rollout_plan", "rollout_event",
	"rollout_good", "rollout_held", "intel_source", "intel_fetch", "intel_content", "intel_allow", "intel_turn", "intel_dry", "intel_hunt", "account_tenant", "account_staff",
	"account_plan", "account_brand", "audit_checkpoint", "staff_token", "staff_approval"}

// fieldsOf reads a list of fields.
func (k kept) fieldsOf() (out []view.KeptField) {
	for part := range strings.SplitSeq(k.fields, ";") {
		name, what, _ := strings.Cut(strings.TrimSpace(part), ": ")
		if what == "" {
			what = usual[name]
		}
		out = append(out, view.KeptField{Name: name, What: what})
	}
	return out
}

// Inventory is what is kept of homes, in a language: English where there is nothing else.
func (a Privacy) Inventory(language string) view.Inventory {
	say := func(s string) string { return s }
	if language == "de" {
		say = func(s string) string { return cmp.Or(inGerman[s], s) }
	}
	out := view.Inventory{Language: cmp.Or(language, "en")}
	for _, k := range keptList {
		v := view.Kept{Source: k.source, What: say(k.what), Where: "cloud", Purpose: say(k.purpose), Days: k.days, Private: strings.Contains(k.flags, "p"), Erased: strings.Contains(k.flags, "e"),
			Helping: strings.Contains(k.flags, "h"), Fields: k.fieldsOf()}
		for i := range v.Fields {
			v.Fields[i].What = say(v.Fields[i].What)
		}
		if strings.HasPrefix(k.source, "gateway:") {
			v.Where = "gateway"
		}
		out.Items = append(out.Items, v)
	}
	return out
}

const home2 = "tenant; home; "

// keptList is everything.
var keptList = []kept{
	{"gateway:ledger", "Whom your devices talked to, each contact by itself", toProtect, 30, "e", "device; time; name: of the other side; address: of the other side; bytes: how much; verdict: allowed or stopped, and why"},
	{"gateway:normal", "What is normal for each device", toProtect, whileCurrent, "e", "device; endpoints: hashes of what it uses; hours: when it is active"},
	{"gateway:cases", "Cases, open and closed", toHelp, whileCurrent, "e", "device; time; symptom: what it did; history: what was done by whom"},
	{"gateway:spool", "What waits for the cloud", toRun, whileCurrent, "pe", "items: as the messages below, until the cloud has them"},

	{"history_home", "What holds for your whole home", toProtect, withAccount, "e", home2 + "gateway; blocked: what you blocked and allowed for all devices; dropped: how much the gateway could not tell; dropped_at: when"},
	{"history_device", "Your devices", toProtect, whileCurrent, "pe", home2 + "device; updated; data: as in the message on devices"},
	{"history_state", "How your gateway is", toProtect, whileCurrent, "e", home2 + "gateway; seen; status: how the home is; visible: a hash of what you see of it; beat: its version, what does not work, counts"},
	{"history_face", "What your provider's list of homes is sorted by", toProtect, whileCurrent, "e", home2 + "status: how the home is; version: of the gateway's program; platform: which kind of gateway; contact: when it was heard of, to ten minutes; devices: how many; incidents: open ones; contained: devices that are held"},
	{"history_find", "What your devices are found by when you call your provider", toHelp, whileCurrent, "e", home2 + "device; kind: name or MAC address; word: which"},
	{"history_first", "Which endpoints a device uses, as hashes", toProtect, inDays(history.KeepFirstTimes), "pe", home2 + "device; endpoint: a hash; scheme: of the hash; since; week"},
	{"history_rollup", "Bytes and connections by device, hour and hashed endpoint", toProtect, inDays(history.KeepRollUps), "pe", home2 + "day; data: as in the message on hours"},
	{"history_line", "How well your line worked by hour, and what remedies did", toHelp, inDays(history.KeepLine), "e", home2 + "day; data: as in the messages on your line"},
	{"history_stopped", "What was refused", toProtect, inDays(history.KeepStopped), "pe", home2 + "day; device; endpoint: name or address; class: why it is bad; family: of malware; source: which list; reason; said: the reason once more, as a pattern for other languages; card: how usual it is, what it would stop; confidence: how sure the list is; count: how often; first_time; last_time"},
	{"history_look", "Who asked your gateway for details", toProve, inDays(history.KeepLooks), "e", home2 + "time; id; gateway; data: who, why, by which consent, and whether it was refused"},

	{"incident_case", "Cases", toHelp, inDays(incident.Keep), "pe", home2 + "incident; gateway; code; device; state; opened: when it began; changed; data: as in the message on cases; detector; kind; model; indicator: what it called; outcome: how it ended; repeats: how often it came back or was let out; releases: how often it was let out; findings: how many; live: whether it is open"},
	{"incident_step", "What happened in a case", toHelp, inDays(incident.Keep), "pe", home2 + "incident; id; nth: its place; time; from_state: before; to_state: after; mode: how the device is held; by_whom: who did it; why; said: the reason once more, as a pattern for other languages"},
	{"incident_finding", "Evidence", toHelp, inDays(incident.Keep), "pe", home2 + "incident; id; time; data: as in the message on findings"},

	{"desired_home", "The version of what your gateway is to do", toRun, withAccount, "", home2 + "version"},
	{"desired_order", "What people asked of your gateway", toHelp, inDays(desired.Keep), "e", home2 + "id; idem: so that nothing is done twice; verb: what; device; incident; endpoint: what was blocked or allowed; by_role: owner or support; who; why; asked: when; expires; status: what became of it; done; reason; answer: of the gateway; about: what else it names; code: for the gateway's page, for minutes"},

	{"household_home", "What you decided: policy, people, schedules, pauses, privacy", toProtect, withAccount, "", home2 + "version; changed; through: how far the gateway knows your time zone; help: whether other homes learn from yours; data: names of people and groups, whose devices are whose, who sees no adult sites, bedtimes, choices"},
	{"household_change", "Who changed what of it", toProve, inDays(household.Keep), "e", home2 + "id; time; who; name: of the person then; act: what; subject: of what; called: its name; data: before and after"},

	{"fleet_home", "Since when your home helps to recognise devices", toLearn, withAccount, "eh", home2 + "since"},
	{"fleet_device", "What a device is taken for and by which signs, mostly hashed", toLearn, inDays(fleet.Keep), "peh", home2 + "device; updated; model; vendor; class; said_by: rules or learning; grp: devices like it; tokens: hashes of what it says of itself, and texts that name no person"},
	{"fleet_word", "What you said that a device is", toLearn, inDays(fleet.Keep), "eh", home2 + "device; model; vendor; class; since"},
	{"fleet_exposure", "Ways in that a device has open", toProtect, inDays(fleet.Keep), "e", home2 + "device; id; kind; reference: public advice on it; proto: protocol; port: number; model; class; certain: whether it was proved"},
	{"fleet_cluster", "Devices that are alike, compared with one of them", toLearn, whileCurrent, "eh", "id; tenant; home; device; tokens: as above; homes: how many; shown: how many, when there are enough; since; texts: those that many homes have; known: homes where it is known what it is"},

	{"normal_home", "Since when your home helps to learn what is normal", toLearn, withAccount, "eh", home2 + "since"},
	{"normal_device", "Which hashed endpoints a device uses in a week", toLearn, inDays(normal.KeepDevices), "peh", home2 + "device; updated; data: hashes and weeks"},
	{"normal_day", "How unusual a device's days were", toLearn, inDays(normal.KeepScores), "eh", home2 + "device; oldest: day; data: numbers by detector"},
	{"normal_finding", "Findings, to see what happens in many homes at once", toLearn, inDays(normal.KeepFindings), "peh", home2 + "id; device; incident; at; got: when it came; detector; hard: how sure; dismissed: when you said that it was none; ends: endpoints in it"},
	{"normal_said", "Names that many homes use and yours does too, until enough have said so", toLearn, inDays(normal.KeepSaid), "peh", home2 + "endpoint: a hash; name: what was hashed; at"},
	{"normal_used", "A filter that says whether your home may have used an endpoint", toLearn, inDays(normal.KeepUsed), "peh", home2 + "week; bits: from which no name can be read"},

	{"intel_shadow", "What a list that is only tried would have stopped, and in what profiles differ", toProtect, inDays(intelligence.KeepShadow), "pe", home2 + "bundle: which; version; device; what: name or address on the list, or how profiles differ; model; count: how often; first_time; last_time"},
	{"intel_taken", "For what a version that is only tried would take your devices", toProtect, inDays(intelligence.KeepShadow), "e", home2 + "gateway; version; what: whether known, not known any more, or another; model; class; to_model: make and model by that version; to_class: kind of device by that version; count: how many devices; at"},
	{"intel_hunted", "Whether something bad was met in the past", toProtect, inDays(intelligence.KeepHunts), "e", home2 + "hunt: which search; at; searched: how far back; devices: how many met it; cases: how many were opened; data: as in the message on it"},

	{"feed_clock", "How many events there were", toRun, withAccount, "", home2 + "seq: the last one"},
	{"feed_event", "That something changed, so that the app looks", toRun, inDays(feed.Keep), "e", home2 + "seq: its number; at; kind; id"},
	{"report_home", "When your next weekly report is due", toTell, withAccount, "", home2 + "next: when"},
	{"report_week", "Weekly reports", toTell, inDays(report.Keep), "e", home2 + "week; since; until; made; figures: counts, new devices, cases"},

	{"notify_choice", "How you want to be told", toTell, withAccount, "", "tenant; person; version; language: of messages; quiet_from: quiet hours; quiet_to: quiet hours; push: what; email: what; sms: what; webhook: what"},
	{"notify_phone", "Your number for text messages", toTell, withAccount, "", "tenant; person; number: the number; verified: when; code: a hash of the code; expires; tries: how often it was typed"},
	{"notify_asked", "How often a code was asked for", toTell, 1, "", "tenant; who: a hash; at; id"},
	{"notify_subscriptions", "Your browsers that get messages", toTell, withAccount, "", "tenant; person; id; endpoint: address at the browser's maker; p256dh: the browser's key; auth: the browser's secret; added: when"},
	{"notify_message", "What there is to tell your home", toTell, inDays(incident.Keep), "pe", home2 + "message: which; topic: about what; person; rev: how often it changed; level: how much it matters; alarmed: how much it mattered; body: devices, case, and what it is about; made; changed; due: when to send"},
	{"notify_case", "Which message a case is in", toTell, inDays(incident.Keep), "e", home2 + "incident; message: which"},
	{"notify_known", "What you were told of once", toTell, 30, "e", home2 + "subject: device, port or site; at"},
	{"notify_delivery", "What was sent to whom", toTell, 30, "e", home2 + "message: which; rev: of its versions; person; way: how; target: which browser; id; code: by which you check it; kind; level: how much it matters; silent: without sound; made; due: next try; taken: who is at it until; tries: how often; status: what became of it; why; sent: when; checked: how often its code was looked up"},

	{"audit_entry", "Who looked and who did what. It cannot be changed, not even by the provider", toProve, withAccount, "", home2 + "id; at; who; role: owner, member or staff; act: what; what: about what; reason; until"},
	{"audit_chain", "The proof that nothing of that was changed", toProve, withAccount, "", home2 + "number: its place; id: of the line; hash: of the line and of the one before"},

	{"rollout_health", "How the software of your gateway does, so that a bad version is stopped", toRun, 90, "e", home2 + "at; bundles: which versions of lists and rules it has; platform: which kind of gateway; agent: version of its program; state: whether a new program has proven itself; tried: which one it tried; crashes: of its name service; asked: how many names; unanswered: how many of those; broken: devices that a block disturbs; findings: how many; asks: how often blocks were taken back; throughput: how fast the line was at most"},
	{"rollout_pin", "That your home gets new versions earlier, later or not", toRun, whileCurrent, "", home2 + "name: of what; ring: when; version; by_who: which person of your provider; why; made"},
	{"ingest_sequence", "How far your gateway's reports are stored", toRun, withAccount, "", home2 + "gateway; epoch: which spool; sequence: number; missing: how many never came; seen"},
	{"ingest_dead", "Reports that could not be read", toRun, 30, "e", home2 + "id; gateway; reason; data: how it begins; size: bytes; count: how often; first_seen: when; last_seen: when"},
	{"ingest_erased", "That something was erased and when, so that it does not come back", toRun, inDays(ingest.KeepErased), "", home2 + "device; at; waits: until the gateway confirms; request: the order"},

	{"account_home", "Your home", toSignIn, withAccount, "", home2 + "name; account: your number with the provider; search: both, in small letters; created; gateway; taken: how many keys there were; network: a keyed hash of the network you are in, to count networks; sought: the number once more, in small letters; named: the name once more, in small letters; plan: which of your provider's plans you have"},
	{"account_number", "Your number with the provider, by which its own systems know your home", toSignIn, withAccount, "", home2 + "account: the number"},
	{"account_came", "From which address your gateway came in, to answer complaints about an address", toHelp, inDays(account.KeepCame), "", home2 + "since; until; address: a keyed hash of it"},
	{"account_person", "You", toSignIn, withAccount, "", "tenant; person; kind: resident or staff; email: your address; name; password: a hash (argon2id); created"},
	{"account_resident", "Which homes you belong to", toSignIn, withAccount, "", home2 + "person; role: owner, member or viewer; since"},
	{"account_session", "Where you are signed in", toSignIn, 30, "", "tenant; token: a hash; id; kind; person; created; used: when last; expires; agent: what the browser calls itself"},
	{"account_link", "Links by which you come in", toSignIn, 7, "", "tenant; token: a hash; kind; person; expires"},
	{"account_attempt", "How often somebody tried to come in", toSignIn, 1, "", "tenant; who: a hash; since; attempts: how many"},
	{"account_claim", "Codes by which a gateway joins", toSignIn, 30, "", home2 + "claim: a hash; secret: a key; maker; resident: whether a resident made it; created; expires; gateway; request: of which certificate"},
	{"account_gateway", "Gateways that you have or had", toSignIn, withAccount, "", home2 + "gateway; state; version: of its program; enrolled: when; changed; expires; serial: of its certificate; request: of its certificate; why"},
	{"account_key", "Keys by which you agree that staff may look", toProve, withAccount, "", home2 + "id; number: which; point: public key; resident: whose; signer: which key vouches for it; signature: of that key; created"},
	{"account_consent", "What you agreed to", toProve, withAccount, "", home2 + "id; gateway; scope: to what; since; until; signer: which key; signature: of that key; giver: which person; created; revoked: when you took it back"},
	{"account_invitation", "Invitations that are open", toSignIn, 7, "", home2 + "id; token: a hash; role: offered; email: of whom; maker; created; expires"},
	{"account_label", "The code on the gateway's label", toSignIn, withAccount, "", home2 + "id; secret: a hash; gateway; maker; created"},
	{"account_recovery", "Your recovery codes", toSignIn, withAccount, "", "tenant; person; number: which; hash: argon2id"},
	{"account_forgot", "That somebody asked for a way back in", toSignIn, 1, "", "tenant; email: the address; asked: when"},
	{"account_passkey", "Your passkeys", toSignIn, withAccount, "", "tenant; person; id; credential: its number; record: its public key; name; created; used: when last"},
	{"account_challenge", "A sign-in that has begun", toSignIn, 1, "", "tenant; token: a hash; kind; person; data: what has to be answered; expires"},
	{"account_identity", "Who you are with another provider of sign-ins", toSignIn, withAccount, "", "tenant; issuer: which one; subject: your number there; person; created"},

	{"webhook_endpoint", "Your provider's own systems that hear of cases", toHelp, whileCurrent, "", "tenant; id; name: of the system; url: where it is; kinds: of what it hears; secret: by which it knows us; was: the secret before; until; created; who; paused: whether; failing: since when"},
	{"webhook_delivery", "What your provider's own systems were told: that there is a case and how far it is, without names", toHelp, inDays(webhook.Keep), "e", "tenant; home; endpoint: which system; id; kind; body: numbers of home and case, how far it is; made: when; due: when it is tried again; tries: how often; state; code: what it answered; why; sent: when"},
	{"report:finding", "Message: evidence", toHelp, inDays(incident.Keep), "pe", "id; device; incident; detector; strength: how sure; score: how unusual; p: how likely by chance; sentence: in words, with names of contacts; facts: numbers and names; symptom: what must fall silent; port: where it is plugged in; card: how usual it is, what breaks; said: the sentence once more, as a pattern for other languages"},
	{"report:incident", "Message: a case as it is now", toHelp, inDays(incident.Keep), "pe", "id; code; device; state; mode: how it is held; grade: how well; opened: when; changed; symptom: what must fall silent; findings: how many; releases: how often it was let out; history: what was done by whom; check: the last answer; kind; playbook: which guide; steps: of it; deeds: what the gateway did; outcome: how it ended; relapses: how often it came back; waits: whether you are asked; harm: what no longer works; probation: how long it has been quiet"},
	{"report:first_times", "Message: an endpoint is used for the first time. Others learn from it only if you help other homes", toLearn, inDays(history.KeepFirstTimes), "pe", "scheme: of the hash; first_times: device, week, hashes of the endpoint and of its domain, network and service, days of use, and the name only where many homes use it"},
	{"report:roll_up", "Message: an hour of each device", toProtect, inDays(history.KeepRollUps), "pe", "scheme: of the hash; hours: device, hour, bytes up and down, bytes without a name, and by hashed endpoint connections and bytes"},
	{"report:devices", "Message: devices that are new or changed", toProtect, whileCurrent, "pe", "devices: name, maker, MAC and IP addresses, model, class and why, when seen, how it is held, what you blocked or allowed, open ports, what it speaks for, what was merged, pauses, firmware; whole: whether these are all; blocked: by you for all devices; allowed: by you for all devices"},
	{"report:order_result", "Message: an order was done", toHelp, inDays(desired.Keep), "e", "id; in_force: whether; why; check: the answer; done; code: for the gateway's page; said: why, as a pattern for other languages"},
	{"report:stopped", "Message: what was refused", toProtect, inDays(history.KeepStopped), "pe", "stops: device, name or address, why it is bad, which list and how sure, how usual it is, how often, when; trackers: how many"},
	{"report:look", "Message: somebody asked the gateway for details", toProve, inDays(history.KeepLooks), "e", "question: its number; asker: resident or support; who; reason; consent: which; refused: whether; why"},
	{"report:dropped", "Message: the gateway had no room for all it had to tell", toRun, whileCurrent, "e", "items: how many; first; last"},
	{"report:sightings", "Message: what a device is taken for and by which signs", toLearn, inDays(fleet.Keep), "peh", "scheme: of the hash; devices: device, week, model, maker, class, how sure, hashed signs, and texts that name no person"},
	{"report:correction", "Message: what you said that a device is", toLearn, inDays(fleet.Keep), "eh", "device; model; vendor; class"},
	{"report:day_scores", "Message: how unusual a day was", toLearn, inDays(normal.KeepScores), "eh", "days: device, day, numbers by detector, how many endpoints, contacts by hour, bytes"},
	{"report:shadow_hits", "Message: what a list that is only tried would have stopped, and in what profiles and models differ", toProtect, inDays(history.KeepStopped), "pe", "bundle: which; version; hits: device, model, what, how often, when, and of models no device, but how many and what they would be"},
	{"report:hunt_result", "Message: whether something bad was met in the past", toProtect, inDays(history.KeepStopped), "pe", "id: of the search; hits: device, which of those looked for, how often, when, which case; searched: how far back"},
	{"report:line_hour", "Message: how well your line worked in an hour", toHelp, inDays(history.KeepLine), "e", "hour: when; latency_p50: to the provider; latency_p95: at its worst; beyond_p50: to the internet; beyond_p95: at its worst; lost: probes; dns_p50: of names; dns_p95: at its worst; down_peak: bytes a second; up_peak: bytes a second; slow: seconds; where: at home, on the line or beyond; busiest: devices and their bytes; probes: how many"},
	{"report:remedy_result", "Message: what a remedy for a slow line did", toHelp, inDays(history.KeepLine), "e", "id; kind; before: how the line was; after: how it is; kept: whether it helped; why"},
}
