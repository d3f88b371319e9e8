// Postmark's e-mail API, written by hand from https://postmarkapp.com/developer/api/email-api: its OpenAPI document is
// in no package registry.
import { Provider, schema } from "./server.mjs";

const pair = { type: "object", properties: { Name: { type: "string", minLength: 1 }, Value: { type: "string" } }, required: ["Name", "Value"], additionalProperties: false };
const check = schema({
  type: "object",
  properties: {
    From: { type: "string", maxLength: 255, pattern: "@" },
    To: { type: "string", pattern: "@" },
    Cc: { type: "string" },
    Bcc: { type: "string" },
    Subject: { type: "string", maxLength: 2000 },
    Tag: { type: "string", maxLength: 1000 },
    HtmlBody: { type: "string" },
    TextBody: { type: "string" },
    ReplyTo: { type: "string" },
    Headers: { type: "array", items: pair },
    TrackOpens: { type: "boolean" },
    TrackLinks: { enum: ["None", "HtmlAndText", "HtmlOnly", "TextOnly"] },
    Metadata: { type: "object", maxProperties: 10, propertyNames: { maxLength: 20 }, additionalProperties: { type: "string", maxLength: 80 } },
    Attachments: { type: "array" },
    MessageStream: { type: "string" },
  },
  required: ["From", "To"],
  anyOf: [{ required: ["HtmlBody"] }, { required: ["TextBody"] }],
  additionalProperties: false,
});

export function postmark(token) {
  let count = 0;
  return new Provider((request) => {
    const error = (status, ErrorCode, Message) => ({ status, complaint: Message, body: { ErrorCode, Message } });
    if (request.method !== "POST" || request.path !== "/email") return { status: 404, complaint: request.path };
    if (request.headers["x-postmark-server-token"] !== token) return error(401, 10, "Bad or missing API token.");
    if (!/^application\/json/.test(request.headers["content-type"] ?? "")) return error(415, 409, "JSON required");
    const body = JSON.parse(request.body);
    const wrong = check(body);
    if (wrong) return error(422, 300, wrong);
    return { status: 200, body: { To: body.To, SubmittedAt: new Date().toISOString(), MessageID: `b7bc2f4a-${++count}`, ErrorCode: 0, Message: "OK" } };
  });
}
