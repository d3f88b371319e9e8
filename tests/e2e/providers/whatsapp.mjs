// WhatsApp's Cloud API. Requests and answers are held to Meta's own description of it (whatsapp.json), and to what only
// https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages says. Also signs webhooks
// (X-Hub-Signature-256).
import { createHmac } from "node:crypto";
import { Provider, answers, published, schema } from "./server.mjs";

const PATH = /^\/v\d+\.\d+\/\d+\/messages$/;

const definitions = published("whatsapp.json");
const { ButtonComponent, MessageResponsePayload, TemplateMessage } = definitions;
// Where Meta's description is refuted by its own examples and by the documentation, those are followed: a button's
// position is a digit from 0. Of a message's `biz_opaque_callback_data` only the documentation knows; the description
// has it for calls, with this length.
ButtonComponent.properties.index.pattern = "^[0-9]$";
TemplateMessage.properties.biz_opaque_callback_data = { type: "string", maxLength: 512 };

const documented = {
  properties: {
    messaging_product: { const: "whatsapp" },
    recipient_type: { const: "individual" },
    to: { pattern: "^\\+?\\d{7,15}$" },
    template: {
      properties: {
        name: { pattern: "^[a-z0-9_]{1,512}$" },
        language: { properties: { code: { pattern: "^[a-z]{2}(_[A-Z]{2})?$" } } },
      },
    },
  },
};
const check = schema({ definitions, allOf: [{ $ref: "#/definitions/TemplateMessage" }, documented] });
// The description requires nothing of an answer; every one of its examples has these.
const answer = answers({ definitions, ...MessageResponsePayload, required: ["contacts", "messages", "messaging_product"] });
const refuse = answers({ definitions, $ref: "#/definitions/GraphAPIError" });

export function whatsapp(token, secret) {
  let count = 0;
  const provider = new Provider((request) => {
    const error = (status, code, message) => ({ status, complaint: message, body: refuse({ error: { message, type: "OAuthException", code, fbtrace_id: "A" } }) });
    if (request.method !== "POST" || !PATH.test(request.path)) return error(404, 33, request.path);
    if (request.headers.authorization !== `Bearer ${token}`) return error(401, 190, "Invalid OAuth access token");
    if (!/^application\/json/.test(request.headers["content-type"] ?? "")) return error(400, 100, "JSON required");
    const body = JSON.parse(request.body);
    const wrong = check(body);
    if (wrong) return error(400, 100, wrong);
    const contacts = [{ input: body.to, wa_id: body.to.replace("+", "") }];
    const messages = [{ id: `wamid.${++count}`, message_status: "accepted" }];
    return { status: 200, body: answer({ messaging_product: "whatsapp", contacts, messages }) };
  });
  provider.sign = (body) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return provider;
}
