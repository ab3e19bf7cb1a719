// Intelligence and policy: where lists come from, how they do, what is never blocked, and what a list would have touched before it goes out.
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { Ago, Empty, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import type { IconName } from "../../shared/parts/Icon";
import { Title } from "../../shared/router";
import { clip, clock, date } from "../../shared/text";

const marks: Record<string, { tone: Tone; icon: IconName; word?: string }> = {
  good: { tone: "good", icon: "check", word: "As it should be" }, new: { tone: "mute", icon: "spark", word: "Not asked yet" }, held: { tone: "work", icon: "hand", word: "Held back" }, failed: { tone: "need", icon: "alert", word: "Could not be read" },
};

export function Intel() {
  const sources = useQuery({ queryKey: ["intel", "sources"], queryFn: () => ok(api.GET("/v1/staff/intel/sources")), refetchInterval: 30_000 });
  const lists = useQuery({ queryKey: ["intel", "lists"], queryFn: () => ok(api.GET("/v1/staff/intel/lists")), refetchInterval: 30_000 });
  const never = useQuery({ queryKey: ["intel", "exceptions"], queryFn: () => ok(api.GET("/v1/staff/intel/exceptions")) });
  const l = lists.data;
  return (
    <>
      <Title>Intelligence and policy</Title>
      {lists.error && <Trouble error={lists.error} again={() => void lists.refetch()} />}
      {l && <p data-testid="lists">Lists in version {l.version}: {l.entries.toLocaleString()} entries{l.at && <>, published <Ago at={l.at} /></>}. {l.waits && "Something changed and goes out within minutes."} {l.failure && <>It could not go out yet: {clip(l.failure, 300)}</>}</p>}
      <section className="stack tight">
        <h2>Sources</h2>
        {sources.error && <Trouble error={sources.error} again={() => void sources.refetch()} />}
        {!sources.data && !sources.error && <Skeleton lines={4} />}
        {sources.data?.items.length === 0 && <Empty icon="shield">No source of lists is set up, so only what the gateways bring along is in force. Whoever runs this installation adds one with the command cardea admin intel source.</Empty>}
        {sources.data && sources.data.items.length > 0 && (
          <div className="scroll card" tabIndex={0} role="region" aria-label="Sources">
            <table data-testid="sources">
              <thead><tr><th scope="col">Source</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col" className="num">Trust</th><th scope="col" className="num">Entries</th><th scope="col" className="num">In force</th><th scope="col" className="num">Held back</th><th scope="col">Last good</th></tr></thead>
              <tbody>{sources.data.items.map((s) => {
                const m = marks[s.state] ?? { tone: "mute" as const, icon: "dot" as const };
                return <tr key={s.name}><td><bdi>{clip(s.name, 40)}</bdi><p className="small quiet"><bdi>{clip(s.place, 80)}</bdi></p></td><td>{s.kind}</td><td><State tone={m.tone} icon={m.icon}>{m.word ?? clip(s.state, 20)}</State>{s.state === "held" && <p className="small">What came ({s.held.toLocaleString()} entries) is so unlike what was that it waits for a yes. What was stays in force.</p>}{s.failure && <p className="small">{clip(s.failure, 200)}</p>}</td><td className="num">{s.trust}</td><td className="num">{s.entries.toLocaleString()}</td><td className="num">{s.in_force.toLocaleString()}</td><td className="num">{s.held.toLocaleString()}</td><td><Ago at={s.good} /></td></tr>;
              })}</tbody>
            </table>
          </div>
        )}
      </section>
      <DryRun />
      <section className="card stack tight"><h2>Never blocked</h2>
        {never.error && <Trouble error={never.error} again={() => void never.refetch()} />}
        {!never.data && !never.error && <Skeleton lines={2} />}
        {never.data?.items.length === 0 && <p className="quiet">Nobody made an exception by hand. What must never be blocked, as the provider's own names, is left out of all lists without one.</p>}
        <ul className="notes">{never.data?.items.slice(0, 100).map((x) => <li key={x.value}><bdi>{clip(x.value, 100)}</bdi> <span className="small quiet">{clip(x.why, 200)}, {clip(x.who, 60)}, {clock(x.made)}</span></li>)}</ul>
      </section>
    </>
  );
}

function DryRun() {
  const run = useMutation({ mutationFn: (body: { list: string; class: "malware"; reason: string }) => ok(api.POST("/v1/staff/intel/dry-run", { body })) });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    run.mutate({ list: String(f.get("list")), class: String(f.get("class")) as "malware", reason: String(f.get("reason")).trim() });
  };
  const d = run.data;
  return (
    <section className="card stack tight" aria-labelledby="dry">
      <h2 id="dry">What would a list have touched?</h2>
      <form onSubmit={submit}>
        <Textarea name="list" label="The list, one entry a line" required rows={4} maxLength={49_000} data-testid="dry-list" />
        <div className="filters"><NativeSelect name="class" label="Class" data={["malware", "phishing", "tracking", "bypass"]} /><TextInput name="reason" label="Why" required minLength={3} maxLength={300} /><button className="plain" disabled={run.isPending} data-testid="dry-run">Try it</button></div>
      </form>
      {run.error && <Trouble error={run.error} />}
      {d && (
        <div data-testid="dry-result" role="status" className="stack tight">
          <p>{d.looked_for.toLocaleString()} of {d.entries.toLocaleString()} entries were looked for. It would have touched: {clip(d.homes.words, 60)}{d.devices > 0 && `, ${d.devices.toLocaleString()} devices`}.</p>
          <ul className="notes">{d.days.slice(-30).reverse().map((x) => <li key={x.day}>{date(x.day)}: {clip(x.homes.words, 60)}</li>)}</ul>
          {d.cut && <p className="small quiet">Days are counted from some of these homes only, because there are so many.</p>}
          {d.alike && <p className="small quiet" data-testid="dry-alike">Some numbers are those of a list tried before, which touched nearly the same homes: few homes are not told by the difference of two lists.</p>}
          {d.names.length > 0 && <p>Left out, because it must never be blocked: {d.names.slice(0, 10).map((n) => clip(n, 80)).join(", ")}.</p>}
          {d.uses.length > 0 && <p>Healthy devices use: {d.uses.slice(0, 10).map((u) => `${clip(u.value, 60)} (${clip(u.model, 40)})`).join(", ")}.</p>}
        </div>
      )}
    </section>
  );
}
