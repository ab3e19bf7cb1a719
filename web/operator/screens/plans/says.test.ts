import { describe, expect, it } from "vitest";
import { brandDoes, planDoes, removeDoes } from "./says";

const plan = (id: string, extras: string[], standard = false) => ({ id, name: id, extras, standard, always: ["protection"] });

describe("a plan, before it is saved", () => {
  it("says that the first one ends that every home has everything", () => {
    const said = planDoes({ name: "Basic", extras: [], standard: false }, null, []).join(" ");
    expect(said).toContain("what every plan has, and nothing more");
    expect(said).toContain("Until now you have no plans, and every home has everything.");
  });
  it("says what homes get and lose", () => {
    const was = plan("family", ["people", "reports"]);
    const said = planDoes({ name: "family", extras: ["people", "content"], standard: false }, was, [plan("basic", [], true), was]);
    expect(said).toEqual(["Homes with this plan get: what may be seen, by person.", "Homes with this plan lose: a report each week. What their people have made stays to be seen and removed."]);
    expect(planDoes({ name: "family", extras: ["people", "reports"], standard: false }, was, [plan("basic", [], true), was])).toEqual(["Nothing changes for any home."]);
  });
  it("says that the standard moves", () => {
    const was = plan("family", []);
    expect(planDoes({ name: "family", extras: [], standard: true }, was, [plan("basic", [], true), was])).toEqual(["Homes that were given no plan have it from now on, and no longer basic."]);
    expect(planDoes({ name: "Base", extras: [], standard: true }, plan("basic", [], true), [plan("basic", [], true), was])).toEqual(["Homes that were given no plan have this one.", "It is called Base, no longer basic."]);
  });
  it("says which goes last", () => {
    expect(removeDoes(plan("a", [], true), [plan("a", [], true)])).toContain("every home has everything again");
    expect(removeDoes(plan("a", [], true), [plan("a", [], true), plan("b", [])])).toContain("goes last");
    expect(removeDoes(plan("b", []), [plan("a", [], true), plan("b", [])])).toContain("only when no home has it");
  });
});

describe("a brand, before it is saved", () => {
  const was = { name: "North", accent: "#0b57d0", phone: "", support: "", hint_en: "", hint_de: "" };
  it("says what customers see otherwise, and when", () => {
    expect(brandDoes({ ...was, name: "", phone: "+49 30 1" }, was)).toEqual([
      "Name: North becomes none.", "Phone: none becomes +49 30 1.", "Without a name of its own, the name that you have here is shown.",
      "The residents' app shows it at once, gateways' own pages at their next look, messages from the next one on.",
    ]);
    expect(brandDoes(was, was)).toEqual(["Nothing changes."]);
  });
});
