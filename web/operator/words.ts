// Words of the residents' app that speak to them, said to staff: the same key, the same meaning, of a home that is not theirs.
import type { Key } from "../shared/i18n";

export const words: Partial<Record<Key, string>> = {
  "by.gateway": "by the gateway", "by.owner": "by a resident", "by.resident": "by a resident", "by.portal": "at the gateway's page",
  "mode.quarantine": "Reaches only the gateway",
  "order.asked": "asked, waiting for the gateway", "order.expired": "failed: the gateway did not answer in time",
  "do.dismiss": "Close as a false alarm", "verb.dismiss": "Close the incident", "outcome.accepted": "The residents want it so",
  "rule.rogue-dhcp": "hands out addresses though it is not the gateway",
  "contact.local": "inside the home", "threat.owner": "blocked by a resident", "source.gateway": "Written down by the gateway",
  "fix.care": "It is then never shut in by itself. If something is wrong, the residents are asked first.",
  "device.incident": "Open incident", "device.waits": "Waits for a resident",
  "problem.gateway-offline": "The gateway does not answer now. It goes on protecting the home by itself.",
  "problem.not-in-plan": "This is not in the home's plan. The home is protected all the same.",
};
