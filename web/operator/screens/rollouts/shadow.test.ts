import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import type { components } from "../../../shared/api.gen";
import { ByModel, Shadows } from "./Shadow";

type Tried = components["schemas"]["RolloutTried"];
type Shadowed = components["schemas"]["Shadowed"];

const homes = { count: 20, words: "20 homes" };
const row = (of: Partial<Tried>): Tried => ({ model: "", what: "same", homes, count: 60, to: "", class: "", to_class: "", protection: "", ...of });
const changes = [row({}), row({ what: "renamed", model: "Old Cam", class: "camera", to: "New TV", to_class: "tv", protection: "less", count: 0 }), row({ what: "named", to: "New Plug", to_class: "plug", protection: "more" })];
const version = (of: Partial<Shadowed>): Shadowed => ({ bundle: "models", version: 4, last: "2026-11-23T00:00:00Z", homes, count: 40, models: [], what: [], changes: [], ...of });

// shown is the text of a part, cell by cell, while the server tells of these versions.
function shown<P extends object>(part: FunctionComponent<P>, props: P, items: Shadowed[]): string {
  const client = new QueryClient();
  client.setQueryData(["intel", "shadow"], { items });
  return renderToStaticMarkup(createElement(QueryClientProvider, { client }, createElement(part, props))).replace(/<[^>]*>/g, "|").replace(/\|+/g, "|");
}

it("shows for what models that are tried would take devices, and how many", () => {
  const all = shown(Shadows, {}, [version({ changes, what: [{ what: "renamed", homes, count: 40 }] }), version({ bundle: "lists", what: [{ what: "c2.example", homes, count: 3 }] })]);
  expect(all).toContain("40 devices in 20 homes");
  expect(all).toContain("|Devices of all models|Would stay what they are|As much|20 homes|60|");
  expect(all).toContain("|Old Cam (camera)|New TV (tv)|Would be taken for another model|Less, after 30 days|20 homes|not told|");
  expect(all).toContain("|No known model|New Plug (plug)|Would be known|More, at once|20 homes|60|");
  expect(all).toContain("40 contacts in 20 homes");
  expect(all).toContain("|Entry|Homes|Contacts|c2.example|20 homes|3|");
});

it("shows the same on the page of their rollout", () => {
  const one = shown(ByModel, { tried: changes, bundle: "models", version: 4, entries: true }, [version({ changes })]);
  expect(one).toContain("|Taken for|Would be taken for|What|Protected|Homes|Devices|");
  expect(one).toContain("|Old Cam (camera)|New TV (tv)|");
  expect(shown(ByModel, { tried: [], bundle: "models", version: 4, entries: true }, [])).toBe("");
});
