// A contact, a device and an exposure for tests.
import type { Contact, Device, Exposure, Identity } from "./model";

export const contact = (over: Partial<Contact> = {}): Contact => ({
  device: "d1", name: "a.example", domain: "a.example", ip: "192.0.2.1", asn: 0, network: "", country: "", port: 443, proto: "tcp", named: "dns", lookup: false, inbound: false, local: false,
  peer: "", flows: 1, failed: 0, bytes_up: 1, bytes_down: 1, first: "", last: "", verdict: "allow", reason: "", usual: null, service: null, listed: null, ...over,
});

export const identity = (over: Partial<Identity> = {}): Identity => ({
  model: "", vendor: "", class: "", judged_as: "", confidence: 0, evidence: [], by: "", maker: "", ...over,
});

export const device = (over: Partial<Device> = {}): Device => ({
  id: "d1", name: "Lamp", vendor: "", macs: [], addresses: [], first: "", last: "", online: true, mode: "off", grade: "none", protected: false, gateway: false,
  shared: false, incident: null, blocked: [], allowed: [], identity: identity(), exposures: [], behind: [], aliases: [], protections: [], essential: "", firmware: "", guest: false, held: false, paused: null, paused_by: "", trial: null, ...over,
});

export const exposure = (over: Partial<Exposure> = {}): Exposure => ({
  id: "0123456789abcdef", kind: "telnet", proto: "tcp", port: 23, external: 0, sentence: "It offers telnet.", advice: "Switch it off.", evidence: [], reference: "",
  source: "", protect: ["no-lan"], first: "", last: "", certain: true, ...over,
});
