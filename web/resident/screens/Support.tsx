// Support: letting staff see live traffic for a while. The resident's own key signs it; the gateway checks and logs it.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { base64, consentText, hex, keyFor, keyText, point, type Signer } from "../../shared/consent";
import { t, type Key as Word } from "../../shared/i18n";
import type { Session } from "../../shared/model";
import { Empty, Skeleton, State, Trouble, useNow } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Title } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { useConsents, useHome, useHomeID, useKeys, useSession } from "../data";

const spans: { hours: number; word: Word }[] = [
  { hours: 1, word: "support.hour" },
  { hours: 4, word: "support.hours" },
  { hours: 24, word: "support.day" },
];

// tenantOf is the provider's id: what is signed names it, so that a consent for one provider is none for another.
const tenantOf = (s: Session & { provider: { id?: string } }) => s.provider.id ?? "";

export function Support() {
  const session = useSession().data;
  const home = useHomeID();
  const mine = useQuery({
    queryKey: ["key", home],
    queryFn: () => keyFor(home, session?.person.id ?? ""),
    enabled: !!session,
    staleTime: Infinity,
  });
  const keys = useKeys();
  const error = mine.error ?? keys.error;
  const known = keys.data && mine.data && keys.data.items.some((k) => k.id === mine.data.id);
  return (
    <>
      <Title>{t("nav.support")}</Title>
      <p>{t("support.text")}</p>
      {error && <Trouble error={error} />}
      {!error && (!mine.data || !keys.data) && <Skeleton lines={3} />}
      {session && mine.data && keys.data && (
        known || keys.data.items.length === 0 ? <Give session={session} signer={mine.data} introduce={!known} /> : <Stranger signer={mine.data} />
      )}
      <Given />
      {session && mine.data && known && <Another session={session} signer={mine.data} />}
    </>
  );
}

function Give({ session, signer, introduce }: { session: Session; signer: Signer; introduce: boolean }) {
  const home = useHomeID();
  const client = useQueryClient();
  const gateway = useHome().data?.gateway?.id;
  const [hours, setHours] = useState(1);
  const give = useMutation({
    mutationFn: async () => {
      const params = { path: { home } };
      if (introduce) await ok(api.POST("/v1/homes/{home}/keys", { params, body: { key: base64(signer.key) } }));
      const from = Date.now();
      const until = from + hours * 3_600_000;
      const c = { id: crypto.randomUUID(), tenant: tenantOf(session), home, gateway: gateway ?? "", scope: "contacts" as const, from, until };
      const signature = await signer.sign(consentText(c));
      const body = {
        id: c.id, scope: c.scope, from: new Date(from).toISOString(), until: new Date(until).toISOString(), key: signer.id, signature: base64(signature),
      };
      await ok(api.POST("/v1/homes/{home}/consents", { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: [home] }),
  });
  return (
    <section className="card stack">
      <h2>{t("support.give")}</h2>
      <label>
        <span>{t("support.long")}</span>
        <select value={hours} onChange={(e) => setHours(Number(e.target.value))}>
          {spans.map((s) => <option key={s.hours} value={s.hours}>{t(s.word)}</option>)}
        </select>
      </label>
      {!gateway && <p className="quiet">{t("support.no-gateway")}</p>}
      {give.error && <Trouble error={give.error} />}
      <div><button disabled={!gateway || give.isPending} onClick={() => give.mutate()} data-testid="give-consent"><Icon name="key" />{t("support.button")}</button></div>
      <p className="small quiet">{t("support.signed")}</p>
    </section>
  );
}

function Given() {
  const home = useHomeID();
  const client = useQueryClient();
  const list = useConsents();
  const now = useNow();
  const end = useMutation({
    mutationFn: (id: string) => ok(api.DELETE("/v1/homes/{home}/consents/{consent}", { params: { path: { home, consent: id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: [home, "consents"] }),
  });
  const items = list.data?.items ?? [];
  return (
    <section className="stack tight">
      <h2>{t("support.given")}</h2>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {end.error && <Trouble error={end.error} />}
      {list.data && items.length === 0 && <Empty icon="lock">{t("support.none")}</Empty>}
      <ul className="stack tight" data-testid="consents">
        {items.slice(0, 50).map((c) => {
          const holds = !c.revoked && Date.parse(c.from) <= now + 60_000 && now < Date.parse(c.until);
          return (
            <li key={c.id} className="card between">
              <div>
                {holds ? <State tone="work" icon="eye">{t("support.holds")}</State> : <State tone="mute" icon="lock">{t(c.revoked ? "support.revoked" : "support.over")}</State>}
                <p className="small quiet">{t("support.until", { time: clock(c.until) })}</p>
              </div>
              {holds && <button className="plain" disabled={end.isPending} onClick={() => end.mutate(c.id)} data-testid="end-consent">{t("support.end")}</button>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

// Stranger: the gateway takes a further key only when one that it knows has signed it. That one is in another browser.
function Stranger({ signer }: { signer: Signer }) {
  return (
    <section className="card stack">
      <h2>{t("support.stranger")}</h2>
      <p>{t("support.stranger.text")}</p>
      <pre data-testid="my-key">{hex(signer.key)}</pre>
    </section>
  );
}

function Another({ session, signer }: { session: Session; signer: Signer }) {
  const home = useHomeID();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const key = point(text);
  const add = useMutation({
    mutationFn: async (k: Uint8Array) => {
      const signature = await signer.sign(keyText(tenantOf(session), home, k));
      const body = { key: base64(k), signer: signer.id, signature: base64(signature) };
      await ok(api.POST("/v1/homes/{home}/keys", { params: { path: { home } }, body }));
    },
    onSuccess: () => {
      setText("");
      void client.invalidateQueries({ queryKey: [home, "keys"] });
    },
  });
  return (
    <details>
      <summary><Icon name="down" size={18} />{t("support.another")}</summary>
      <form className="card" onSubmit={(e) => {
        e.preventDefault();
        if (key) add.mutate(key);
      }}>
        <label><span>{t("support.another.text")}</span><textarea rows={4} value={text} onChange={(e) => setText(clip(e.target.value, 400))} /></label>
        {add.error && <Trouble error={add.error} />}
        {add.isSuccess && <p role="status">{t("support.another.done")}</p>}
        <div><button className="plain" disabled={!key || add.isPending}>{t("support.another.button")}</button></div>
      </form>
    </details>
  );
}
