// Consents, signed here: the private key never leaves this browser, and the gateway checks the signature itself. The texts are
// those of wire/consent.go, byte for byte.

export interface ConsentOf { id: string; tenant: string; home: string; gateway: string; scope: string; from: number; until: number }

export const consentText = (c: ConsentOf) =>
  `Cardea consent 1\nid ${c.id}\ntenant ${c.tenant}\nhome ${c.home}\ngateway ${c.gateway}\nscope ${c.scope}\nfrom ${c.from}\nuntil ${c.until}\n`;

export const keyText = (tenant: string, home: string, key: Uint8Array) =>
  `Cardea resident key 1\ntenant ${tenant}\nhome ${home}\nkey ${hex(key)}\n`;

export const hex = (b: Uint8Array) => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
export const base64 = (b: Uint8Array) => btoa(String.fromCharCode(...b));

// unhex answers null for what is not a P-256 point in hexadecimal.
export function point(text: string): Uint8Array | null {
  const s = text.replace(/\s/g, "").toLowerCase();
  if (!/^04[0-9a-f]{128}$/.test(s)) return null;
  return Uint8Array.from(s.match(/../g) as string[], (x) => parseInt(x, 16));
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

export interface Signer { id: string; key: Uint8Array; sign(text: string): Promise<Uint8Array> }

export async function keyID(key: Uint8Array): Promise<string> {
  const sum = await crypto.subtle.digest("SHA-256", key.slice());
  return hex(new Uint8Array(sum).slice(0, 16));
}

async function signer(pair: CryptoKeyPair): Promise<Signer> {
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return {
    id: await keyID(key),
    key,
    async sign(text) {
      const data = new TextEncoder().encode(text);
      return new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, data));
    },
  };
}

export async function newPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
}
export const newSigner = async () => signer(await newPair());

// keyFor gets this browser's key for a home, and makes it the first time.
export async function keyFor(home: string, person: string): Promise<Signer> {
  const db = await open();
  try {
    const name = `${home} ${person}`;
    const have = await done<CryptoKeyPair | undefined>(db.transaction("keys").objectStore("keys").get(name));
    if (have) return await signer(have);
    const pair = await newPair();
    // add, not put: two tabs that make a key at once end with one.
    const kept = await done(db.transaction("keys", "readwrite").objectStore("keys").add(pair, name)).then(() => pair, () => null);
    return await signer(kept ?? (await done<CryptoKeyPair>(db.transaction("keys").objectStore("keys").get(name))));
  } finally {
    db.close();
  }
}

function open(): Promise<IDBDatabase> {
  const r = indexedDB.open("cardea", 1);
  r.onupgradeneeded = () => r.result.createObjectStore("keys");
  return done(r);
}

function done<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((ok, fail) => {
    r.onsuccess = () => ok(r.result);
    r.onerror = () => fail(r.error ?? new Error("this browser keeps no keys"));
  });
}
