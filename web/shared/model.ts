// What the API answers, by the names that the screens use. All of it comes from the API's own description.
import type { components } from "./api.gen";

type S = components["schemas"];

export type Session = S["Session"];
export type Home = S["Home"];
export type HomeState = Home["state"];
export type Card = S["Card"];
export type Device = S["Device"];
export type DeviceDetail = S["DeviceDetail"];
export type Day = S["Day"];
export type Contact = S["Contact"];
export type Check = S["Check"];
export type Order = S["Order"];
export type OrderAsk = S["NewOrder"];
export type IncidentSummary = S["IncidentSummary"];
export type Incident = S["Incident"];
export type Finding = S["Finding"];
export type EvidenceCard = S["EvidenceCard"];
export type Transition = S["Transition"];
export type Step = S["Step"];
export type Stopped = S["Stop"];
export type Look = S["Looked"];
export type Gateway = S["Gateway"];
export type Consent = S["Agreed"];
export type Key = S["Key"];
export type Claim = S["Claim"];
export type FleetHome = S["FleetHome"];
export type BoardIncident = S["BoardIncident"];
export type AuditEntry = S["AuditEntry"];

export type Line = S["Line"];
export type LineNow = S["LineNow"];
export type LineHour = S["LineHour"];
export type RemedyResult = S["RemedyResult"];
export type Identity = S["Identity"];
export type Exposure = S["Exposure"];
export type HomeExposure = S["HomeExposure"];
export type Behind = S["Behind"];
export type Alias = S["Alias"];
export type Protection = S["Protection"];
export type Correction = S["Correction"];
export type DeviceClass = NonNullable<Correction["class"]>;
export type FleetModel = S["FleetModel"];
export type FleetCluster = S["FleetCluster"];
export type FleetExposure = S["FleetExposure"];

// The live view's events.
export type LiveContacts = S["LiveContacts"];
export type LiveDevices = S["LiveDevices"];
export type LiveOffline = S["LiveOffline"];

// What staff see of what is normal, and of what happens in many homes at once.
export type Profile = S["Profile"];
export type ProfileFacts = S["ProfileFacts"];
export type FleetIncident = S["FleetIncident"];
export type HerdIndicator = S["HerdIndicator"];
export type NewHunt = S["NewHunt"];
export type Hunt = S["Hunt"];

// How an incident is treated.
export type Playbook = S["Playbook"];
export type PlaybookStep = S["PlaybookStep"];
export type Deed = S["Deed"];
export type Probation = S["Probation"];
export type Harm = S["Harm"];

// What a containment mode would stop.
export type Preview = S["Preview"];
export type Trial = S["Trial"];
export type Mode = NonNullable<OrderAsk["mode"]>;
export type Answer = NonNullable<OrderAsk["answer"]>;

// What the gateway may do by itself.
export type PolicyPatch = S["PolicyPatch"];
export type DevicePolicy = S["DevicePolicy"];
export type NewDevicePolicy = S["NewDevicePolicy"];
export type HousePerson = S["HousePerson"];
