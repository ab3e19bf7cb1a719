// Small parts that both apps show.
import { Fragment, useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Problem } from "../client";
import { hasKey, t } from "../i18n";
import { ago, clip, clock } from "../text";
import { Icon, type IconName } from "./Icon";

// Name is text from the home: cut, its direction kept to itself, the whole of it (still bounded) as a title.
export function Name({ children, max = 40 }: { children: string; max?: number }) {
  const short = clip(children, max);
  const long = clip(children, 200);
  return <bdi className="name" title={long === short ? undefined : long}>{short ? breakable(short) : t("name.none")}</bdi>;
}

// breakable lets a long name go on in the next line after a dot.
function breakable(name: string): ReactNode {
  const parts = name.split(/(?<=\.)/);
  return parts.length < 3 ? name : parts.map((p, i) => <Fragment key={i}>{i > 0 && <wbr />}{p}</Fragment>);
}

export type Tone = "good" | "need" | "work" | "held" | "mute";

export function State({ tone, icon, children, id }: { tone: Tone; icon: IconName; children: ReactNode; id?: string }) {
  return (
    <span className={`state ${tone}`} data-testid={id}>
      <Icon name={icon} size={16} />
      <span>{children}</span>
    </span>
  );
}

// useNow makes what shows an age again, so that "4 min ago" does not stay true for ever.
export function useNow(every = 15_000): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  return <time dateTime={at ?? undefined} title={clock(at)}>{ago(at, now)}</time>;
}

export function Skeleton({ lines = 3, tall = 0 }: { lines?: number; tall?: number }) {
  return (
    <div className="skeleton" role="status" aria-label={t("loading")}>
      {tall > 0 && <div className="bone" style={{ height: tall }} />}
      {Array.from({ length: lines }, (_, i) => <div key={i} className="bone" style={{ width: `${95 - ((i * 23) % 40)}%` }} />)}
    </div>
  );
}

export function Empty({ icon = "check", children }: { icon?: IconName; children: ReactNode }) {
  return <p className="empty"><Icon name={icon} size={28} /><span>{children}</span></p>;
}

// Trouble says what went wrong and what can be done about it.
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const p = error instanceof Problem ? error : null;
  const key = `problem.${p?.kind ?? ""}`;
  const text = hasKey(key) ? t(key)
    : p?.status === 403 ? t("problem.forbidden")
    : p?.status === 412 ? t("problem.changed")
    : p?.status === 404 ? t("problem.not-found")
    : p?.status === 429 ? t("problem.too-many")
    : t("problem.failed");
  return (
    <div className="trouble" role="alert" data-testid="trouble">
      <Icon name={p?.status === 0 ? "cloudOff" : p?.status === 403 ? "lock" : "alert"} size={24} />
      <div>
        <p>{text}</p>
        {p?.detail && <p className="quiet">{clip(p.detail, 300)}</p>}
        {again && <button className="plain" onClick={again}>{t("again")}</button>}
      </div>
    </div>
  );
}

// Dialog asks before something that is felt at home. The browser keeps the focus inside and gives it back.
export function Dialog({ title, open, close, children }: { title: string; open: boolean; close: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => {
    const d = ref.current;
    if (open && d && !d.open) d.showModal();
    if (!open && d?.open) d.close();
  }, [open]);
  return (
    // closed by what shows it, it has nothing to tell: two dialogs that follow each other would close the second
    <dialog ref={ref} onClose={() => open && close()} aria-labelledby={name}>
      <h2 id={name}>{title}</h2>
      {open && children}
    </dialog>
  );
}
