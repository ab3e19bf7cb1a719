// A contact for tests.
import type { Contact } from "./model";

export const contact = (over: Partial<Contact> = {}): Contact => ({
  device: "d1", name: "a.example", domain: "a.example", ip: "192.0.2.1", port: 443, proto: "tcp", named: "dns", lookup: false, inbound: false, local: false,
  peer: "", flows: 1, failed: 0, bytes_up: 1, bytes_down: 1, first: "", last: "", verdict: "allow", reason: "", usual: null, service: null, listed: null, ...over,
});
