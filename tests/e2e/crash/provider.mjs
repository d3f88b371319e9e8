// A company's gateway that outlives the worker: it takes each message once by its id, writes down every arrival, and
// fails now and then as providers do.
import { setTimeout as sleep } from "node:timers/promises";
import { gateway } from "../providers/gateway.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const LATENCY_MAX_MS = 40;
/** A call that is refused for now, and an answer that is lost after the message was taken. */
const BUSY_SHARE = 0.02;
const DROPPED_SHARE = 0.02;
/** Calls under way while the clock is moved carry the time before. */
const TOLERANCE_S = 7 * 24 * 60 * 60;

/** `now` gives the present as the worker sees it, `life` which start of the worker is running. */
export async function openProvider(random, now, life) {
  const double = gateway(SECRET, now, { toleranceS: TOLERANCE_S });
  const take = double.answer;
  const arrivals = [];
  double.answer = async (request) => {
    const { data, timestamp } = JSON.parse(request.body);
    // A reference begins with the touch's id.
    const arrival = { touch: request.headers["webhook-id"].slice(0, 32), data, offered: timestamp, life: life(), at: performance.now() };
    arrivals.push(arrival);
    await sleep(random() * LATENCY_MAX_MS);
    if (random() < BUSY_SHARE) return Object.assign(arrival, { isBusy: true }) && { status: 503 };
    arrival.isLost = random() < DROPPED_SHARE;
    return { ...take(request), drops: arrival.isLost };
  };
  await double.start();
  const binding = JSON.stringify({ gateway: { url: `${double.url}/in`, secret: SECRET } });
  return { arrivals, binding, complaints: double.complaints, taken: () => double.accepted.length, stop: () => double.stop() };
}
