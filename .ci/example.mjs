// The story that `make dev` tells: somebody's payment failed. Here they enter the example policy's journey; the rest is
// for whoever runs the printed commands.

import { setTimeout as sleep } from "node:timers/promises";

const JOURNEY = "payment.failed";
const HOUR_MS = 60 * 60 * 1000;
const EMAIL_MAX_MS = 30_000;
// One of twenty is held out and hears nothing, which would be a short story.
const PEOPLE_MAX = 50;
const AUTHORIZATION = `-H "authorization: Bearer $(cat .dev/api-key)"`;

/** Somebody who can be sent a code and asked a question. */
export async function known(call) {
  const person = { reference: "example-0", customerNumber: "12345678" };
  await call("PUT", `/v1/people/${person.reference}`, {
    language: "en",
    addresses: { email: "example@example.com", sms: "+447700900123" },
    facts: { customer_number: person.customerNumber },
  });
  return person;
}

/** Lets somebody enter the journey and waits for the first e-mail. */
export async function begin(call) {
  const now = Date.now();
  const zone = noonZone(now);
  for (let number = 1; number <= PEOPLE_MAX; number++) {
    const person = `example-${number}`;
    const path = `/v1/people/${person}`;
    await call("PUT", path, {
      language: "en",
      zone,
      addresses: { email: `${person}@example.com`, sms: "+447700900123" },
      consents: ["email", "sms", "whatsapp", "in_app", "voice"].map((channel) => ({ channel, purpose: "service", said: "yes" })),
    });
    const data = { about: "invoice-7", masks: { order: "•••1234" } };
    await call("POST", "/v1/events", { ...event(JOURNEY, person, now), data }, "application/cloudevents+json");
    const { enrolments } = await call("GET", path);
    if (enrolments.some(({ holdout }) => holdout)) continue;
    return { person, zone, now, hasArrived: await arrived(call) };
  }
  throw new Error("nobody was let into the journey: is its holdout above a half?");
}

async function arrived(call) {
  const deadline = Date.now() + EMAIL_MAX_MS;
  while (Date.now() < deadline) {
    const letters = await call("GET", "/__local/outbox");
    if (letters.length > 0) return true;
    await sleep(300);
  }
  return false;
}

/** Where it is noon: nobody's quiet hours, so the story runs at any time of the day. Signs are POSIX's, west is plus. */
function noonZone(now) {
  const west = new Date(now).getUTCHours() - 12;
  return west === 0 ? "Etc/GMT" : `Etc/GMT${west > 0 ? "+" : ""}${west}`;
}

function event(type, person, at) {
  const time = new Date(at).toISOString();
  return { specversion: "1.0", id: `${type}-${at}`, source: "/example", type, subject: person, time };
}

/** What to paste, with every instant filled in. */
export function commands({ person, zone, now, hasArrived }, host) {
  const door = `http://${host}`;
  const at = (hours) => now + Math.round(hours * HOUR_MS);
  const post = (type, when) => {
    const body = JSON.stringify(event(type, person, when));
    return `  curl ${door}/v1/events ${AUTHORIZATION} \\\n    -H 'content-type: application/cloudevents+json' -d '${body}'`;
  };
  const get = (path) => `  curl ${door}${path} ${AUTHORIZATION}`;
  const pass = (hours) =>
    `  curl ${door}/__local/time -d '{"now": ${at(hours)}}' && curl ${door}/cdn-cgi/local/scheduled`;
  return `A journey has begun: the payment of ${person} failed, at noon in ${zone}. ${
    hasArrived ? "The first e-mail is in the outbox" : "The first e-mail should soon be in the outbox"
  }:

  ${door}/__local/outbox

What comes next, one after the other: the clock moves, the cron trigger fires, and some seconds later the outbox has it.

A day later, an SMS:

${pass(24.1)}

Two hours after that the app is opened, and its back end fetches what waits there:

  curl ${door}/__local/time -d '{"now": ${at(26)}}'
${post("app.opened", at(26))}
${get(`/v1/inbox/${person}`)}

On the third day, a second e-mail:

${pass(72.1)}

Or, at any point, the payment succeeds, and nothing more comes:

${post("payment.succeeded", now + 1000)}

Why they heard from us, and everything that is on record:

${get(`/v1/people/${person}`)}
${get("/v1/audit")}
`;
}
