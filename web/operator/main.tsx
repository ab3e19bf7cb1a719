import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../shared/base.css";
import { Problem } from "../shared/client";
import { setLanguage } from "../shared/i18n";
import { Base } from "../shared/router";
import { App } from "./app";
import "./operator.css";

// The staff page speaks English only; dates and numbers are the browser's own way.
setLanguage("en", navigator.languages);

const client = new QueryClient({
  defaultOptions: { queries: { retry: (n, e) => n < 2 && e instanceof Problem && e.status >= 500, staleTime: 5000 } },
});

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Base value="/staff">
        <App />
      </Base>
    </QueryClientProvider>
  </StrictMode>,
);
