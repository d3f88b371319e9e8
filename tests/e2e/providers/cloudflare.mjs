// Cloudflare Email Service's REST API. Requests and answers are held to Cloudflare's own client (cloudflare.json), and to
// what only https://developers.cloudflare.com/email-service/api/send-emails/rest-api/ and its list of allowed headers
// say; the envelope around an answer and errors are of the documentation.
import { Provider, answers, published, schema } from "./server.mjs";

const definitions = published("cloudflare.json");

const address = { type: "string", pattern: "^[^<>\\s]+@[^<>\\s]+$" };
const named = { type: "object", properties: { address } };
const one = { anyOf: [address, named] };
const documented = {
  properties: {
    from: one,
    to: { anyOf: [address, named, { type: "array", items: one, maxItems: 50 }] },
    subject: { minLength: 1 },
    html: { minLength: 1 },
    text: { minLength: 1 },
    headers: { additionalProperties: { minLength: 1, maxLength: 2048 } },
  },
  required: ["to"],
  anyOf: [{ required: ["html"] }, { required: ["text"] }],
};
const check = schema({ definitions, allOf: [{ $ref: "#/definitions/EmailSendingSendParams" }, documented] });
const answer = answers({ definitions, $ref: "#/definitions/EmailSendingSendResponse" });

const ALLOWED = /^(In-Reply-To|References|List-(Unsubscribe|Unsubscribe-Post|Id|Archive|Help|Owner|Post|Subscribe)|Precedence|Auto-Submitted|Content-Language|Keywords|Comments|Importance|Priority|Sensitivity|Organization|X-[\w-]+)$/i;

export function cloudflare(account, token) {
  let count = 0;
  return new Provider((request) => {
    const error = (status, code, message) => ({ status, complaint: message, body: { success: false, errors: [{ code, message }], messages: [], result: null } });
    if (request.method !== "POST" || request.path !== `/client/v4/accounts/${account}/email/sending/send`) return error(404, 10000, "email.sending.error.not_found");
    if (request.headers.authorization !== `Bearer ${token}`) return error(401, 10101, "email.sending.error.authentication.unauthorized");
    const body = JSON.parse(request.body);
    const wrong = check(body) ?? badHeader(body.headers ?? {});
    if (wrong) return error(400, 10001, `email.sending.error.invalid_request_schema: ${wrong}`);
    const result = answer({ delivered: [body.to].flat(), message_id: `<${++count}@mail.example.com>`, permanent_bounces: [], queued: [], suppressed_recipients: [] });
    return { status: 200, body: { success: true, errors: [], messages: [], result } };
  });
}

function badHeader(headers) {
  for (const [name, value] of Object.entries(headers)) {
    if (!ALLOWED.test(name)) return `E_HEADER_NOT_ALLOWED ${name}`;
    if (name === "List-Unsubscribe" && !/<(https|mailto):/.test(value)) return "E_HEADER_VALUE_INVALID List-Unsubscribe";
    if (name === "List-Unsubscribe-Post" && (value !== "List-Unsubscribe=One-Click" || !headers["List-Unsubscribe"])) return "E_HEADER_VALUE_INVALID List-Unsubscribe-Post";
  }
}
