// The brand: name, colour, phone, support page and a sentence, as customers see them, on light and on dark pages.
import { TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Skeleton, Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";
import { useSession } from "../../may";
import { Faulty } from "./Faulty";
import { brandDoes } from "./says";

type Brand = components["schemas"]["Brand"];
type New = components["schemas"]["NewBrand"];
type Shade = components["schemas"]["Shade"];

export function BrandPart({ may }: { may: boolean }) {
  const brand = useQuery({ queryKey: ["brand"], queryFn: () => ok(api.GET("/v1/staff/brand")) });
  const b = brand.data;
  return (
    <section className="stack tight" aria-labelledby="brand">
      <h2 id="brand">How your customers see you</h2>
      {brand.error && <Trouble error={brand.error} again={() => void brand.refetch()} />}
      {!b && !brand.error && <Skeleton lines={4} />}
      {b && <div className="cols"><Sample brand={b} shade={b.light} word="On light pages" face="#ffffff" ink="#15201c" /><Sample brand={b} shade={b.dark} word="On dark pages" face="#161e1b" ink="#e8eeeb" /></div>}
      {b && may && <Form key={JSON.stringify(b)} was={b} />}
    </section>
  );
}

// Sample is the provider's part of a resident's page, in the colours of that page.
function Sample({ brand: b, shade, word, face, ink }: { brand: Brand; shade: Shade; word: string; face: string; ink: string }) {
  const here = useSession().data?.provider.name ?? "";
  const hint = [["en", b.hint_en], ["de", b.hint_de]].filter(([, s]) => s);
  const accent = shade.accent || ink;
  return (
    <figure className="stack tight" data-testid="brand-sample">
      <figcaption className="small quiet">{word}{!b.accent && ": no colour of your own"}</figcaption>
      <div className="card stack tight" style={{ background: face, color: ink }}>
        <p style={{ color: accent }}><strong><bdi>{clip(b.name || here, 60)}</bdi></strong></p>
        {hint.map(([lang, s]) => <p key={lang} lang={lang}>{clip(s ?? "", 200)}</p>)}
        <p>{clip(b.phone, 30) || "No phone number"}</p>
        <p>{b.support ? clip(b.support, 200) : "No support page"}</p>
        {b.accent && <p><span className="button" style={{ background: accent, color: shade.on, borderColor: accent }}>A button</span></p>}
      </div>
    </figure>
  );
}

function Form({ was }: { was: Brand }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<New | null>(null);
  const save = useMutation({
    mutationFn: (body: New) => ok(api.PUT("/v1/staff/brand", { body })),
    onSuccess: (b) => client.setQueryData(["brand"], b),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const text = (k: string) => String(f.get(k)).trim();
    save.reset();
    setDraft({ name: text("name"), accent: text("accent").toLowerCase(), phone: text("phone"), support: text("support"), hint_en: text("hint_en"), hint_de: text("hint_de") });
  };
  return (
    <form className="card stack tight" onSubmit={submit} aria-label="How your customers see you">
      <div className="filters">
        <TextInput name="name" label="Name, as customers know it" maxLength={60} defaultValue={was.name} autoComplete="off" data-testid="brand-name" />
        <TextInput name="accent" label="Colour (#rrggbb)" maxLength={7} pattern="#[0-9a-fA-F]{6}" placeholder="#0b57d0" defaultValue={was.accent} autoComplete="off" data-testid="brand-accent" />
        <TextInput name="phone" label="Phone number" maxLength={30} defaultValue={was.phone} autoComplete="off" data-testid="brand-phone" />
        <TextInput name="support" label="Support page (https)" type="url" maxLength={200} defaultValue={was.support} autoComplete="off" />
      </div>
      <TextInput name="hint_en" label="One sentence of your own, in English" maxLength={200} defaultValue={was.hint_en} autoComplete="off" />
      <TextInput name="hint_de" label="The same in German" lang="de" maxLength={200} defaultValue={was.hint_de} autoComplete="off" />
      {save.error && <Faulty error={save.error} />}
      <div className="row"><button disabled={save.isPending} data-testid="brand-preview">What will change?</button></div>
      <Dialog title="How your customers see you" open={draft !== null} close={() => setDraft(null)}>
        {draft && <ul className="stack tight" data-testid="brand-does">{brandDoes(draft, was).map((s) => <li key={s}>{s}</li>)}</ul>}
        <div className="row">
          <button type="button" onClick={() => {
            if (draft) save.mutate(draft);
            setDraft(null);
          }} data-testid="brand-save">Save it</button>
          <button type="button" className="plain" onClick={() => setDraft(null)}>Back</button>
        </div>
      </Dialog>
    </form>
  );
}
