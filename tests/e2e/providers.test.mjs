// The mock providers themselves: they take what the providers' own descriptions allow, and refuse what those do not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudflare } from "./providers/cloudflare.mjs";
import { postmark } from "./providers/postmark.mjs";
import { twilio } from "./providers/twilio.mjs";
import { whatsapp } from "./providers/whatsapp.mjs";

const ACCOUNT = "AC00000000000000000000000000000001";
const SERVICE = "MG00000000000000000000000000000001";
const JSON_TYPE = { "content-type": "application/json" };

/** Each case is a change of the `usual` request, null for a name to leave out, and what the refusal says, if it is one. */
function check(start, { path, headers, usual, write = JSON.stringify, cases }) {
  for (const [change, refusal] of cases) {
    const what = JSON.stringify(change).slice(0, 80);
    it(refusal ? `refuses ${what}: ${refusal}` : `takes ${what}`, async () => {
      const mock = await start().start();
      try {
        const request = Object.fromEntries(Object.entries({ ...usual, ...change }).filter(([, value]) => value !== null));
        const response = await fetch(mock.url + path, { method: "POST", headers, body: write(request) });
        assert.equal(response.ok, !refusal, await response.text());
        assert.equal(mock.accepted.length, refusal ? 0 : 1);
        assert.match(mock.complaints.join(), refusal ?? /^$/);
      } finally {
        await mock.stop();
      }
    });
  }
}

describe("Twilio", () => {
  check(() => twilio(ACCOUNT, "12345"), {
    path: `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`,
    headers: { "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${btoa(`${ACCOUNT}:12345`)}` },
    usual: { To: "+46701234567", From: "Example", Body: "Hello" },
    write: (form) => new URLSearchParams(Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one]))).toString(),
    cases: [
      [{}],
      [{ From: null, MessagingServiceSid: SERVICE, ValidityPeriod: "60", SmartEncoded: "true", MediaUrl: ["https://a.example/1", "https://a.example/2"] }],
      [{ From: null }, /'From'/],
      [{ Body: null }, /'Body'/],
      [{ Body: "x".repeat(1601) }, /1600/],
      [{ Body: ["a", "b"] }, /\/Body must be string/],
      [{ From: null, MessagingServiceSid: SERVICE.slice(1) }, /\/MessagingServiceSid/],
      [{ ValidityPeriod: "soon" }, /\/ValidityPeriod must be integer/],
      [{ StatusCallback: "/receipts" }, /\/StatusCallback must match format/],
      [{ RiskCheck: "maybe" }, /\/RiskCheck/],
      [{ Touch: "x" }, /additional properties Touch/],
    ],
  });
});

describe("Postmark", () => {
  check(() => postmark("server-token"), {
    path: "/email",
    headers: { ...JSON_TYPE, "x-postmark-server-token": "server-token" },
    usual: { From: "Example <hello@example.com>", To: "anna@example.com", Subject: "Hello", TextBody: "Hello" },
    cases: [
      [{}],
      [{ MessageStream: "outbound", Metadata: { touch: "x" }, TrackLinks: "None", TrackOpens: false, Headers: [{ Name: "A", Value: "b" }] }],
      [{ Subject: null }, /'Subject'/],
      [{ TextBody: null }, /'TextBody'/],
      [{ TrackOpens: "false" }, /\/TrackOpens must be boolean/],
      [{ TrackLinks: "Off" }, /\/TrackLinks/],
      [{ Headers: [{ Name: "A" }] }, /\/Headers\/0 .*'Value'/],
      [{ Metadata: { touch: 1 } }, /\/Metadata\/touch must be string/],
      [{ Touch: "x" }, /additional properties Touch/],
    ],
  });
});

describe("WhatsApp", () => {
  const body = { type: "body", parameters: [{ type: "text", text: "x" }] };
  const button = { type: "button", sub_type: "url", index: "0", parameters: [{ type: "text", text: "x" }] };
  const template = (components, language = { policy: "deterministic", code: "sv" }) => ({ template: { name: "payment_failed", language, components } });
  check(() => whatsapp("meta-token", "app-secret"), {
    path: "/v23.0/106540352242922/messages",
    headers: { ...JSON_TYPE, authorization: "Bearer meta-token" },
    usual: { messaging_product: "whatsapp", recipient_type: "individual", to: "+46701234567", type: "template", ...template([]) },
    cases: [
      [{}],
      [template([body, button])],
      [template([], { code: "sv" }), /'policy'/],
      [{ recipient_type: null }, /'recipient_type'/],
      [template([], { policy: "fallback", code: "sv" }), /\/language\/policy/],
      [template([{ ...button, index: undefined }]), /'index'/],
      [template([{ ...button, index: 0 }]), /\/index must be string/],
      [template([{ ...button, sub_type: "link" }]), /\/sub_type/],
      [template([{ ...body, parameters: [{ type: "text", text: 1 }] }]), /\/text must be string/],
      [template([{ ...body, parameters: [{ type: "text", text: "x".repeat(32_769) }] }]), /32768/],
      [{ touch: "x" }, /additional properties touch/],
    ],
  });
});

describe("Cloudflare", () => {
  check(() => cloudflare("023e105f", "cf-token"), {
    path: "/client/v4/accounts/023e105f/email/sending/send",
    headers: { ...JSON_TYPE, authorization: "Bearer cf-token" },
    usual: { from: "hello@example.com", to: "anna@example.com", subject: "Hello", text: "Hello" },
    cases: [
      [{}],
      [{ from: { address: "hello@example.com", name: "Example" }, headers: { "X-Touch-ID": "x" } }],
      [{ from: "Example <hello@example.com>" }, /\/from/],
      [{ from: { address: "hello@example.com", title: "Example" } }, /additional properties title/],
      [{ subject: null }, /'subject'/],
      [{ text: null }, /'text'/],
      [{ headers: { "X-Touch-ID": 1 } }, /\/headers\/X-Touch-ID must be string/],
      [{ headers: { Received: "x" } }, /E_HEADER_NOT_ALLOWED Received/],
      [{ touch: "x" }, /additional properties touch/],
    ],
  });
});
