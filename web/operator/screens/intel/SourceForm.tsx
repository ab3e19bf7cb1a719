// SourceForm writes a source of the web: what it is, then what will happen, then it is put.
import { NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";
import { sourceDoes } from "./says";

type Source = components["schemas"]["IntelSource"];
type New = components["schemas"]["NewIntelSource"];

const classes = [{ value: "", label: "As it says, else malware" }, ...["malware", "phishing", "tracking", "bypass", "adult"].map((c) => ({ value: c, label: c }))];
const formats = [{ value: "", label: "Found out" }, ...["plain", "hosts", "adblock", "dnsmasq", "unbound", "rpz", "csv", "stix"].map((f) => ({ value: f, label: f }))];

function read(f: FormData): New {
  const text = (k: string) => String(f.get(k) ?? "").trim();
  return {
    name: text("name"), kind: text("kind") === "taxii" ? "taxii" : "http", url: text("url"), format: text("format"), class: (text("class") || undefined) as New["class"], family: text("family"),
    trust: Number(f.get("trust")), every_minutes: Number(f.get("every")), life_hours: Number(f.get("life")) * 24, exact: f.get("exact") !== null, secret: text("secret"), reason: text("reason"),
  };
}

export function SourceForm({ was, names, close }: { was: Source | null; names: string[]; close: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<New | null>(null);
  const put = useMutation({
    mutationFn: (body: New) => ok(api.PUT("/v1/staff/intel/sources", { body })),
    onSuccess: close,
    onSettled: () => client.invalidateQueries({ queryKey: ["intel"] }),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    put.reset();
    setDraft(read(new FormData(e.currentTarget)));
  };
  const changes = was !== null || draft !== null && names.includes(draft.name);
  const title = was ? `Change ${clip(was.name, 40)}` : "Add a source of the web";
  return (
    <section className="card stack tight" aria-labelledby="source-form">
      <h3 id="source-form">{title}</h3>
      <form onSubmit={submit} data-testid="source-form">
        <div className="filters">
          <TextInput name="name" label="Name (small letters, digits, hyphens)" required maxLength={40} pattern="[a-z0-9][a-z0-9\-]*" defaultValue={was?.name} readOnly={was !== null} autoComplete="off" data-testid="source-name" />
          <NativeSelect name="kind" label="Kind" defaultValue={was?.kind === "taxii" ? "taxii" : "http"} data={[{ value: "http", label: "A list of the web" }, { value: "taxii", label: "A TAXII 2.1 collection" }]} data-testid="source-kind" />
          <TextInput name="url" label="Address (https)" type="url" required minLength={8} maxLength={2000} defaultValue={was?.place} autoComplete="off" data-testid="source-url" />
          <NumberInput name="trust" label="Trust, 0 to 100 (0: try it first)" required min={0} max={100} allowDecimal={false} defaultValue={was?.trust ?? 0} data-testid="source-trust" />
          <NativeSelect name="class" label="Class" defaultValue={was?.class} data={classes} />
          <TextInput name="family" label="Family of malware, if of one" maxLength={60} defaultValue={was?.family} autoComplete="off" />
        </div>
        <details>
          <summary>More</summary>
          <div className="filters">
            <NativeSelect name="format" label="Form" defaultValue={was?.format} data={formats} />
            <NumberInput name="every" label="Asked every (minutes)" required min={1} max={10_080} allowDecimal={false} defaultValue={was?.every_minutes ?? 5} />
            <NumberInput name="life" label="Kept without being named again (days)" required min={1} max={400} defaultValue={was ? was.life_hours / 24 : 30} />
            <TextInput name="secret" label="Secret (name of a file on the server)" maxLength={40} defaultValue={was?.secret} autoComplete="off" />
            <label className="check"><input type="checkbox" name="exact" defaultChecked={was?.exact} /><span>A name means that name alone, not what is below it</span></label>
          </div>
        </details>
        <TextInput name="reason" label="Why" required minLength={3} maxLength={300} autoComplete="off" data-testid="source-reason" />
        {put.error && <Trouble error={put.error} />}
        <div className="row"><button disabled={put.isPending} data-testid="source-preview">What will happen?</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
      <Dialog title={title} open={draft !== null} close={() => setDraft(null)}>
        {draft && changes && !was && <p>There is a source of this name already: it becomes this one.</p>}
        {draft && <ul className="stack tight" data-testid="source-does">{sourceDoes(draft, changes).map((s) => <li key={s}>{s}</li>)}</ul>}
        <div className="row">
          <button onClick={() => {
            if (draft) put.mutate(draft);
            setDraft(null);
          }} data-testid="source-put">{changes ? "Change it" : "Add it"}</button>
          <button className="plain" onClick={() => setDraft(null)}>Back</button>
        </div>
      </Dialog>
    </section>
  );
}
