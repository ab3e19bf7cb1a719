// The ways in: what an address brings (it leaves the address at once), and where one goes afterwards. Pure, but for the address.
const pages = ["sign-in", "invited", "start", "recover"] as const;
export type Page = (typeof pages)[number];

// secretOf is what stands behind the # of one of our pages.
export function secretOf(path: string, hash: string): { page: Page; secret: string } | null {
  const page = pages.find((p) => path === `/${p}`);
  const secret = hash.replace(/^#(token=)?/, "");
  return page && secret ? { page, secret } : null;
}

const brought = typeof location === "undefined" ? null : secretOf(location.pathname, location.hash);
if (brought) history.replaceState(null, "", location.pathname + location.search);
let used = "";

// A link that is opened where its page is open already is another fragment only: the page begins anew with it.
if (typeof location !== "undefined") addEventListener("hashchange", () => secretOf(location.pathname, location.hash) && location.reload());

// take gives what the address brought to a page, once.
export function take(page: Page): string {
  if (brought?.page !== page || used === brought.secret) return "";
  used = brought.secret;
  return brought.secret;
}

// inside keeps the way back to this app: only a path of ours is followed.
export const inside = (next: string | null) => (next && /^\/(?![/\\])/.test(next) ? next : "/");

export const whys = ["owned", "unlinked", "again", "refused", "away", "wait", "failed"] as const;
export type Why = (typeof whys)[number];

// whyOf is why signing in at the provider did not work, from the address that one came back to.
export function whyOf(next: string): Why | null {
  const why = new URLSearchParams(next.split("?")[1] ?? "").get("sign-in");
  return why === null ? null : (whys.find((w) => w === why) ?? "failed");
}

// grouped is a label's code as it is printed: eight groups of five.
export const grouped = (code: string) => (code.toUpperCase().replace(/[^0-9A-Z]/g, "").match(/.{1,5}/g) ?? []).join("-");
