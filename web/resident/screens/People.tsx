// People and schedules: who lives here with which devices, who is without internet now, and the times of the week when they are.
import { useState } from "react";
import { t, tn } from "../../shared/i18n";
import { Dialog, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clock } from "../../shared/text";
import { useDevices, useExtra, useMay, useOwns, usePause, usePeople } from "../data";
import { everybody, usePauses, useSchedules, type Pause, type Person } from "../people/data";
import { EditPerson } from "../people/EditPerson";
import { Schedules } from "../people/Schedules";
import { NotIn } from "../plan/NotIn";
import { isOpen, longs, until, type Long } from "../people/when";
import "../settings.css";

export function People() {
  const people = usePeople();
  const pauses = usePauses();
  const rests = useExtra("people") === false;
  const schedules = useSchedules();
  const owns = useOwns() && !rests;
  const may = useMay() && !rests;
  const [edited, edit] = useState<Person | "person" | "group" | null>(null);
  const list = people.data?.items;
  const pauseOf = (id: string) => pauses.data?.items.find((p) => p.whose === id);
  return (
    <>
      <Title>{t("nav.people")}</Title>
      {rests ? <NotIn extra="people" resting={(list?.length ?? 0) + (schedules.data?.items.length ?? 0) + (pauses.data?.items.length ?? 0) > 0} /> : <p className="quiet">{t("people.text")}</p>}
      {!may && !rests && <p className="small"><Icon name="eye" size={18} /> {t("people.view")}</p>}
      {!list && (people.error ? <Trouble error={people.error} again={() => void people.refetch()} /> : <Skeleton lines={4} tall={90} />)}
      {list && (
        <ul className="stack tight" data-testid="people">
          {!rests && <li className="card stack tight" data-testid="person" data-person={everybody}>
            <div className="between high"><h2>{t("people.everybody")}</h2><Now pause={pauseOf(everybody)} /></div>
            <p className="small quiet">{t("people.everybody.text")}</p>
            {may && <Pausing whose={everybody} pause={pauseOf(everybody)} />}
          </li>}
          {list.map((p) => <Row key={p.id} person={p} pause={pauseOf(p.id)} edit={owns ? () => edit(p) : undefined} may={may} rests={rests} />)}
        </ul>
      )}
      {list?.length === 0 && !rests && <Empty icon="devices">{t(owns ? "people.none" : "people.none.view")}</Empty>}
      {list && owns && (
        <div className="row">
          <button className="plain" onClick={() => edit("person")} data-testid="add-person">{t("people.add")}</button>
          <button className="plain" onClick={() => edit("group")} data-testid="add-group">{t("people.add-group")}</button>
        </div>
      )}
      <Dialog title={edited === "group" || (typeof edited === "object" && edited?.group) ? t("people.edit-group") : t("people.edit")} open={edited !== null} close={() => edit(null)}>
        {edited && <EditPerson was={typeof edited === "object" ? edited : null} group={typeof edited === "object" ? edited.group : edited === "group"} close={() => edit(null)} />}
      </Dialog>
      <Schedules people={list ?? []} rests={rests} />
      <Link to="/policy" className="card ask">
        <span className="lead"><Icon name="shield" size={22} /></span>
        <span className="grow"><strong>{t("nav.policy")}</strong><span className="quiet small">{t("people.policy")}</span></span>
        <Icon name="next" size={20} />
      </Link>
    </>
  );
}

function Now({ pause }: { pause: Pause | undefined }) {
  return pause ? <State tone="held" icon="clock" id="paused">{isOpen(pause.until) ? t("people.paused.open") : t("people.paused", { time: clock(pause.until) })}</State> : null;
}

function Row({ person: p, pause, edit, may, rests }: { person: Person; pause: Pause | undefined; edit: (() => void) | undefined; may: boolean; rests: boolean }) {
  const devices = useDevices().data?.items.filter((d) => p.devices.includes(d.id)) ?? [];
  return (
    <li className="card stack tight" data-testid="person" data-person={p.id}>
      <div className="between high"><h2><Name>{p.name}</Name></h2>{rests ? <State tone="mute" icon="clock">{t("people.rests")}</State> : <Now pause={pause} />}</div>
      <p className="small quiet">{t(p.group ? "people.is-group" : p.account ? "people.is-member" : "people.is-person")} · {tn("people.devices", p.devices.length)}{p.open && ` · ${t("people.is-open")}`}</p>
      {devices.length > 0 && <p className="row">{devices.slice(0, 12).map((d) => <Link key={d.id} className="chip" to={`/devices/${encodeURIComponent(d.id)}`}><Name max={28}>{d.name}</Name></Link>)}{devices.length > 12 && <span className="small quiet">{tn("people.more", devices.length - 12)}</span>}</p>}
      {may && <Pausing whose={p.id} pause={pause} empty={p.devices.length === 0} edit={edit} name={p.name} />}
    </li>
  );
}

interface PausingProps { whose: string; pause: Pause | undefined; empty?: boolean; edit?: (() => void) | undefined; name?: string }

function Pausing({ whose, pause, empty = false, edit, name = "" }: PausingProps) {
  const pausing = usePause(whose);
  const [asked, ask] = useState(false);
  const [long, choose] = useState<Long>("hour");
  return (
    <>
      {pausing.error && <Trouble error={pausing.error} />}
      <div className="row">
        {pause
          ? <button disabled={pausing.isPending} onClick={() => pausing.mutate(null)} data-testid="resume"><Icon name="unlock" />{t("people.resume")}</button>
          : <button className="plain" disabled={pausing.isPending || empty} onClick={() => ask(true)} data-testid="pause"><Icon name="clock" />{t("people.pause")}</button>}
        {edit && <button className="plain" onClick={edit} data-testid="edit">{t("people.change")}</button>}
      </div>
      <Dialog title={t("people.pause.title")} open={asked} close={() => ask(false)}>
        <form onSubmit={(e) => {
          e.preventDefault();
          ask(false);
          pausing.mutate(until(long));
        }}>
          <p>{whose === everybody ? t("people.everybody.text") : <Name>{name}</Name>}</p>
          <fieldset className="choices">
            <legend className="hidden">{t("people.pause.title")}</legend>
            {longs.map((l) => <label key={l} className="check"><input type="radio" name="long" checked={long === l} onChange={() => choose(l)} data-testid={`pause-${l}`} /><span>{t(`people.long.${l}`)}</span></label>)}
          </fieldset>
          <div className="row">
            <button data-testid="confirm">{t("people.pause")}</button>
            <button type="button" className="plain" onClick={() => ask(false)}>{t("cancel")}</button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
