// Times of the week without internet, as bedtimes: in the home's own time, done by the gateway also while the cloud is away.
import { useState } from "react";
import { locale, t } from "../../shared/i18n";
import { Dialog, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { clip, isolate } from "../../shared/text";
import { useDevices, useOwns } from "../data";
import { everybody, removeSchedule, saveSchedule, useChange, useSchedules, useZone, type NewSchedule, type Person, type Schedule } from "./data";
import { dayName, days, daysSaid, hour } from "./when";

export function Schedules({ people, rests }: { people: Person[]; rests: boolean }) {
  const schedules = useSchedules();
  const owns = useOwns() && !rests;
  const zone = useZone();
  const [edited, edit] = useState<Schedule | "new" | null>(null);
  const list = schedules.data?.items;
  if (rests && !list?.length) return null;
  return (
    <section className="stack tight" aria-labelledby="bedtimes">
      <h2 id="bedtimes">{t("times.title")}</h2>
      <p className="quiet small">{t("times.text")}{zone && ` ${t("times.zone", { zone: clip(zone, 60) })}`}</p>
      {!list && (schedules.error ? <Trouble error={schedules.error} again={() => void schedules.refetch()} /> : <Skeleton lines={2} />)}
      {list?.length === 0 && !rests && <Empty icon="clock">{t("times.none")}</Empty>}
      <ul className="stack tight" data-testid="schedules">{list?.map((s) => <Row key={s.id} schedule={s} people={people} rests={rests} edit={owns ? () => edit(s) : undefined} />)}</ul>
      {list && owns && <div><button className="plain" onClick={() => edit("new")} data-testid="add-schedule">{t("times.add")}</button></div>}
      <Dialog title={t(edited === "new" ? "times.add" : "times.edit")} open={edited !== null} close={() => edit(null)}>
        {edited && <Edit was={edited === "new" ? null : edited} people={people} close={() => edit(null)} />}
      </Dialog>
    </section>
  );
}

export const said = (s: Pick<Schedule, "days" | "from" | "to">) =>
  t("times.when", { days: daysSaid(s.days, locale(), { daily: t("times.daily"), to: (a, b) => t("times.to", { a, b }) }), from: hour(s.from, locale()), to: hour(s.to, locale()) });

function Row({ schedule: s, people, rests, edit }: { schedule: Schedule; people: Person[]; rests: boolean; edit: (() => void) | undefined }) {
  const devices = useDevices().data?.items ?? [];
  const nameOf = (id: string) => (id === everybody ? t("people.everybody") : isolate(people.find((p) => p.id === id)?.name ?? devices.find((d) => d.id === id)?.name ?? t("name.none")));
  const turn = useChange(saveSchedule(s));
  return (
    <li className="card stack tight" data-testid="schedule" data-schedule={s.id} data-off={s.off}>
      <div className="between high"><h3><Name>{s.name}</Name></h3>{rests ? <State tone="mute" icon="clock" id="rests">{t("people.rests")}</State> : s.off ? <State tone="mute" icon="stop">{t("times.off")}</State> : <State tone="good" icon="clock">{t("times.on")}</State>}</div>
      <p>{said(s)}</p>
      <p className="small quiet">{t("times.for", { names: s.whose.slice(0, 8).map(nameOf).join(", ") })}</p>
      {turn.error && <Trouble error={turn.error} />}
      {edit && (
        <div className="row">
          <button className="plain" disabled={turn.isPending} data-testid="turn-schedule" onClick={() => turn.mutate({ name: s.name, days: s.days as NewSchedule["days"], from: s.from, to: s.to, whose: s.whose, off: !s.off })}>{t(s.off ? "times.turn-on" : "times.turn-off")}</button>
          <button className="plain" onClick={edit} data-testid="edit">{t("people.change")}</button>
        </div>
      )}
    </li>
  );
}

const bedtime = (): NewSchedule => ({ name: t("times.bedtime"), days: ["sun", "mon", "tue", "wed", "thu"], from: "21:00", to: "06:30", whose: [] });

function Edit({ was, people, close }: { was: Schedule | null; people: Person[]; close: () => void }) {
  const devices = useDevices().data?.items.filter((d) => !d.gateway) ?? [];
  const [form, set] = useState<NewSchedule>(was ? { name: was.name, days: was.days as NewSchedule["days"], from: was.from, to: was.to, whose: was.whose, off: was.off } : bedtime);
  const save = useChange(saveSchedule(was), close);
  const remove = useChange((h: string, _: void) => (was ? removeSchedule(was)(h) : Promise.resolve()), close);
  const busy = save.isPending || remove.isPending;
  const put = (more: Partial<NewSchedule>) => set({ ...form, ...more });
  const who = (id: string, on: boolean) => put({ whose: on ? [...form.whose, id] : form.whose.filter((x) => x !== id) });
  const one = (id: string, name: string) => <label key={id} className="check"><input type="checkbox" checked={form.whose.includes(id)} onChange={(e) => who(id, e.target.checked)} data-whose={id} /><span><Name>{name}</Name></span></label>;
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      save.mutate({ ...form, name: form.name.trim() });
    }}>
      {(save.error ?? remove.error) && <Trouble error={save.error ?? remove.error} />}
      <label><span>{t("people.name")}</span><input value={form.name} required maxLength={64} onChange={(e) => put({ name: e.target.value })} data-testid="schedule-name" /></label>
      <div className="row two">
        <label><span>{t("times.from")}</span><input type="time" required value={form.from} onChange={(e) => put({ from: e.target.value })} data-testid="schedule-from" /></label>
        <label><span>{t("times.until")}</span><input type="time" required value={form.to === "24:00" ? "00:00" : form.to} onChange={(e) => put({ to: e.target.value })} data-testid="schedule-to" /></label>
      </div>
      {form.to <= form.from && <p className="small quiet">{t("times.next-day")}</p>}
      <fieldset className="choices days" data-testid="schedule-days">
        <legend><strong>{t("times.days")}</strong></legend>
        {days.map((d) => (
          <label key={d} className="check">
            <input type="checkbox" checked={form.days.includes(d)} onChange={(e) => put({ days: days.filter((x) => (x === d ? e.target.checked : form.days.includes(x))) })} data-day={d} />
            <span>{dayName(d, locale(), "long")}</span>
          </label>
        ))}
      </fieldset>
      <fieldset className="choices long" data-testid="schedule-whose">
        <legend><strong>{t("times.who")}</strong></legend>
        {one(everybody, t("people.everybody"))}
        {people.map((p) => one(p.id, p.name))}
        {devices.map((d) => one(d.id, d.name))}
      </fieldset>
      <p className="small quiet"><Icon name="shield" size={18} /> {t("times.essential")}</p>
      <div className="row">
        <button disabled={busy || form.name.trim() === "" || form.days.length === 0 || form.whose.length === 0 || form.from === form.to} data-testid="save-schedule">{t("people.save")}</button>
        <button type="button" className="plain" onClick={close}>{t("cancel")}</button>
        {was && <button type="button" className="bad" disabled={busy} onClick={() => remove.mutate()} data-testid="remove-schedule">{t("people.remove")}</button>}
      </div>
    </form>
  );
}
