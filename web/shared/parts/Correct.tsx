// "That is wrong": people say what it is. Their word is used in that home at once, as soon as the gateway has it.
import { useState, type FormEvent } from "react";
import { t } from "../i18n";
import type { Correction, DeviceClass, Identity } from "../model";
import { Dialog, Name } from "./Bits";
import { careful, classes, className } from "../product";
import { correction } from "../correction";

// note says whose word it is; by is who has said it before.
interface Props { who: Identity; name: string; note: string; by: "owner" | "operator"; open: boolean; close: () => void; send: (c: Correction) => void }

export function Correct({ open, close, ...rest }: Props) {
  return (
    <Dialog title={t("fix.title")} open={open} close={close}>
      <Form close={close} {...rest} />
    </Dialog>
  );
}

function Form({ who, name, note, by, close, send }: Omit<Props, "open">) {
  const mine = who.by === by; // what we guessed is what is wrong: it is not offered again
  const [kind, choose] = useState<string>(mine ? who.class : "");
  const [missing, miss] = useState(false);
  const order = [...classes].sort((a, b) => className(a).localeCompare(className(b)));
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const c = correction(kind as DeviceClass | "", String(f.get("vendor")), String(f.get("model")));
    if (!c) return miss(true);
    close();
    send(c);
  };
  return (
    <form onSubmit={submit}>
      <p className="quiet"><Name>{name}</Name></p>
      <label><span>{t("fix.class")}</span>
        <select value={kind} onChange={(e) => choose(e.target.value)} data-testid="correct-class">
          <option value="">{t("fix.keep")}</option>
          {order.map((c) => <option key={c} value={c}>{className(c)}</option>)}
        </select>
      </label>
      {kind && <p className="small" data-testid="correct-means" role="status">{t(careful(kind) ? "fix.care" : "fix.plain")}</p>}
      <label><span>{t("fix.vendor")}</span><input name="vendor" maxLength={64} autoComplete="off" defaultValue={mine ? who.vendor : ""} data-testid="correct-vendor" /></label>
      <label><span>{t("fix.model")}</span><input name="model" maxLength={64} autoComplete="off" defaultValue={mine ? who.model : ""} data-testid="correct-model" /></label>
      <p className="small quiet">{note}</p>
      {missing && <p role="alert">{t("fix.need")}</p>}
      <div className="row">
        <button data-testid="confirm">{t("fix.send")}</button>
        <button type="button" className="plain" onClick={close}>{t("cancel")}</button>
      </div>
    </form>
  );
}
