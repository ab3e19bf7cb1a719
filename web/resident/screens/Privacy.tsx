// Privacy: what is kept where, what stays at home, taking it along, having it erased, who looked and who changed what.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Dialog, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { forget, useHomeID, useOwns, useSession } from "../data";
import { Changes } from "../privacy/Changes";
import { Choices } from "../privacy/Choices";
import { Inventory } from "../privacy/Inventory";
import { EraseDevice } from "../privacy/EraseDevice";
import "../settings.css";

export function Privacy() {
  const home = useHomeID();
  const owns = useOwns();
  const save = useMutation({
    mutationFn: async () => {
      // Whatever form the archive has, it is saved as it came.
      const file = (await ok(api.GET("/v1/homes/{home}/export", { params: { path: { home } }, parseAs: "blob" }))) as Blob;
      const url = URL.createObjectURL(file);
      const a = document.createElement("a");
      a.href = url;
      a.download = `cardea-home-${new Date().toISOString().slice(0, 10)}.${file.type.includes("zip") ? "zip" : "json"}`;
      a.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    },
  });
  return (
    <>
      <Title>{t("nav.privacy")}</Title>
      <section className="card stack tight">
        <h2>{t("privacy.where")}</h2>
        <p>{t("privacy.gateway")}</p>
        <p>{t("privacy.cloud")}</p>
        <p>{t("privacy.browser")}</p>
      </section>
      <Inventory />
      <Choices />
      {owns && <section className="card stack">
        <h2>{t("privacy.export")}</h2>
        <p>{t("privacy.export.text")}</p>
        {save.error && <Trouble error={save.error} />}
        <div><button className="plain" disabled={save.isPending} onClick={() => save.mutate()} data-testid="export">{t("privacy.export.button")}</button></div>
      </section>}
      {owns && <EraseDevice />}
      {owns && <Erase />}
      {!owns && <p className="small quiet">{t("privacy.owners")}</p>}
      <Link to="/activity" className="card ask" data-testid="to-looks">
        <span className="lead"><Icon name="eye" size={22} /></span>
        <span className="grow"><strong>{t("nav.activity")}</strong><span className="quiet small">{t("privacy.looks")}</span></span>
        <Icon name="next" size={20} />
      </Link>
      <Changes />
    </>
  );
}

function Erase() {
  const home = useHomeID();
  const client = useQueryClient();
  const name = useSession().data?.homes.find((h) => h.id === home)?.name ?? "";
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const erase = useMutation({
    mutationFn: () => ok(api.DELETE("/v1/homes/{home}/data", { params: { path: { home } }, body: { confirm: typed } })),
    onSuccess: async () => {
      setOpen(false);
      setTyped("");
      await forget();
      await client.invalidateQueries();
    },
  });
  return (
    <section className="card stack">
      <h2>{t("privacy.erase")}</h2>
      <p>{t("privacy.erase.text")}</p>
      {erase.isSuccess && <p role="status" data-testid="erased">{t("privacy.erased")}</p>}
      <div><button className="bad" onClick={() => setOpen(true)} data-testid="erase">{t("privacy.erase.button")}</button></div>
      <Dialog title={t("privacy.erase")} open={open} close={() => setOpen(false)}>
        <form onSubmit={(e) => {
          e.preventDefault();
          erase.mutate();
        }}>
          <label><span>{t("privacy.erase.confirm", { name: clip(name, 60) })}</span>
            <input value={typed} onChange={(e) => setTyped(e.target.value)} autoComplete="off" maxLength={200} data-testid="erase-name" /></label>
          {erase.error && <Trouble error={erase.error} />}
          <div className="row">
            <button className="bad" disabled={typed !== name || erase.isPending} data-testid="confirm">{t("privacy.erase.button")}</button>
            <button type="button" className="plain" onClick={() => setOpen(false)}>{t("cancel")}</button>
          </div>
        </form>
      </Dialog>
    </section>
  );
}
