// Postmark's e-mail API. Requests and answers are held to Postmark's own description of it (postmark.json), and to what
// only https://postmarkapp.com/developer/api/email-api says, in words.
import { Provider, answers, published, schema } from "./server.mjs";

const definitions = published("postmark.json");

// Up to fifty addresses, with commas between.
const addresses = { pattern: "^[^,]*@[^,]*(,[^,]*@[^,]*){0,49}$" };
const documented = {
  properties: {
    From: { maxLength: 255, pattern: "@" },
    To: addresses,
    Cc: addresses,
    Bcc: addresses,
    Subject: { maxLength: 2000 },
    Tag: { maxLength: 1000 },
    Headers: { items: { properties: { Name: { minLength: 1 } } } },
    Metadata: { maxProperties: 10, propertyNames: { maxLength: 20 }, additionalProperties: { maxLength: 80 } },
  },
  required: ["To"],
  anyOf: [{ required: ["HtmlBody"] }, { required: ["TextBody"] }],
};
const check = schema({ definitions, allOf: [{ $ref: "#/definitions/SendEmailRequest" }, documented] });
const answer = answers({ definitions, $ref: "#/definitions/SendEmailResponse" });
const refuse = answers({ definitions, $ref: "#/definitions/StandardPostmarkResponse" });

export function postmark(token) {
  let count = 0;
  return new Provider((request) => {
    const error = (status, ErrorCode, Message) => ({ status, complaint: Message, body: refuse({ ErrorCode, Message }) });
    if (request.method !== "POST" || request.path !== "/email") return { status: 404, complaint: request.path };
    if (request.headers["x-postmark-server-token"] !== token) return error(401, 10, "Bad or missing API token.");
    if (!/^application\/json/.test(request.headers["content-type"] ?? "")) return error(415, 409, "JSON required");
    const body = JSON.parse(request.body);
    const wrong = check(body);
    if (wrong) return error(422, 300, wrong);
    const id = `b7bc2f4a-e38e-4336-af7d-${String(++count).padStart(12, "0")}`;
    return { status: 200, body: answer({ To: body.To, SubmittedAt: new Date().toISOString(), MessageID: id, ErrorCode: 0, Message: "OK" }) };
  });
}
