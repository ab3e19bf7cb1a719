// Addresses without a library: the path is the state, links are real links.
import {
  createContext, useCallback, useContext, useEffect, useSyncExternalStore, type AnchorHTMLAttributes, type HTMLAttributes, type MouseEvent,
} from "react";

const changed = "cardea:navigate";

export function navigate(to: string, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  dispatchEvent(new Event(changed));
}

const here = () => location.pathname + location.search;
function subscribe(f: () => void): () => void {
  addEventListener("popstate", f);
  addEventListener(changed, f);
  return () => {
    removeEventListener("popstate", f);
    removeEventListener(changed, f);
  };
}

export const Base = createContext("");

// usePath is the path below the app's base, always beginning with "/".
export function usePath(): string {
  const base = useContext(Base);
  const path = useSyncExternalStore(subscribe, here).split("?")[0] ?? "/";
  const below = path.startsWith(base) ? path.slice(base.length) : path;
  return below.startsWith("/") ? below : "/" + below;
}

export function useParams(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, here).split("?")[1] ?? "");
}

// match answers the parts of a path that a pattern like /devices/:id names, or null.
export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split("/").filter(Boolean);
  const have = path.split("/").filter(Boolean);
  if (want.length !== have.length) return null;
  const out: Record<string, string> = {};
  for (let i = 0; i < want.length; i++) {
    const w = want[i] as string;
    const h = have[i] as string;
    if (!w.startsWith(":")) {
      if (w !== h) return null;
      continue;
    }
    try {
      out[w.slice(1)] = decodeURIComponent(h);
    } catch {
      return null;
    }
  }
  return out;
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string };

// Link goes to a path of this app; `to` is written by us, ids in it are encoded.
export function Link({ to, onClick, ...rest }: LinkProps) {
  const base = useContext(Base);
  const go = (e: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(e);
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    navigate(base + to);
  };
  return <a href={base + to} onClick={go} {...rest} />;
}

// useArrival names the page and begins it at its top. Its Title takes the focus.
export function useArrival(path: string, title: string) {
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    scrollTo(0, 0);
    if (arrived.once) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    arrived.once = true;
  }, [path]);
}
const arrived = { once: false };

// Title is a page's heading. After each change of page the focus is on it, as a browser would do on loading one: also when the
// page's data, and with it another heading, come later.
export function Title(props: HTMLAttributes<HTMLHeadingElement>) {
  const take = useCallback((h: HTMLHeadingElement | null) => {
    if (h && arrived.once && document.activeElement === document.body) h.focus({ preventScroll: true });
  }, []);
  return <h1 tabIndex={-1} ref={take} {...props} />;
}
