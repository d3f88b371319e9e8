// WhatsApp's Cloud API, written by hand from https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages:
// Meta publishes no machine-readable description in a package registry. Also signs webhooks (X-Hub-Signature-256).
import { createHmac } from "node:crypto";
import { Provider, schema } from "./server.mjs";

const parameter = { type: "object", properties: { type: { const: "text" }, text: { type: "string", minLength: 1 } }, required: ["type", "text"], additionalProperties: false };
const component = {
  type: "object",
  properties: {
    type: { enum: ["header", "body", "button"] },
    sub_type: { enum: ["url", "quick_reply"] },
    index: { type: "string", pattern: "^\\d$" },
    parameters: { type: "array", items: parameter, minItems: 1 },
  },
  required: ["type", "parameters"],
  additionalProperties: false,
  if: { properties: { type: { const: "button" } } },
  then: { required: ["sub_type", "index"] },
};
const check = schema({
  type: "object",
  properties: {
    messaging_product: { const: "whatsapp" },
    recipient_type: { const: "individual" },
    to: { type: "string", pattern: "^\\+?\\d{7,15}$" },
    type: { const: "template" },
    template: {
      type: "object",
      properties: {
        name: { type: "string", pattern: "^[a-z0-9_]{1,512}$" },
        language: { type: "object", properties: { code: { type: "string", pattern: "^[a-z]{2}(_[A-Z]{2})?$" } }, required: ["code"], additionalProperties: false },
        components: { type: "array", items: component },
      },
      required: ["name", "language"],
      additionalProperties: false,
    },
    biz_opaque_callback_data: { type: "string", maxLength: 512 },
  },
  required: ["messaging_product", "to", "type", "template"],
  additionalProperties: false,
});

export function whatsapp(token, secret) {
  let count = 0;
  const provider = new Provider((request) => {
    const error = (status, code, message) => ({ status, complaint: message, body: { error: { message, type: "OAuthException", code, fbtrace_id: "A" } } });
    if (request.method !== "POST" || !/^\/\d+\/messages$/.test(request.path)) return error(404, 33, request.path);
    if (request.headers.authorization !== `Bearer ${token}`) return error(401, 190, "Invalid OAuth access token");
    const body = JSON.parse(request.body);
    const wrong = check(body);
    if (wrong) return error(400, 100, wrong);
    return { status: 200, body: { messaging_product: "whatsapp", contacts: [{ input: body.to, wa_id: body.to.replace("+", "") }], messages: [{ id: `wamid.${++count}`, message_status: "accepted" }] } };
  });
  provider.sign = (body) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return provider;
}
