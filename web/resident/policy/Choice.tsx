// One choice among a few, each in words. What is chosen is asked for at once.
export interface Option { value: string; word: string }

interface Props { of: string; title: string; value: string; options: Option[]; off: boolean; choose: (value: string) => void }

export function Choice({ of, title, value, options, off, choose }: Props) {
  return (
    <fieldset className="card choice" data-testid={`policy-${of}`} data-value={value}>
      <legend>{title}</legend>
      {options.map((o) => (
        <label key={o.value} className="check">
          <input type="radio" name={of} checked={value === o.value} disabled={off} onChange={() => choose(o.value)} data-testid={`${of}-${o.value}`} />
          <span>{o.word}</span>
        </label>
      ))}
    </fieldset>
  );
}
