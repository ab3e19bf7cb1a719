// A home's data: an export or the end of all of it is asked for here, and another person decides.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { Dialog, Trouble } from "../../shared/parts/Bits";
import { Link } from "../../shared/router";
import { clip } from "../../shared/text";
import { useGrant, WhoMay } from "../may";

type Kind = "home.export" | "home.erase";

const acts: Record<Kind, { word: string; does: string; back: string }> = {
  "home.export": { word: "Ask for an export", does: "A privacy officer may then fetch one file with all that is stored here about this home. Whom its devices talked to is kept on its gateway, and is not in it.", back: "It can be fetched once, within a day of the decision." },
  "home.erase": { word: "Ask to erase", does: "All that is stored here about this home is erased at once, and its residents lose their access. Its gateway erases what it keeps as soon as it is told.", back: "This cannot be undone. The audit keeps that it was done." },
};

export function Data({ home }: { home: string }) {
  const [kind, setKind] = useState<Kind | null>(null);
  const of = { "home.export": useGrant("home.export"), "home.erase": useGrant("home.erase") };
  const may = (Object.keys(acts) as Kind[]).filter((k) => of[k] === "request" || of[k] === "yes");
  const propose = useMutation({ mutationFn: (b: { kind: Kind; reason: string }) => ok(api.POST("/v1/staff/approvals", { body: { kind: b.kind, what: { home }, reason: b.reason } })) });
  const a = kind ? acts[kind] : null;
  return (
    <section className="card stack tight" aria-labelledby="data" data-testid="data">
      <h2 id="data">The home's data</h2>
      {may.length === 0 ? <WhoMay right="home.erase" what="Export and erase:" /> : <div className="row">{may.map((k) => <button key={k} className={k === "home.erase" ? "bad" : "plain"} disabled={propose.isPending} onClick={() => setKind(k)} data-testid={`ask-${k}`}>{acts[k].word}</button>)}</div>}
      {propose.error && <Trouble error={propose.error} />}
      {propose.data && <p role="status" data-testid="proposed">It waits for another person. {clip(propose.data.preview, 300)} <Link to="/people?view=approvals">What waits</Link></p>}
      <Dialog title={a?.word ?? ""} open={kind !== null} close={() => setKind(null)}>
        <div data-testid="preview"><p>{a?.does}</p><p className="quiet small">{a?.back} Another person decides first.</p></div>
        <form onSubmit={(e) => {
          e.preventDefault();
          const reason = String(new FormData(e.currentTarget).get("why")).trim();
          if (kind && reason) propose.mutate({ kind, reason });
          setKind(null);
        }}>
          <label><span>Why</span><input name="why" required minLength={5} maxLength={500} autoComplete="off" data-testid="why" /></label>
          <div className="row"><button data-testid="confirm">Propose it</button><button type="button" className="plain" onClick={() => setKind(null)}>Cancel</button></div>
        </form>
      </Dialog>
    </section>
  );
}
