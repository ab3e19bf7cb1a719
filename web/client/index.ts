// For a provider's own systems: asks a Cardea cloud with a token. Types are the API's own. A problem (RFC 9457) is an error, lists are
// walked page by page. Node 20 or newer; it keeps no state.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "../shared/api.gen";

export type { components, paths };

type Told = components["schemas"]["Problem"];

// Problem is an answer that is no success.
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly kind: string, // the stable end of its type, as not-found; "" when something between here and the cloud answered
    readonly title: string,
    readonly detail: string,
    readonly fields: NonNullable<Told["errors"]>,
    readonly after: number, // seconds to wait before asking again; 0 when nothing was said of it
  ) {
    super(detail ? `${status} ${title}: ${detail}` : `${status} ${title}`);
  }
}

// isProblem says whether an error is a problem of a kind.
export const isProblem = (e: unknown, kind: string): e is Problem => e instanceof Problem && e.kind === kind;

const patience = 120_000; // ms of one request, as long as the cloud itself takes for an answer

// cardea makes a client of the cloud at base, as https://home.example.net.
export function cardea(base: string, token: string): Client<paths> {
  const at = new URL(base);
  if (at.protocol !== "https:" && !(at.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(at.hostname)))
    throw new Error("a token goes by https only, or to this machine");
  const client = createClient<paths>({
    baseUrl: base,
    // A redirect is not followed: the token would go along.
    fetch: (r) => fetch(r, { redirect: "manual", signal: AbortSignal.any([r.signal, AbortSignal.timeout(patience)]) }),
  });
  client.use({
    onRequest({ request }) {
      if (token) request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
    async onResponse({ response }) {
      if (!response.ok) throw await problemOf(response);
    },
  });
  return client;
}

async function problemOf(r: Response): Promise<Problem> {
  const after = Math.min(Math.max(Number(r.headers.get("Retry-After")) || 0, 0), 24 * 60 * 60);
  const told: Partial<Told> | null = await r.json().catch(() => null);
  const type = typeof told?.type === "string" && told.type.startsWith("/problems/") ? told.type.slice("/problems/".length) : "";
  if (!told || !type) return new Problem(r.status, "", r.statusText, "", [], after);
  return new Problem(r.status, type, told.title ?? "", told.detail ?? "", told.errors ?? [], after);
}

interface Page<T> { items: T[]; next: string | null }

// pages walks through a list: ask gets the cursor of the page that it is to ask for, undefined for the first.
export async function* pages<T>(ask: (cursor?: string) => Promise<{ data?: Page<T> }>): AsyncGenerator<T> {
  for (let cursor: string | undefined; ; ) {
    const { data } = await ask(cursor);
    if (!data) throw new Error("a page without content");
    yield* data.items;
    if (data.next === null) return;
    if (data.next === cursor) throw new Error("a list does not go on");
    cursor = data.next;
  }
}
