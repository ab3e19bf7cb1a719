// Faulty is Trouble that also names the field that was wrong, as the server says it.
import { Problem } from "../../../shared/client";
import { Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";

export function Faulty({ error }: { error: unknown }) {
  const where = error instanceof Problem ? error.where : "";
  return <><Trouble error={error} />{where && <p className="small" data-testid="where">{clip(where, 300)}</p>}</>;
}
