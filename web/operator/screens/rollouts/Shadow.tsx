// What versions that homes only try would have done, by model, and for who sees intelligence by entry.
import { useQuery } from "@tanstack/react-query";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Ago, Empty, Skeleton, Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";
import { bundleWords, counted, differs, protectionWord, takenFor, triedWord } from "./says";

type Shadowed = components["schemas"]["Shadowed"];
type Tried = components["schemas"]["RolloutTried"];

// useShadows asks for what is kept of all of them.
const useShadows = (enabled: boolean) => useQuery({ queryKey: ["intel", "shadow"], queryFn: () => ok(api.GET("/v1/staff/intel/shadow")), enabled });

const number = (n: number) => (n > 0 ? n.toLocaleString() : "not told");

// Shadows are all versions that are tried, on the page of all rollouts.
export function Shadows() {
  const list = useShadows(true);
  return (
    <section className="stack tight" aria-labelledby="shadows">
      <h2 id="shadows">What versions that are only tried would have done</h2>
      <p className="small quiet">In your homes, while they judge without acting. Figures of fewer than 20 homes are not told.</p>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={3} />}
      {list.data?.items.length === 0 && <Empty icon="eye">No version was tried in the last 90 days, or none would have stopped or changed anything. To try one, start it with hours in which homes only try it.</Empty>}
      {list.data?.items.map((s) => <One key={s.bundle + s.version} of={s} />)}
    </section>
  );
}

function One({ of: s }: { of: Shadowed }) {
  return (
    <section className="card stack tight" data-testid="shadow" data-bundle={s.bundle}>
      <h3>{bundleWords[s.bundle] ?? clip(s.bundle, 20)}, version {s.version}</h3>
      <p>{s.count > 0 && `${s.count.toLocaleString()} ${counted(s.bundle)} in `}{clip(s.homes.words, 60)}, the last <Ago at={s.last} />.</p>
      {s.bundle === "models" ? <Changes of={s.changes} label={`Changes, version ${s.version}`} /> : <div className="cols">
        {s.models.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-label={`By model, version ${s.version}`}>
            <table data-testid="shadow-models"><thead><tr><th scope="col">Model</th><th scope="col">Homes</th><th scope="col" className="num">Contacts</th></tr></thead>
              <tbody>{s.models.slice(0, 30).map((m) => <tr key={m.model}><td className="wide"><bdi>{clip(m.model, 80) || "Not known"}</bdi></td><td>{clip(m.homes.words, 40)}</td><td className="num">{number(m.count)}</td></tr>)}</tbody></table>
          </div>
        )}
        <What of={s} />
      </div>}
    </section>
  );
}

// Changes are for what models that are tried would take devices: how many, never which.
function Changes({ of, label }: { of: Tried[]; label: string }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table data-testid="shadow-changes"><thead><tr><th scope="col">Taken for</th><th scope="col">Would be taken for</th><th scope="col">What</th><th scope="col">Protected</th><th scope="col">Homes</th><th scope="col" className="num">Devices</th></tr></thead>
        <tbody>{of.slice(0, 100).map((t) => (
          <tr key={[t.what, t.model, t.class, t.to, t.to_class].join("\n")} data-what={t.what}>
            {t.what === "same" ? <td className="wide" colSpan={2}>Devices of all models</td> : <><td className="wide"><bdi>{clip(takenFor(t.model, t.class), 90)}</bdi></td><td className="wide"><bdi>{clip(takenFor(t.to, t.to_class), 90)}</bdi></td></>}
            <td>{triedWord(t.what)}</td><td>{protectionWord(t.protection)}</td><td>{clip(t.homes.words, 40)}</td><td className="num">{number(t.count)}</td>
          </tr>
        ))}</tbody></table>
    </div>
  );
}

// What is told by entry of lists; profiles tell in what they differ.
function What({ of: s }: { of: Shadowed }) {
  if (s.what.length === 0) return null;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`By entry, version ${s.version}`}>
      <table data-testid="shadow-what"><thead><tr><th scope="col">{differs(s.bundle) ? "What" : "Entry"}</th><th scope="col">Homes</th><th scope="col" className="num">Contacts</th></tr></thead>
        <tbody>{s.what.slice(0, 30).map((w) => <tr key={w.what}><td className="wide"><bdi>{differs(s.bundle) ? triedWord(w.what) : clip(w.what, 80)}</bdi></td><td>{clip(w.homes.words, 40)}</td><td className="num">{number(w.count)}</td></tr>)}</tbody></table>
    </div>
  );
}

// ByModel is what one rollout's version would have done, on its own page.
export function ByModel({ tried, bundle, version, entries }: { tried: Tried[]; bundle: string; version: number; entries: boolean }) {
  const s = useShadows(entries).data?.items.find((x) => x.bundle === bundle && x.version === version);
  if (tried.length === 0) return null;
  return (
    <section className="card stack tight" data-testid="tried">
      <h2>What it would have done while homes only tried it</h2>
      <p className="small quiet">In your homes. Figures of fewer than 20 homes are not told.</p>
      {bundle === "models" ? <Changes of={tried} label="By model" /> : <div className="cols">
        <div className="scroll" tabIndex={0} role="region" aria-label="By model">
          <table><thead><tr><th scope="col">Model</th><th scope="col">What</th><th scope="col">Homes</th><th scope="col" className="num">Contacts</th></tr></thead>
            <tbody>{tried.slice(0, 100).map((t) => <tr key={t.model + t.what}><td className="wide"><bdi>{clip(t.model, 80) || "Not known"}</bdi></td><td>{triedWord(t.what)}</td><td>{clip(t.homes.words, 40)}</td><td className="num">{number(t.count)}</td></tr>)}</tbody></table>
        </div>
        {s && !differs(s.bundle) && <What of={s} />}
      </div>}
    </section>
  );
}
