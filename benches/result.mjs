// From rounds to one number per contestant, a table row and a JSON file.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { output } from "./scene.mjs";

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * One benchmark's result from `{ contestant: rounds }`, where `value` reads a round's number: medians, spreads and
 * ratios ours / peer. Without a contestant `ours`, `ours` is null and there are no ratios.
 */
export function result(name, unit, rounds, value = (round) => round) {
  const contestants = Object.entries(rounds).map(([contestant, list]) => {
    const values = list.map(value);
    return { contestant, median: median(values), low: Math.min(...values), high: Math.max(...values) };
  });
  const own = contestants.find(({ contestant }) => contestant === "ours");
  const peers = contestants.filter(({ contestant }) => contestant !== "ours");
  const byPeer = (number) => Object.fromEntries(peers.map((peer) => [peer.contestant, number(peer)]));
  return {
    document: {
      name,
      unit,
      ours: own ? round(own.median) : null,
      peers: byPeer((peer) => round(peer.median)),
      ratio: own ? byPeer((peer) => round(own.median / peer.median)) : {},
    },
    contestants,
    rounds,
  };
}

/** Four significant digits: more would be noise. */
const round = (number) => Number(number.toPrecision(4));

/** Writes `target/bench/NAME.json`, and every round to `target/bench/rounds/NAME.json`. */
export function write({ document, rounds }) {
  mkdirSync(path.join(output, "rounds"), { recursive: true });
  const save = (file, value) => writeFileSync(path.join(output, file), `${JSON.stringify(value, null, 2)}\n`);
  save(`${document.name}.json`, document);
  save(`rounds/${document.name}.json`, rounds);
}

/** The result as lines of a table: median, lowest and highest round, and ours / peer. */
export function table({ document, contestants }) {
  const lines = [`${document.name} (${document.unit})`];
  for (const { contestant, median, low, high } of contestants) {
    const ratio = document.ratio[contestant];
    lines.push(
      [
        `  ${contestant.padEnd(16)}`,
        show(median).padStart(10),
        contestants[0].low === undefined ? "" : `   ${show(low)} .. ${show(high)}`.padEnd(26),
        ratio === undefined ? "" : `   ours is ${ratio} ×`,
      ].join(""),
    );
  }
  return lines.join("\n");
}

const show = (number) => (Math.abs(number) >= 1_000 ? number.toFixed(0) : number.toPrecision(4));
