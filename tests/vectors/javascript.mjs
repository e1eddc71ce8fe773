// Prints how this machine's node compares and converts JSON values.
const values = [null, true, false, 0, -0, 1, -1, 2, 100, 1.5, 0.1, 1e21, 1e-7, 123456789012345680000, 1.7976931348623157e308, 9007199254740993, 5e-324, 0.000001, 1234.5678,
  "", " ", "0", "1", "100", "100.0", "1e2", "+5", "-5", "--5", "5px", ".5", "5.", ".", "0x10", "0X1f", "-0x10", "0b101", "0o17", "017", "0x", "1_000", "1,000",
  "Infinity", "-Infinity", "infinity", "NaN", "null", "undefined", "true", "false", "\t42\n", "\u00a042\ufeff", "\u001c42", "\u008542", "\u180e42", "\u0661", "e5", "1e", "1e+3", "1e400", "USD", "usd", "[object Object]", "1,2", ",",
  [], [0], [1], ["1"], [null], [true], ["USD"], [1, 2], [[1]], [[]], [[], []], [1, [2, [3]]], [null, 1], {}, { a: 1 }, [{}], [1e21], [1e-7], [0.1]];
const out = n => Number.isNaN(n) ? "NaN" : n === Infinity ? "Infinity" : n === -Infinity ? "-Infinity" : n;
const undef = { number: out(Number(undefined)), string: String(undefined), equal: values.map((v, i) => undefined == v ? i : -1).filter(i => i >= 0) };
const conversions = values.map(v => ({ value: v, number: out(Number(v)), string: String(v) }));
const copies = JSON.parse(JSON.stringify(values));
const equal = [];
values.forEach((a, i) => copies.forEach((b, j) => { if (a == b) equal.push([i, j]); }));
const greater = [];
values.forEach((a, i) => copies.forEach((b, j) => { if (Number(a) > Number(b)) greater.push([i, j]); }));
const pieces = ["a100b", "true", "x,null", "1.5e", "undefined", ""];
const substring = pieces.flatMap((text, i) => values.map((v, j) => [i, j, text.includes(v)])).filter(r => r[2]).map(r => r.slice(0, 2));
const list = [1, "1", true, null, "USD", 0, 1e21];
const member = values.map((v, j) => list.includes(v) ? j : -1).filter(j => j >= 0);
const line = rows => "[\n" + rows.map(r => "    " + JSON.stringify(r)).join(",\n") + "\n  ]";
console.log(`{\n  "node": ${JSON.stringify(process.version)},\n  "conversions": ${line(conversions)},\n  "equal": ${JSON.stringify(equal)},\n  "greater": ${JSON.stringify(greater)},\n  "undefined": ${JSON.stringify(undef)},\n  "texts": ${JSON.stringify(pieces)},\n  "substring": ${JSON.stringify(substring)},\n  "list": ${JSON.stringify(list)},\n  "member": ${JSON.stringify(member)}\n}`);
