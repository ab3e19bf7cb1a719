// The client against a real cloud, which client/walk_test.go starts: a test of its own, as it needs one.
import { expect, it } from "vitest";
import { cardea, isProblem, pages, Problem } from "./index";

const { CARDEA_URL: url = "", CARDEA_TOKEN: token = "", CARDEA_SESSION: session = "" } = process.env;
const c = cardea(url, token);
const failed = (asked: Promise<unknown>) => asked.then(() => null, (e: unknown) => e);

it("makes a home, swaps its gateway and lets it leave", async () => {
  const at = { params: { path: { account: "T 17/4" } } };
  const path = "/v1/staff/provisioning/homes/{account}";
  expect(isProblem(await failed(c.GET(path, at)), "not-found")).toBe(true);
  const made = await c.PUT(path, { ...at, body: { name: "Mill Lane 4" } });
  const again = await c.PUT(path, { ...at, body: { name: "Mill Lane 5" } });
  expect([made.response.status, again.response.status]).toEqual([201, 200]);
  expect(again.data).toMatchObject({ home: made.data?.home, account: "T 17/4", name: "Mill Lane 5" });
  const claim = await c.POST(`${path}/gateway`, { ...at, body: { revoke: true, why: "swapped" } });
  expect(claim.data).toMatchObject({ revoked: "", waits: false });
  expect(claim.data?.code).not.toBe("");
  const left = await c.DELETE(path, at);
  expect(left.data?.home).toBe(made.data?.home);
  expect(left.data?.stays.length).toBeGreaterThan(0);
  expect(isProblem(await failed(c.DELETE(path, at)), "not-found")).toBe(true);
});

it("lists the incidents page by page", async () => {
  const codes: string[] = [];
  for await (const i of pages((cursor) => c.GET("/v1/staff/incidents", { params: { query: { cursor, limit: 2 } } }))) codes.push(i.code);
  expect(codes.sort()).toEqual(["K7QA", "K7QB", "K7QC", "K7QD", "K7QE"]);
});

it("tells what is wrong", async () => {
  const p = await failed(c.PUT("/v1/staff/provisioning/homes/{account}", { params: { path: { account: "T-1" } }, body: { name: "" } }));
  expect(p).toBeInstanceOf(Problem);
  expect(p).toMatchObject({ status: 422, kind: "invalid" });
  expect((p as Problem).fields[0]?.location).toBe("body.name");
  expect(isProblem(await failed(c.GET("/v1/staff/tables/find", { params: { query: { q: "B-1" } } })), "right-required")).toBe(true);
  expect(isProblem(await failed(cardea(url, "cardea_nonsense").GET("/v1/staff/session")), "session-required")).toBe(true);
  expect(() => cardea("http://home.example.net", token)).toThrow("https only");
});

it("finds a home for staff", async () => {
  const staff = cardea(url, "");
  staff.use({ onRequest: ({ request }) => (request.headers.set("Cookie", `cardea_staff=${session}`), request) });
  const found = await staff.GET("/v1/staff/tables/find", { params: { query: { q: "B-3" } } });
  expect(found.data?.items.map((h) => h.home.name)).toEqual(["Home 3"]);
});
