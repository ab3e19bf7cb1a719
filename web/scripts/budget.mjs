// What the residents' app loads up to its first screen, gzipped: the page, its scripts and styles, and the words of the frame in the
// language that needs most. More than 120 KiB fails.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const limit = 120 * 1024;
const dist = new URL(process.argv[2] ? `file://${process.argv[2]}/` : "../dist/resident/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");
const files = ["index.html"];
for (const m of page.matchAll(/<(?:script|link)[^>]+(?:src|href)="\/(assets\/[^"]+)"/g)) files.push(m[1]);
if (files.length < 3) throw new Error("the page names no script or no style: was it built?");
const gzipped = (f) => gzipSync(readFileSync(new URL(f, dist)), { level: 9 }).length;
const words = readdirSync(new URL("assets/", dist)).filter((f) => f.startsWith("words-frame-")).map((f) => `assets/${f}`);
if (words.length < 2) throw new Error("the words of the first screen are not where they are looked for");
files.push(words.sort((a, b) => gzipped(b) - gzipped(a))[0]);
let total = 0;
for (const f of files) {
  const size = gzipped(f);
  total += size;
  console.log(`${String(size).padStart(8)}  ${f}`);
}
console.log(`${String(total).padStart(8)}  of ${limit} bytes, gzip, to the first screen`);
if (total > limit) process.exit(1);
