// People, tokens, integrations: who of staff may do what, what waits for a second person, and which systems come in or are told. Whoever
// may not manage staff is shown the rights and what they can decide; the server says who that is.
import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { Skeleton, Trouble } from "../../shared/parts/Bits";
import { Title, useParams } from "../../shared/router";
import { useMay, WhoMay } from "../may";
import { go } from "../parts/DataTable";
import { Approvals } from "./people/Approvals";
import { Rights } from "./people/Rights";
import { Staff } from "./people/Staff";
import { Tokens } from "./people/Tokens";
import { Webhooks } from "./people/Webhooks";

export function People() {
  const params = useParams();
  const manages = useMay("staff.manage");
  const staff = useQuery({ queryKey: ["staff", "people"], queryFn: () => ok(api.GET("/v1/staff/people")), enabled: manages });
  const data = [{ value: "approvals", label: "Waiting" }, { value: "ended", label: "Decided" }, ...(manages ? [{ value: "people", label: "People" }] : []), { value: "rights", label: "Rights" },
    ...(manages ? [{ value: "tokens", label: "Tokens" }, { value: "webhooks", label: "Webhooks" }] : [])];
  const asked = params.get("view") ?? "";
  const view = data.some((d) => d.value === asked) ? asked : manages ? "people" : "approvals";
  return (
    <>
      <Title>People, tokens, integrations</Title>
      {staff.error && <Trouble error={staff.error} again={() => void staff.refetch()} />}
      <div className="row"><SegmentedControl size="sm" aria-label="What to show" value={view} onChange={(v) => go(params, { view: v, cursor: "" })} data={data} /></div>
      {(view === "approvals" || view === "ended") && <Approvals key={view} state={view === "ended" ? "ended" : "open"} />}
      {view === "people" && !staff.data && !staff.error && <Skeleton lines={6} />}
      {view === "people" && staff.data && <Staff list={staff.data.items} />}
      {view === "rights" && <Rights />}
      {view === "tokens" && <Tokens />}
      {view === "webhooks" && <Webhooks />}
      {!manages && <WhoMay right="staff.manage" what="People, tokens and webhooks:" />}
    </>
  );
}
