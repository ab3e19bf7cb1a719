// People: who is staff and what they are. Nobody changes or removes oneself.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";
import { useSession } from "../../may";
import { Sure, Ticks, useRights } from "./Parts";

type Employee = components["schemas"]["Employee"];

export function Staff({ list }: { list: Employee[] }) {
  const client = useQueryClient();
  const me = useSession().data?.person.id;
  const roles = (useRights().data?.roles ?? []).filter((r) => r.role !== "automation");
  const [changes, setChanges] = useState<Employee | null>(null);
  const [leaves, setLeaves] = useState<Employee | null>(null);
  const onSuccess = () => client.invalidateQueries({ queryKey: ["staff", "people"] });
  const set = useMutation({
    mutationFn: (c: { person: string; roles: string[] }) => ok(api.PUT("/v1/staff/people/{person}/roles", { params: { path: { person: c.person } }, body: { roles: c.roles } })),
    onSuccess,
  });
  const remove = useMutation({ mutationFn: (person: string) => ok(api.DELETE("/v1/staff/people/{person}", { params: { path: { person } } })), onSuccess });
  const word = (r: string) => roles.find((x) => x.role === r)?.name ?? r;
  return (
    <>
      {(set.error ?? remove.error) && <Trouble error={set.error ?? remove.error} />}
      <div className="scroll card" tabIndex={0} role="region" aria-label="Staff">
        <table data-testid="staff">
          <thead><tr><th scope="col">Who</th><th scope="col">Roles</th><th scope="col">Who says so</th><th scope="col">Change</th></tr></thead>
          <tbody>
            {list.map((e) => (
              <tr key={e.id} data-person={e.email}>
                <td className="wide"><bdi>{clip(e.name, 60)}</bdi><p className="small quiet"><bdi>{clip(e.email, 80)}</bdi></p></td>
                <td className="wide" data-testid="roles">{e.roles.map(word).join(", ") || "No role: they can do nothing yet"}</td>
                <td>{e.source === "provider" ? "The provider's sign-in" : "An administrator"}</td>
                <td>{e.id === me ? <span className="quiet">You. Another administrator changes your roles.</span> : (
                  <div className="row">
                    <button className="plain" onClick={() => setChanges(e)} aria-label={`Roles of ${clip(e.email, 60)}`} data-testid="set-roles">Roles</button>
                    <button className="bad" onClick={() => setLeaves(e)} aria-label={`Remove ${clip(e.email, 60)}`}>Remove</button>
                  </div>
                )}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Dialog title={`Roles of ${clip(changes?.email ?? "", 60)}`} open={changes !== null} close={() => setChanges(null)}>
        <form onSubmit={(e) => {
          e.preventDefault();
          if (changes) set.mutate({ person: changes.id, roles: new FormData(e.currentTarget).getAll("role").map(String) });
          setChanges(null);
        }}>
          <Ticks legend="Roles" name="role" of={roles.map((r) => ({ value: r.role, label: r.name }))} chosen={changes?.roles} />
          {changes?.source === "provider" && <p className="small quiet">These roles come from the provider's sign-in, which sets them again when they next sign in.</p>}
          <div className="row"><button data-testid="roles-do">Save</button><button type="button" className="plain" onClick={() => setChanges(null)}>Cancel</button></div>
        </form>
      </Dialog>
      <Sure title={`Remove ${clip(leaves?.email ?? "", 60)}?`} open={leaves !== null} close={() => setLeaves(null)} word="Remove" busy={remove.isPending} does={() => {
        if (leaves) remove.mutate(leaves.id);
        setLeaves(null);
      }}>They are signed out everywhere at once. What they did stays in the audit.</Sure>
    </>
  );
}
