// What the person who is signed in may do. It comes with the session; the server's own table says who else may. The server refuses all the same.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, ok } from "../shared/client";
import { Icon } from "../shared/parts/Icon";

export const useSession = () => useQuery({ queryKey: ["session"], queryFn: () => ok(api.GET("/v1/staff/session")), staleTime: 300_000 });
export const useRights = () => useQuery({ queryKey: ["staff", "rights"], queryFn: () => ok(api.GET("/v1/staff/rights")), staleTime: 3_600_000 });

// useGrant is how they have a right; "no" when they have it not, or nobody is known yet.
export const useGrant = (right: string): string => useSession().data?.rights?.[right] ?? "no";

// whole are the grants with which somebody does a thing, if within bounds; with the others they only see or ask.
const whole = ["yes", "hour", "two", "case", "consent", "approve"];
export const useMay = (right: string) => whole.includes(useGrant(right));

const an = (name: string) => (/^support/i.test(name) ? name.replace(/^S/, "s") : `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name.replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase())}`);

// whoMay is the sentence that says who may, of the table's roles.
export function whoMay(names: string[], grants: string[]): string {
  const list = names.map(an);
  const all = list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} or ${list.at(-1)}`;
  const second = grants.length > 0 && grants.every((g) => g === "two") ? ", and another person has to agree" : "";
  return all ? `${all[0]?.toUpperCase()}${all.slice(1)} can do this${second}.` : "Nobody can do this.";
}

// WhoMay says in the place of what is missing who has it.
export function WhoMay({ right, what }: { right: string; what?: ReactNode }) {
  const d = useRights().data;
  const of = d?.rights.find((r) => r.right === right);
  const roles = (d?.roles ?? []).filter((r) => r.role !== "automation" && whole.includes(of?.grants[r.role] ?? "no"));
  if (!d) return null;
  return <p className="quiet small row" data-testid="who-may" data-right={right}><Icon name="lock" size={16} /><span>{what && <>{what} </>}{whoMay(roles.map((r) => r.name), roles.map((r) => of?.grants[r.role] ?? ""))}</span></p>;
}

// Only shows what a person may do, or says who may.
export function Only({ right, what, children }: { right: string; what?: ReactNode; children: ReactNode }) {
  return useMay(right) ? <>{children}</> : <WhoMay right={right} what={what} />;
}

// sees says whether a right is there at all, also to look only.
export const sees = (rights: Record<string, string> | undefined, right: string | undefined) => !right || !["no", "audit"].includes(rights?.[right] ?? "no");
