// The way through a list whose page is in the address.
import { useParams } from "../../shared/router";
import { go } from "./Fleet";

export function Pages({ cursor, next }: { cursor: string; next: string | null | undefined }) {
  const params = useParams();
  return (
    <div className="row">
      {cursor && <button className="plain" onClick={() => go(params, { cursor: "" })}>First page</button>}
      {next && <button className="plain" onClick={() => go(params, { cursor: next })} data-testid="next-page">Next page</button>}
    </div>
  );
}
