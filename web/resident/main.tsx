import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../shared/base.css";
import { Problem } from "../shared/client";
import { load, pick, setLanguage } from "../shared/i18n";
import { App } from "./app";
import { recall } from "./brand";
import { watchInstall } from "./install";
import "./resident.css";

const language = pick(localStorage.getItem("language"), navigator.languages);
setLanguage(language, navigator.languages);
document.documentElement.lang = language;
recall();

// networkMode: the service worker answers when the network does not, so questions are always asked.
const client = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: "always",
      retry: (n, e) => n < 2 && e instanceof Problem && e.status >= 500 && e.kind !== "gateway-offline",
    },
    mutations: { networkMode: "always" },
  },
});

// A part of an app that was replaced meanwhile is not there any more: the page is loaded anew, once.
addEventListener("vite:preloadError", (e) => {
  const last = Number(sessionStorage.getItem("renewed"));
  if (!navigator.onLine || Date.now() - last < 60_000) return;
  sessionStorage.setItem("renewed", String(Date.now()));
  e.preventDefault();
  location.reload();
});

watchInstall();

const root = document.getElementById("root") as HTMLElement;
load("frame").then(() => createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
), () => {
  root.textContent = language === "de" ? "Keine Verbindung." : "No connection."; // without words, these are all there are
});

if ("serviceWorker" in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  navigator.serviceWorker.addEventListener("message", (e) => {
    const to: unknown = (e.data as { open?: unknown } | null)?.open;
    if (typeof to === "string" && to.startsWith("/") && !to.startsWith("//")) location.assign(to);
  });
}
