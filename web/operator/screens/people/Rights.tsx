// Rights: which role may do what, as the server's own table has it.
import { Skeleton, Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";
import { useRights } from "./Parts";

export function Rights() {
  const rights = useRights();
  const d = rights.data;
  if (!d) return rights.error ? <Trouble error={rights.error} again={() => void rights.refetch()} /> : <Skeleton lines={10} />;
  const table = (label: string, testid: string, rows: { key: string; what: string; words: Record<string, string> }[]) => (
    <div className="scroll card" tabIndex={0} role="region" aria-label={label}>
      <table data-testid={testid}>
        <thead><tr><th scope="col">What</th>{d.roles.map((r) => <th scope="col" key={r.role}>{clip(r.name, 30)}</th>)}</tr></thead>
        <tbody>{rows.map((r) => <tr key={r.key}><th scope="row" className="wide">{clip(r.what, 100)}</th>{d.roles.map((role) => <td key={role.role}>{clip(r.words[role.role] ?? "", 20) || "–"}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
  return (
    <>
      {table("Rights", "rights", d.table.map((r) => ({ key: r.what, what: r.what, words: r.words })))}
      <section className="card stack tight"><h2>What the words mean</h2>
        <dl className="facts">{d.grants.map((g) => <div key={g.grant} className="pair"><dt>{clip(g.words, 20)}</dt><dd>{clip(g.what, 200)}</dd></div>)}</dl>
      </section>
      <h2>Each right</h2>
      {table("Each right", "all-rights", d.rights.map((r) => ({ key: r.right, what: r.what, words: r.words })))}
    </>
  );
}
