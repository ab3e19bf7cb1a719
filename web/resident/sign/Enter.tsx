// What all ways in have in common: the page, what went wrong, and becoming the one who is signed in.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Problem } from "../../shared/client";
import { language, languages, t, type Key } from "../../shared/i18n";
import type { Session } from "../../shared/model";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { navigate } from "../../shared/router";
import { clip, isolate } from "../../shared/text";
import { appName, hint, useBrand } from "../brand";
import { forget } from "../data";
import { subscribe } from "../notify/push";
import { keep, type Told } from "./told";
import "../settings.css";

export function useEnter(next = "/", begun = false) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(begun);
  const [error, setError] = useState<unknown>(null);
  // told is what somebody who is new chose.
  const enter = async (ask: () => Promise<Session>, told?: Told) => {
    setBusy(true);
    setError(null);
    try {
      const s = await ask();
      const asked = told ? await keep(told, language(), subscribe) : s.asked;
      await forget();
      client.clear();
      client.setQueryData(["session"], { ...s, asked });
      navigate(next, true);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return { busy, error, enter, setError, setBusy };
}

interface Props { title: Key; error: unknown; wrong?: Key; children: ReactNode }

export function Page({ title, error, wrong, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const brand = useBrand();
  useEffect(() => {
    document.title = `${t(title)} · ${appName()}`;
  }, [title, brand]);
  useEffect(() => heading.current?.focus(), [title, error]);
  const known = wrong && error instanceof Problem && [400, 401, 404, 422].includes(error.status) ? wrong : null;
  const refused = error instanceof Error && !(error instanceof Problem);
  return (
    <main className="page narrow stack">
      <p className="brand"><Icon name="shield" size={28} /><span data-testid="brand">{clip(brand.name, 40) || "Cardea"}</span></p>
      <h1 ref={heading} tabIndex={-1}>{t(title)}</h1>
      {(known || refused) && <p role="alert" className="trouble"><Icon name="alert" size={20} /><span>{t(known ?? "signin.passkey.failed")}</span></p>}
      {error !== null && !known && !refused && <Trouble error={error} />}
      {children}
      {brand.phone && <p className="small" data-testid="brand-call">{t("signin.call", { name: isolate(brand.name, 60), phone: isolate(brand.phone) })}</p>}
      {hint(brand) && <p className="small quiet" data-testid="brand-hint">{hint(brand)}</p>}
      <label className="small">
        <span>{t("signin.language")}</span>
        <select value={language()} onChange={(e) => {
          localStorage.setItem("language", e.target.value);
          location.reload();
        }} data-testid="language">{Object.entries(languages).map(([k, v]) => <option key={k} value={k} lang={k}>{v}</option>)}</select>
      </label>
    </main>
  );
}
