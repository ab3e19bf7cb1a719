// By which rule something was stopped, and how sure that is. Pure.
import { known, t } from "../../shared/i18n";
import type { Stopped } from "../../shared/model";
import { clip } from "../../shared/text";

// rule are the lines of it; of people's own rules nobody asks how sure they are.
export function rule(s: Stopped): string[] {
  const kind = [known("threat", s.class), clip(s.family, 60)].filter(Boolean).join(", ");
  const named = s.source ? t("stopped.rule.list", { list: clip(s.source, 80), kind }) : t("stopped.rule", { kind });
  return s.confidence ? [named, t("stopped.sure", { n: s.confidence })] : [named];
}
