// Notifications: by which way this person is told what, when not, and what became of what was sent.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok, tagged } from "../../shared/client";
import { languages, t, type Key } from "../../shared/i18n";
import { Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Title } from "../../shared/router";
import { Deliveries } from "../notify/Deliveries";
import { Phone } from "../notify/Phone";
import { here, subscribe, unsubscribe, type Here } from "../notify/push";
import { can, isLast, levels, shown, type Channel } from "../notify/ways";
import "../settings.css";

type Settings = components["schemas"]["Notifications"];
type Patch = components["schemas"]["NotificationsPatch"];
interface Part { settings: Settings; busy: boolean; put: (body: Patch) => void }

export function Notifications() {
  const client = useQueryClient();
  const settings = useQuery({ queryKey: ["notifications"], queryFn: () => tagged(api.GET("/v1/notifications")) });
  const change = useMutation({
    mutationFn: (body: Patch) => ok(api.PATCH("/v1/notifications", { params: { header: settings.data?.etag ? { "If-Match": settings.data.etag } : {} }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ["notifications"] }),
  });
  const s = settings.data?.data;
  const part = s && { settings: s, busy: change.isPending, put: change.mutate };
  return (
    <>
      <Title>{t("nav.notifications")}</Title>
      <p className="quiet">{t("notify.text")}</p>
      {!part && (settings.error ? <Trouble error={settings.error} again={() => void settings.refetch()} /> : <Skeleton lines={4} tall={120} />)}
      {change.error && <Trouble error={change.error} />}
      {part && <Ways {...part} />}
      {part && <ThisBrowser />}
      {part && <Phone phone={part.settings.phone} />}
      {part && <QuietHours key={part.settings.version} {...part} />}
      {part && <Language {...part} />}
      {part && <Test />}
      <Deliveries />
    </>
  );
}

function Ways({ settings: s, busy, put }: Part) {
  const channels = shown(s.channels);
  return (
    <section className="card stack tight" aria-labelledby="ways">
      <h2 id="ways">{t("ways.title")}</h2>
      <table className="ways" data-testid="ways" aria-labelledby="ways">
        <thead><tr><th scope="col"><span className="hidden">{t("ways.what")}</span></th>{channels.map((c) => <th key={c.way} scope="col">{t(`way.${c.way}`)}</th>)}</tr></thead>
        <tbody>
          {levels.map((l) => (
            <tr key={l}>
              <th scope="row">{t(`level.${l}`)}</th>
              {channels.map((c) => <td key={c.way}>{can(c.way, l) ? <Box channel={c} level={l} all={s.channels} busy={busy} put={put} /> : <span className="none"><span aria-hidden="true">·</span><span className="hidden">{t("ways.never")}</span></span>}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
      <ul className="small quiet stack tight">
        {levels.map((l) => <li key={l}><strong>{t(`level.${l}`)}</strong>: {t(`level.${l}.text`)}</li>)}
        <li>{t("ways.one")}</li>
        {channels.some((c) => !c.available) && <li>{t("ways.nowhere", { ways: channels.filter((c) => !c.available).map((c) => t(`way.${c.way}`)).join(", ") })}</li>}
      </ul>
    </section>
  );
}

function Box({ channel: c, level, all, busy, put }: { channel: Channel; level: (typeof levels)[number]; all: Channel[]; busy: boolean; put: Part["put"] }) {
  const last = isLast(all, c.way, level);
  return (
    <label>
      <span className="hidden">{t("ways.box", { level: t(`level.${level}`), way: t(`way.${c.way}`) })}</span>
      <input type="checkbox" checked={c[level]} disabled={busy || last} title={last ? t("ways.one") : undefined} onChange={(e) => put({ channels: [{ way: c.way, [level]: e.target.checked }] })} data-testid={`way-${c.way}-${level}`} />
    </label>
  );
}

function QuietHours({ settings: s, busy, put }: Part) {
  const [from, setFrom] = useState(s.quiet?.from ?? "22:00");
  const [to, setTo] = useState(s.quiet?.to ?? "07:00");
  return (
    <section className="card stack tight" data-testid="quiet" data-on={s.quiet !== null}>
      <h2>{t("quiet.title")}</h2>
      <p>{t("quiet.text")}</p>
      <form onSubmit={(e) => {
        e.preventDefault();
        put({ quiet: { from, to } });
      }}>
        <div className="row two">
          <label><span>{t("quiet.from")}</span><input type="time" required value={from} onChange={(e) => setFrom(e.target.value)} data-testid="quiet-from" /></label>
          <label><span>{t("quiet.to")}</span><input type="time" required value={to} onChange={(e) => setTo(e.target.value)} data-testid="quiet-to" /></label>
        </div>
        <div className="row">
          <button className="plain" disabled={busy || from === to || (s.quiet?.from === from && s.quiet.to === to)} data-testid="quiet-set">{t(s.quiet ? "quiet.change" : "quiet.on")}</button>
          {s.quiet && <button type="button" className="plain" disabled={busy} onClick={() => put({ no_quiet: true })} data-testid="quiet-off">{t("quiet.off")}</button>}
        </div>
      </form>
    </section>
  );
}

function Language({ settings: s, busy, put }: Part) {
  return (
    <label className="card">
      <span>{t("notify.language")}</span>
      <select value={s.language} disabled={busy} onChange={(e) => put({ language: e.target.value as NonNullable<Patch["language"]> })} data-testid="notify-language">
        <option value="">{t("notify.language.usual")}</option>
        {Object.entries(languages).map(([k, v]) => <option key={k} value={k} lang={k}>{v}</option>)}
      </select>
    </label>
  );
}

function Test() {
  const client = useQueryClient();
  const test = useMutation({ mutationFn: () => ok(api.POST("/v1/notifications/test", { body: {} })), onSettled: () => client.invalidateQueries({ queryKey: ["deliveries"] }) });
  return (
    <section className="card stack tight">
      <h2>{t("test.title")}</h2>
      <p>{t("test.text")}</p>
      {test.error && <Trouble error={test.error} />}
      {test.isSuccess && <p role="status" data-testid="test-sent"><Icon name="check" size={18} /> {t("test.sent")}</p>}
      <div><button className="plain" disabled={test.isPending} onClick={() => test.mutate()} data-testid="test">{t("test.button")}</button></div>
    </section>
  );
}

const texts: Record<Here, Key> = { unsupported: "push.unsupported", denied: "push.denied", on: "push.on", off: "push.off" };

function ThisBrowser() {
  const client = useQueryClient();
  const state = useQuery({ queryKey: ["push-here"], queryFn: here });
  const turn = useMutation({
    mutationFn: () => (state.data === "on" ? unsubscribe() : subscribe()),
    onSettled: () => {
      for (const part of ["push-here", "notifications"]) void client.invalidateQueries({ queryKey: [part] });
    },
  });
  if (!state.data) return null;
  return (
    <section className="card stack tight" data-testid="push-here" data-state={state.data}>
      <h2>{t("push.here")}</h2>
      <p>{t(texts[state.data])}</p>
      {turn.error && <p role="alert">{t("push.failed")}</p>}
      {(state.data === "on" || state.data === "off") && (
        <div><button className="plain" disabled={turn.isPending} onClick={() => turn.mutate()} data-testid="push-toggle">{t(state.data === "on" ? "push.turn-off" : "push.turn-on")}</button></div>
      )}
    </section>
  );
}
