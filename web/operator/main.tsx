import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./index.css";
import "@mantine/core/styles.css";
import { Problem } from "../shared/client";
import { load, reword, setLanguage } from "../shared/i18n";
import { Base } from "../shared/router";
import { App } from "./app";
import "./operator.css";
import { words } from "./words";

// The staff page speaks English only; dates and numbers are the browser's own way.
setLanguage("en", navigator.languages);

const client = new QueryClient({
  defaultOptions: { queries: { retry: (n, e) => n < 2 && e instanceof Problem && e.status >= 500, staleTime: 5000 } },
});

// The server's content policy allows no style in the page: Mantine's variables are in its file, and ours in operator.css.
const theme = createTheme({ defaultRadius: "md", cursorType: "pointer", respectReducedMotion: true });

load("frame", "case", "device", "stopped", "more").then(() => reword(words)).then(() => createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={client}>
        <Base value="/staff">
          <App />
        </Base>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
), () => undefined);
