// Tests have all words of both languages, so that a test may say which language it reads.
import { languages, load, parts, setLanguage, type Language } from "./shared/i18n";

for (const l of Object.keys(languages) as Language[]) {
  setLanguage(l);
  await load(...parts);
}
setLanguage("en");
