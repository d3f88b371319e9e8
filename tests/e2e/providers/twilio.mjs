// Twilio's Messages resource, written by hand from https://www.twilio.com/docs/messaging/api/message-resource: its
// OpenAPI document is in no package registry. Also signs webhooks, as
// https://www.twilio.com/docs/usage/webhooks/webhooks-security describes.
import { createHmac } from "node:crypto";
import { Provider, schema } from "./server.mjs";

const check = schema({
  type: "object",
  properties: {
    To: { type: "string", pattern: "^\\+[1-9]\\d{6,14}$" },
    From: { type: "string", pattern: "^(\\+[1-9]\\d{6,14}|[A-Za-z0-9 ]{1,11})$" },
    MessagingServiceSid: { type: "string", pattern: "^MG[0-9a-fA-F]{32}$" },
    Body: { type: "string", minLength: 1, maxLength: 1600 },
    StatusCallback: { type: "string", pattern: "^https://" },
    ValidityPeriod: {},
    SmartEncoded: {},
  },
  required: ["To", "Body"],
  oneOf: [{ required: ["From"] }, { required: ["MessagingServiceSid"] }],
  additionalProperties: false,
});

export function twilio(account, token) {
  let count = 0;
  const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString("base64")}`;
  const provider = new Provider((request) => {
    const error = (status, code, message) => ({ status, complaint: message, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } });
    if (request.method !== "POST" || request.path !== `/2010-04-01/Accounts/${account}/Messages.json`) return error(404, 20404, request.path);
    if (request.headers.authorization !== authorization) return error(401, 20003, "Authenticate");
    if (request.headers["content-type"] !== "application/x-www-form-urlencoded") return error(400, 21602, "not a form");
    const form = Object.fromEntries(new URLSearchParams(request.body));
    const wrong = check(form);
    if (wrong) return error(400, 21602, wrong);
    request.form = form;
    const sid = `SM${String(++count).padStart(32, "0")}`;
    return { status: 201, body: { sid, status: "queued", to: form.To, from: form.From ?? null, body: form.Body, error_code: null, error_message: null, num_segments: "1" } };
  });
  /** The signature of a webhook call to `url` with these fields. */
  provider.sign = (url, fields) => {
    const sorted = Object.keys(fields).sort().map((name) => name + fields[name]);
    return createHmac("sha1", token).update(url + sorted.join("")).digest("base64");
  };
  return provider;
}
