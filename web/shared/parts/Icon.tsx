// Icons: 24 × 24 strokes, drawn for this app. They never stand alone for a state: a word goes with them.
const paths = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 4l9 16H3zM12 10v4.5M12 17.2v.3",
  work: "M12 3a9 9 0 1 0 9 9M12 7v5l3 2",
  cloudOff: "M4 4l16 16M9 7.2A5.5 5.5 0 0 1 17.4 11 3.8 3.8 0 0 1 19.6 17M15.5 18H7a4 4 0 0 1-.8-7.9",
  spark: "M12 4v4M12 16v4M4 12h4M16 12h4M6.5 6.5l2.5 2.5M15 15l2.5 2.5M17.5 6.5L15 9M9 15l-2.5 2.5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
  unlock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.8-1.2M12 14.5v2",
  home: "M4 11l8-7 8 7v9h-5.5v-6h-5v6H4z",
  devices: "M3.5 5.5h12v9h-12zM3.5 18h8M17 9.5h3.5v9h-5v-9z",
  shield: "M12 3.5l7.5 2.8v5.4c0 4.6-3 7.4-7.5 8.8-4.5-1.4-7.5-4.2-7.5-8.8V6.3z",
  more: "M4 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0",
  router: "M4 14h16v6H4zM8 17h.01M11.5 17h.01M17 14V9M13.8 7.2a4.5 4.5 0 0 1 6.4 0M12 4.8a8 8 0 0 1 10 0",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4",
  key: "M4 12a3.5 3.5 0 1 0 7 0 3.5 3.5 0 1 0-7 0M11 12h9.5M17.5 12v3.5",
  stop: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM6 6l12 12",
  back: "M14.5 5.5L8 12l6.5 6.5",
  next: "M9.5 5.5L16 12l-6.5 6.5",
  hand: "M12 21c-4 0-6-2.5-7.5-6.5L3.5 12c.8-.9 2-.6 2.6.3L7.5 14V6a1.4 1.4 0 0 1 2.8 0v5V4.6a1.4 1.4 0 0 1 2.8 0V11 5.6a1.4 1.4 0 0 1 2.8 0V12 8.2a1.3 1.3 0 0 1 2.6 0V14c0 4.5-2.5 7-6.5 7z",
  refresh: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4h-4",
  phone: "M6 3.5h3.5l1.5 4.5-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4.5 1.5V18a2.5 2.5 0 0 1-2.8 2.5A15.5 15.5 0 0 1 3.5 6.3 2.5 2.5 0 0 1 6 3.5z",
  out: "M10 4H5v16h5M14 8l4.5 4-4.5 4M18 12H9",
  camera: "M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 10.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  clock: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2",
  dot: "M12 8.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z",
  down: "M5.5 9.5L12 16l6.5-6.5",
} as const;

export type IconName = keyof typeof paths;
export const iconPath = (n: IconName) => paths[n];

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
