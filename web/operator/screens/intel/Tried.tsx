// Tried is what a list, or an entry, would have touched in the past week, as it is shown before anything is decided.
import { useMutation } from "@tanstack/react-query";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { clip, date } from "../../../shared/text";

type Dry = components["schemas"]["DryRun"];

// useTry asks what a list or a source would have touched. It is written down with the reason.
export const useTry = () => useMutation({ mutationFn: (body: components["schemas"]["NewDryRun"]) => ok(api.POST("/v1/staff/intel/dry-run", { body })) });

export function Tried({ of: d, testid = "dry-result" }: { of: Dry; testid?: string }) {
  return (
    <div data-testid={testid} role="status" className="stack tight">
      <p>{d.looked_for.toLocaleString()} of {d.entries.toLocaleString()} entries were looked for. It would have touched: {clip(d.homes.words, 60)}{d.devices > 0 && `, ${d.devices.toLocaleString()} devices`}.</p>
      <ul className="notes">{d.days.slice(-30).reverse().map((x) => <li key={x.day}>{date(x.day)}: {clip(x.homes.words, 60)}</li>)}</ul>
      {d.cut && <p className="small quiet">Days are counted from some of these homes only, because there are so many.</p>}
      {d.alike && <p className="small quiet" data-testid="dry-alike">Some numbers are those of a list tried before, which touched nearly the same homes: few homes are not told by the difference of two lists.</p>}
      {d.names.length > 0 && <p>Left out, because it must never be blocked: {d.names.slice(0, 10).map((n) => clip(n, 80)).join(", ")}.</p>}
      {d.uses.length > 0 && <p>Healthy devices use: {d.uses.slice(0, 10).map((u) => `${clip(u.value, 60)} (${clip(u.model, 40)})`).join(", ")}.</p>}
    </div>
  );
}
