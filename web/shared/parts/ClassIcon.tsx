// A picture for each kind of device, drawn for this app. It never stands alone: the word goes with it.
import { className } from "../product";

const paths: Record<string, string> = {
  camera: "M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 10.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  doorbell: "M8 3h8v18H8zM12 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM12 13.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  plug: "M9 3v5M15 3v5M6.5 8h11v3a5.5 5.5 0 0 1-11 0zM12 16.5V21",
  light: "M9 17.5c0-2.5-3-4-3-8a6 6 0 0 1 12 0c0 4-3 5.5-3 8zM9.5 20.5h5",
  sensor: "M12 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM8 16a5.6 5.6 0 0 1 0-8M16 8a5.6 5.6 0 0 1 0 8M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14",
  thermostat: "M10 13.5V5a2 2 0 0 1 4 0v8.5a4 4 0 1 1-4 0zM12 9v8",
  hub: "M9 12a3 3 0 1 0 6 0 3 3 0 1 0-6 0M12 9V4M14.6 13.5l4.4 2.7M9.4 13.5L5 16.2M12 4h.01M19 16.2h.01M5 16.2h.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
  alarm: "M6.5 18v-5.5a5.5 5.5 0 0 1 11 0V18M4.5 18h15v2.5h-15zM12 3.5V5M4.5 6L6 7.2M19.5 6L18 7.2",
  medical: "M9.5 4h5v5.5H20v5h-5.5V20h-5v-5.5H4v-5h5.5z",
  scale: "M4 5h16v14H4zM8 8.5h8l-2 4h-4zM12 10v2.5",
  appliance: "M5 3.5h14v17H5zM5 7.5h14M12 10a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM8 5.5h.01M11 5.5h.01",
  speaker: "M7 3h10v18H7zM12 6v.01M12 10a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z",
  tv: "M3 5h18v12H3zM8.5 20.5h7",
  console: "M7 8h10a4.5 4.5 0 0 1 4.4 5.6l-.6 2.6a2 2 0 0 1-3.5.8L15.5 15h-7l-1.8 2a2 2 0 0 1-3.5-.8l-.6-2.6A4.5 4.5 0 0 1 7 8zM8 10.5v3M6.5 12h3M16 11h.01M17.5 13h.01",
  printer: "M7 9V3.5h10V9M4 9h16v8h-3M7 17H4M7 14h10v6.5H7z",
  nas: "M5 3.5h14v8H5zM5 11.5h14v9H5zM8.5 7.5h.01M8.5 16h.01M12 7.5h4M12 16h4",
  router: "M4 14h16v6H4zM8 17h.01M11.5 17h.01M17 14V9M13.8 7.2a4.5 4.5 0 0 1 6.4 0M12 4.8a8 8 0 0 1 10 0",
  phone: "M7 2.5h10v19H7zM11 18.5h2",
  tablet: "M4.5 3h15v18h-15zM11 18h2",
  computer: "M5 5h14v10H5zM2.5 19h19",
  watch: "M12 7a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM9 7.5L9.5 3h5l.5 4.5M9 16.5l.5 4.5h5l.5-4.5M12 10v2l1.5 1",
  vehicle: "M4 16v-4l2-5h12l2 5v4zM4 12h16M6.5 16v2.5M17.5 16v2.5M7 14h.01M17 14h.01",
  gadget: "M7 7h10v10H7zM10 7V4M14 7V4M10 20v-3M14 20v-3M7 10H4M7 14H4M20 10h-3M20 14h-3",
};
const none = "M9.2 9.2a2.9 2.9 0 1 1 4.2 2.6c-1 .6-1.4 1.1-1.4 2.2M12 17.3v.2";

export function ClassIcon({ of, size = 20 }: { of: string; size?: number }) {
  const path = Object.hasOwn(paths, of) ? paths[of] : none;
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={path} />
    </svg>
  );
}

export function ClassMark({ of }: { of: string }) {
  return <span className="kind" data-class={of}><ClassIcon of={of} size={18} /> {className(of)}</span>;
}
