// Amazon SES, API v2. Bodies are held to AWS's own model of the service (sesv2.json), signatures to its documentation.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Provider, schema } from "./server.mjs";

const { shapes } = JSON.parse(readFileSync(join(import.meta.dirname, "sesv2.json"), "utf8"));

// AWS's shapes as JSON Schema. Names that a structure does not have are refused, which AWS itself may not do.
const definitions = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, definition(shape)]));
const check = schema({ $ref: "#/definitions/SendEmailRequest", definitions });

function definition({ type, members, required, member, enum: values, min, max, pattern }) {
  const ref = ({ shape }) => ({ $ref: `#/definitions/${shape}` });
  switch (type) {
    case "structure": {
      const properties = Object.fromEntries(Object.entries(members).map(([name, of]) => [name, ref(of)]));
      return { type: "object", properties, required: required ?? [], additionalProperties: false };
    }
    case "list":
      return { type: "array", items: ref(member), ...(max ? { maxItems: max } : {}) };
    case "boolean":
      return { type: "boolean" };
    default:
      return {
        type: "string",
        ...(values ? { enum: values } : {}),
        ...(min === undefined ? {} : { minLength: min }),
        ...(max === undefined ? {} : { maxLength: max }),
        ...(pattern ? { pattern } : {}),
      };
  }
}

const hash = (text) => createHash("sha256").update(text).digest("hex");
const mac = (key, text) => createHmac("sha256", key).update(text).digest();

/** SigV4, from its specification: the canonical request, the string to sign, four keys, and the comparison. */
function isSigned({ method, path, headers, body }, { id, secret, region }) {
  const given = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/ses\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? "");
  if (!given || given[1] !== id || given[3] !== region) return false;
  const [, , day, , names, signature] = given;
  const date = headers["x-amz-date"];
  if (!date?.startsWith(day) || !names.split(";").includes("host") || !names.split(";").includes("x-amz-date")) return false;
  const lines = names.split(";").map((name) => `${name}:${headers[name].trim().replace(/ +/g, " ")}\n`);
  const canonical = [method, path, "", lines.join(""), names, hash(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, `${day}/${region}/ses/aws4_request`, hash(canonical)].join("\n");
  const key = [day, region, "ses", "aws4_request"].reduce(mac, `AWS4${secret}`);
  return mac(key, toSign).toString("hex") === signature;
}

export function ses(keys) {
  let count = 0;
  return new Provider((request) => {
    const error = (status, name, complaint) => ({ status, complaint, headers: { "x-amzn-errortype": name }, body: { message: complaint } });
    if (request.method !== "POST" || request.path !== "/v2/email/outbound-emails") return error(404, "NotFoundException", request.path);
    if (!isSigned(request, keys)) return error(403, "InvalidSignatureException", "the signature is wrong");
    const wrong = check(JSON.parse(request.body));
    if (wrong) return error(400, "BadRequestException", wrong);
    return { status: 200, body: { MessageId: `0100018f-${++count}` } };
  });
}
