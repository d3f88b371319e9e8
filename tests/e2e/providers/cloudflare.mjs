// Cloudflare Email Service's REST API, written by hand from
// https://developers.cloudflare.com/email-service/api/send-emails/rest-api/ and its list of allowed headers.
import { Provider, schema } from "./server.mjs";

const address = { type: "string", pattern: "^[^<>\\s]+@[^<>\\s]+$" };
const named = { type: "object", properties: { address, name: { type: "string" } }, required: ["address"], additionalProperties: false };
const check = schema({
  type: "object",
  properties: {
    from: { anyOf: [address, named] },
    to: { anyOf: [address, { type: "array", items: address, maxItems: 50 }] },
    subject: { type: "string", minLength: 1 },
    html: { type: "string" },
    text: { type: "string" },
    cc: {},
    bcc: {},
    reply_to: {},
    attachments: { type: "array" },
    headers: { type: "object", additionalProperties: { type: "string", minLength: 1, maxLength: 2048 } },
  },
  required: ["from", "to", "subject"],
  anyOf: [{ required: ["html"] }, { required: ["text"] }],
  additionalProperties: false,
});
const ALLOWED = /^(In-Reply-To|References|List-(Unsubscribe|Unsubscribe-Post|Id|Archive|Help|Owner|Post|Subscribe)|Precedence|Auto-Submitted|Content-Language|Keywords|Comments|Importance|Priority|Sensitivity|Organization|X-[\w-]+)$/i;

export function cloudflare(account, token) {
  return new Provider((request) => {
    const error = (status, code, message) => ({ status, complaint: message, body: { success: false, errors: [{ code, message }], messages: [], result: null } });
    if (request.method !== "POST" || request.path !== `/accounts/${account}/email/sending/send`) return error(404, 10000, "email.sending.error.not_found");
    if (request.headers.authorization !== `Bearer ${token}`) return error(401, 10101, "email.sending.error.authentication.unauthorized");
    const body = JSON.parse(request.body);
    const wrong = check(body) ?? badHeader(body.headers ?? {});
    if (wrong) return error(400, 10001, `email.sending.error.invalid_request_schema: ${wrong}`);
    return { status: 200, body: { success: true, errors: [], messages: [], result: { delivered: [body.to], permanent_bounces: [], queued: [] } } };
  });
}

function badHeader(headers) {
  for (const [name, value] of Object.entries(headers)) {
    if (!ALLOWED.test(name)) return `E_HEADER_NOT_ALLOWED ${name}`;
    if (name === "List-Unsubscribe" && !/<(https|mailto):/.test(value)) return "E_HEADER_VALUE_INVALID List-Unsubscribe";
    if (name === "List-Unsubscribe-Post" && (value !== "List-Unsubscribe=One-Click" || !headers["List-Unsubscribe"])) return "E_HEADER_VALUE_INVALID List-Unsubscribe-Post";
  }
}
