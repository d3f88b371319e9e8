// Holds JSON values against a JSON Schema: `node validate.mjs SCHEMA < array-of-values`.
// Prints an array with what is wrong with each, or "" for those that are valid.
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: false });
const validate = ajv.compile(JSON.parse(readFileSync(process.argv[2], "utf8")));
const values = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(values.map((value) => (validate(value) ? "" : ajv.errorsText(validate.errors)))));
