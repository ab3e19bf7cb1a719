// Intelligence and policy: where lists come from, how they do, what is never blocked, and what a list would have touched before it goes out.
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { Ago, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { Exceptions } from "./intel/Exceptions";
import { Sources } from "./intel/Sources";
import { Tried, useTry } from "./intel/Tried";

export function Intel() {
  const lists = useQuery({ queryKey: ["intel", "lists"], queryFn: () => ok(api.GET("/v1/staff/intel/lists")), refetchInterval: 30_000 });
  const l = lists.data;
  return (
    <>
      <div className="between"><Title>Intelligence and policy</Title><Link to="/hunts" className="button plain">Hunts</Link></div>
      {lists.error && <Trouble error={lists.error} again={() => void lists.refetch()} />}
      {!l && !lists.error && <Skeleton lines={1} />}
      {l && <p data-testid="lists">Lists in version {l.version}: {l.entries.toLocaleString()} entries{l.at && <>, published <Ago at={l.at} /></>}. {l.waits && "Something changed and goes out within minutes."} {l.failure && <>It could not go out yet: {clip(l.failure, 300)}</>}</p>}
      {l && !l.steers && <p className="quiet" role="note" data-testid="not-yours">Several providers share this installation. Its sources and exceptions are changed by the provider that operates it, or on the server itself.</p>}
      <Sources steers={l?.steers ?? false} />
      <DryRun />
      <Exceptions steers={l?.steers ?? false} />
    </>
  );
}

function DryRun() {
  const run = useTry();
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    run.mutate({ list: String(f.get("list")), class: String(f.get("class")) as "malware", reason: String(f.get("reason")).trim() });
  };
  return (
    <section className="card stack tight" aria-labelledby="dry">
      <h2 id="dry">What would a list have touched?</h2>
      <form onSubmit={submit}>
        <Textarea name="list" label="The list, one entry a line" required rows={4} maxLength={49_000} data-testid="dry-list" />
        <div className="filters"><NativeSelect name="class" label="Class" data={["malware", "phishing", "tracking", "bypass"]} /><TextInput name="reason" label="Why" required minLength={3} maxLength={300} /><button className="plain" disabled={run.isPending} data-testid="dry-run">Try it</button></div>
      </form>
      {run.error && <Trouble error={run.error} />}
      {run.data && <Tried of={run.data} />}
    </section>
  );
}
