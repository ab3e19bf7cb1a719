// What the screens of people, tokens and webhooks share: the matrix of rights, a secret that is shown once, and a question before an end.
import { useState, type ReactNode } from "react";
import { Dialog } from "../../../shared/parts/Bits";

export { useRights } from "../../may";

// Secret is told once: it is not kept in any cache, and gone when the screen is left.
export function Secret({ what, value, gone }: { what: string; value: string; gone: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <section className="card stack tight" role="status" data-testid="secret">
      <p><strong>{what}</strong> It is shown this once. Keep it where your system reads it.</p>
      <pre>{value}</pre>
      <div className="row">
        <button onClick={() => void navigator.clipboard.writeText(value).then(() => setCopied(true), () => setCopied(false))}>{copied ? "Copied" : "Copy"}</button>
        <button className="plain" onClick={gone} data-testid="secret-gone">I have kept it</button>
      </div>
    </section>
  );
}

// Sure asks before something ends.
export function Sure({ title, open, close, word, busy, does, children }: { title: string; open: boolean; close: () => void; word: string; busy: boolean; does: () => void; children: ReactNode }) {
  return (
    <Dialog title={title} open={open} close={close}>
      <p>{children}</p>
      <div className="row"><button className="bad" disabled={busy} onClick={does} data-testid="sure">{word}</button><button className="plain" onClick={close}>Cancel</button></div>
    </Dialog>
  );
}

// Ticks are a list of which several may be chosen; the form has each under the name.
export function Ticks({ legend, name, of, chosen = [] }: { legend: string; name: string; of: { value: string; label: string }[]; chosen?: string[] }) {
  return (
    <fieldset className="choice">
      <legend>{legend}</legend>
      <div className="ticks">
        {of.map((o) => <label key={o.value} className="check"><input type="checkbox" name={name} value={o.value} defaultChecked={chosen.includes(o.value)} /><span>{o.label}</span></label>)}
      </div>
    </fieldset>
  );
}
