// A person or group: its name, its devices, and whether the others of the home may see whom those talk to.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Name, Trouble } from "../../shared/parts/Bits";
import { clip } from "../../shared/text";
import { useDevices, useExtra, useHomeID } from "../data";
import { removePerson, savePerson, useChange, type Person, type PersonForm } from "./data";

const levels = ["everything", "family"] as const;

export function EditPerson({ was, group, close }: { was: Person | null; group: boolean; close: () => void }) {
  const home = useHomeID();
  const devices = useDevices().data?.items.filter((d) => !d.gateway) ?? [];
  const members = useQuery({ queryKey: [home, "members"], queryFn: () => ok(api.GET("/v1/homes/{home}/members", { params: { path: { home } } })), enabled: !group });
  const [form, set] = useState<PersonForm>({ name: was?.name ?? "", group, devices: was?.devices ?? [], open: was?.open ?? false, account: was?.account ?? "" });
  const rests = useExtra("content") === false;
  const level = form.level ?? was?.level ?? "everything";
  const [sure, ask] = useState(false);
  const save = useChange(savePerson(was), close);
  const remove = useChange((h: string, _: void) => (was ? removePerson(was)(h) : Promise.resolve()), close);
  const busy = save.isPending || remove.isPending;
  const put = (more: Partial<PersonForm>) => set({ ...form, ...more });
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      save.mutate({ ...form, name: form.name.trim() });
    }}>
      {(save.error ?? remove.error) && <Trouble error={save.error ?? remove.error} />}
      <label><span>{t("people.name")}</span><input value={form.name} required maxLength={64} autoComplete="off" onChange={(e) => put({ name: e.target.value })} data-testid="person-name" /></label>
      <fieldset className="choices long" data-testid="person-devices">
        <legend><strong>{t("people.which")}</strong></legend>
        {devices.map((d) => (
          <label key={d.id} className="check">
            <input type="checkbox" checked={form.devices.includes(d.id)} onChange={(e) => put({ devices: e.target.checked ? [...form.devices, d.id] : form.devices.filter((x) => x !== d.id) })} />
            <span><Name>{d.name}</Name></span>
          </label>
        ))}
      </fieldset>
      <fieldset className="choices" data-testid="person-level">
        <legend><strong>{t("people.level")}</strong></legend>
        {levels.map((l) => (
          <label key={l} className="check"><input type="radio" name="level" checked={level === l} disabled={rests && l !== "everything" && level !== l} onChange={() => put({ level: l === was?.level ? undefined : l })} data-testid={`level-${l}`} /><span>{t(`people.level.${l}`)}</span></label>
        ))}
        <p className="small quiet">{t("people.level.text")}</p>
        {rests && <p className="small" data-testid="level-rests">{t(level === "family" ? "plan.resting" : "people.level.plan")}</p>}
      </fieldset>
      {!group && (
        <>
          <label><span>{t("people.account")}</span>
            <select value={form.account} onChange={(e) => put({ account: e.target.value })} data-testid="person-account">
              <option value="">{t("people.account.none")}</option>
              {members.data?.items.map((m) => <option key={m.id} value={m.id}>{clip(m.name, 60)}</option>)}
            </select></label>
          <label className="check"><input type="checkbox" checked={form.open} onChange={(e) => put({ open: e.target.checked })} data-testid="person-open" /><span>{t("people.open")}</span></label>
        </>
      )}
      <div className="row">
        <button disabled={busy || form.name.trim() === ""} data-testid="save-person">{t("people.save")}</button>
        <button type="button" className="plain" onClick={close}>{t("cancel")}</button>
        {was && !sure && <button type="button" className="bad" onClick={() => ask(true)} data-testid="remove-person">{t("people.remove")}</button>}
        {was && sure && <button type="button" className="bad" disabled={busy} onClick={() => remove.mutate()} data-testid="confirm">{t("people.remove.sure")}</button>}
      </div>
    </form>
  );
}
