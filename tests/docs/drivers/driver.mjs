// Judge the cases on standard input with the functions of docs/verify.md, and print what they say.
import { readFileSync } from "node:fs";

const { verifyHex, verifyV1, verifyV1a } = await import(process.argv[2]);
const judge = { v1: verifyV1, v1a: verifyV1a, hex: verifyHex };
const verdicts = JSON.parse(readFileSync(0, "utf8")).map(({ scheme, keys, given, body }) =>
  judge[scheme](keys, given, Buffer.from(body, "base64")));
console.log(JSON.stringify(verdicts));
