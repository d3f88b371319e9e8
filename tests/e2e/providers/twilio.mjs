// Twilio's Messages resource. Requests and answers are held to Twilio's own description of it (twilio.json), and to what
// only https://www.twilio.com/docs/messaging/api/message-resource says, in words; errors are of the documentation. Also
// signs webhooks, as https://www.twilio.com/docs/usage/webhooks/webhooks-security describes.
import { createHmac } from "node:crypto";
import { Provider, answers, published, schema } from "./server.mjs";

const VERSION = "2010-04-01";

const definitions = published("twilio.json");
const { properties } = definitions.CreateMessageRequest;
const message = definitions["api.v2010.account.message"];

/** An SMS: the description's `phone-number` is any address of any channel, and it knows no lengths. */
const documented = {
  properties: {
    To: { pattern: "^\\+[1-9]\\d{6,14}$" },
    From: { pattern: "^(\\+[1-9]\\d{6,14}|[A-Za-z0-9 ]{1,11})$" },
    Body: { minLength: 1, maxLength: 1600 },
    MediaUrl: { maxItems: 10 },
    // No underscores in the host name.
    StatusCallback: { pattern: "^https?://[^/_]+(/|$)" },
    ValidityPeriod: { minimum: 1, maximum: 36000 },
  },
  allOf: [
    { anyOf: [{ required: ["From"] }, { required: ["MessagingServiceSid"] }] },
    { anyOf: [{ required: ["Body"] }, { required: ["MediaUrl"] }, { required: ["ContentSid"] }] },
  ],
};
const check = schema({ definitions, allOf: [{ $ref: "#/definitions/CreateMessageRequest" }, documented] });
// The description requires nothing of an answer; every one of its examples has every field.
const answer = answers({ definitions, ...message, required: Object.keys(message.properties) });

export function twilio(account, token) {
  let count = 0;
  const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString("base64")}`;
  const root = `/${VERSION}/Accounts/${account}/Messages`;
  const provider = new Provider((request) => {
    const error = (status, code, message) => ({ status, complaint: message, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } });
    if (request.method !== "POST" || request.path !== `${root}.json`) return error(404, 20404, request.path);
    if (request.headers.authorization !== authorization) return error(401, 20003, "Authenticate");
    if (request.headers["content-type"] !== "application/x-www-form-urlencoded") return error(400, 21602, "not a form");
    const form = read(request.body);
    const wrong = check(form);
    if (wrong) return error(400, 21602, wrong);
    request.form = form;
    const sid = `SM${String(++count).padStart(32, "0")}`;
    const at = new Date().toUTCString().replace("GMT", "+0000");
    const body = answer({
      account_sid: account,
      api_version: VERSION,
      body: form.Body ?? null,
      date_created: at,
      date_sent: null,
      date_updated: at,
      direction: "outbound-api",
      error_code: null,
      error_message: null,
      from: form.From ?? null,
      messaging_service_sid: form.MessagingServiceSid ?? null,
      num_media: String(form.MediaUrl?.length ?? 0),
      num_segments: form.From ? "1" : "0",
      price: null,
      price_unit: null,
      sid,
      status: form.From ? "queued" : "accepted",
      subresource_uris: { media: `${root}/${sid}/Media.json` },
      to: form.To,
      uri: `${root}/${sid}.json`,
    });
    return { status: 201, body };
  });
  /** The signature of a webhook call to `url` with these fields. */
  provider.sign = (url, fields) => {
    const sorted = Object.keys(fields).sort().map((name) => name + fields[name]);
    return createHmac("sha1", token).update(url + sorted.join("")).digest("base64");
  };
  return provider;
}

/** A form as the types that are described: only an array's name may be there twice. */
function read(body) {
  const form = {};
  for (const [name, text] of new URLSearchParams(body)) {
    const type = properties[name]?.type;
    if (type === "array" || name in form) form[name] = [form[name] ?? [], text].flat();
    else if (type === "boolean") form[name] = { true: true, false: false }[text] ?? text;
    else if (type === "integer" || type === "number") form[name] = /^\d+$/.test(text) ? Number(text) : text;
    else form[name] = text;
  }
  return form;
}
