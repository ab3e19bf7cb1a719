// The help text's sections, as the provider has them. A link is followed only where it leads to the web.
import type { components } from "../../shared/api.gen";
import { Icon } from "../../shared/parts/Icon";
import { clip } from "../../shared/text";

const web = (url: string) => /^https:\/\//.test(url);

export function Sections({ text, quoted }: { text: components["schemas"]["HelpText"]; quoted: boolean }) {
  return (
    <div className="stack tight" lang={quoted ? "en" : undefined} data-testid="help-text">
      <h2>{clip(text.title, 200)}</h2>
      {text.sections.map((s) => (
        <details key={s.id} className="card" open={s.id === "what-we-do" || s.id === "what-only-you-can-do"} data-testid="help-section" data-section={s.id}>
          <summary><Icon name="down" size={18} />{clip(s.title, 200)}</summary>
          <div className="stack tight">
            {s.paragraphs.map((p, i) => <p key={i}>{clip(p, 1000)}</p>)}
            {s.steps.length > 0 && <ol className="stack tight">{s.steps.map((p, i) => <li key={i} className="row"><strong aria-hidden="true">{i + 1}.</strong><span className="grow">{clip(p, 600)}</span></li>)}</ol>}
            {s.links.filter((l) => web(l.url)).map((l) => <p key={l.url}><a className="tall" href={l.url} rel="noreferrer noopener" target="_blank">{clip(l.text, 120)}</a></p>)}
          </div>
        </details>
      ))}
    </div>
  );
}
