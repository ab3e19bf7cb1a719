// What one block in many homes may touch, said before it is proposed. The server counts again when it is proposed, and that count holds.
import { locale } from "../shared/i18n";
import type { FleetModel, Profile } from "../shared/model";

// mostOrders is the server's bound (bulkOrders in cloud/rooms/bulk.go): of one address it is an order for each device of the model, or for
// each home where everything in it is meant.
export const mostOrders = 5000;

const number = (n: number) => n.toLocaleString(locale());

export const bound = () => `One block reaches at most ${number(mostOrders)} devices of a model, or ${number(mostOrders)} homes. What is for more is put into a list: lists reach all homes.`;

// Known is how many there are, as far as that is told; a model's homes are none more than its devices.
export interface Known {
  homes?: number; // of this provider
  profiles?: readonly Pick<Profile, "model" | "own_homes">[]; // with this provider's own homes
  models?: readonly Pick<FleetModel, "model" | "homes">[]; // with the homes of all providers
}

// Over says that it is too many: sure is whether that is certain, so that it would be refused.
export interface Over { sure: boolean; text: string }

export function over(model: string, known: Known): Over | null {
  const name = model.trim().toLowerCase();
  if (!name) return (known.homes ?? 0) > mostOrders ? { sure: true, text: `There are ${number(known.homes ?? 0)} homes, more than one block may reach.` } : null;
  const sum = (list: readonly { model: string; count: number | null }[]) => list.reduce((n, x) => n + (x.model.toLowerCase() === name ? (x.count ?? 0) : 0), 0);
  const own = sum((known.profiles ?? []).map((p) => ({ model: p.model, count: p.own_homes.count })));
  if (own > mostOrders) return { sure: true, text: `${number(own)} of your homes have this model, and so at least as many devices: more than one block may reach.` };
  const all = sum((known.models ?? []).map((m) => ({ model: m.model, count: m.homes.count })));
  return own === 0 && all > mostOrders ? { sure: false, text: `${number(all)} homes have this model, those of other providers among them. If more than ${number(mostOrders)} such devices are in your homes, the proposal is refused.` } : null;
}
