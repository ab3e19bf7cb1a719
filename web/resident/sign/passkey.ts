// Passkeys: the browser's own question and answer, in the form that the API passes on.
import type { components } from "../../shared/api.gen";

type Question = components["schemas"]["Question"];

export const canPasskey = () => typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential;

const json = (c: Credential | null) => {
  if (!(c instanceof PublicKeyCredential)) throw new Error("no passkey was given");
  return c.toJSON() as Record<string, unknown>;
};

// make asks the browser for a new passkey; name is what its owner calls it.
export async function make(q: Question, name: string) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(q.options as unknown as PublicKeyCredentialCreationOptionsJSON);
  return { challenge: q.challenge, name, credential: json(await navigator.credentials.create({ publicKey })) };
}

// show asks the browser for a passkey that there is.
export async function show(q: Question) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(q.options as unknown as PublicKeyCredentialRequestOptionsJSON);
  return { challenge: q.challenge, credential: json(await navigator.credentials.get({ publicKey })) };
}
