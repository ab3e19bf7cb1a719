// Putting the app on the home screen. Browsers that can offer it say so once, before anybody asks.
import { useSyncExternalStore } from "react";

interface Offer extends Event { prompt(): Promise<unknown> }

let offer: Offer | null = null;
const watchers = new Set<() => void>();
const tell = (next: Offer | null) => {
  offer = next;
  watchers.forEach((f) => f());
};

export function watchInstall() {
  addEventListener("beforeinstallprompt", (e) => {
    e.preventDefault(); // asked on the page where people look for it, not over what they are reading
    tell(e as Offer);
  });
  addEventListener("appinstalled", () => tell(null));
}

const subscribe = (f: () => void) => {
  watchers.add(f);
  return () => watchers.delete(f);
};

// useInstall answers how to put the app there, or null where the browser does not offer it or it is there.
export function useInstall(): (() => void) | null {
  const o = useSyncExternalStore(subscribe, () => offer);
  return o ? () => void o.prompt().finally(() => tell(null)) : null;
}
