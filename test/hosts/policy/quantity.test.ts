/** Sizes in policies. */
import { expect, test } from "vitest";
import { bytesText, parseBytes } from "../../../hosts/policy/quantity.ts";

test.each([
  { written: 1024, bytes: 1024, text: "1Ki" },
  { written: "0", bytes: 0, text: "0" },
  { written: "1000", bytes: 1000, text: "1000" },
  { written: "512Ki", bytes: 524_288, text: "512Ki" },
  { written: "10Mi", bytes: 10_485_760, text: "10Mi" },
  { written: "1Gi", bytes: 1_073_741_824, text: "1Gi" },
  { written: "1024Ki", bytes: 1_048_576, text: "1Mi" },
])("$written is $bytes bytes, shown as $text", ({ written, bytes, text }) => {
  expect(parseBytes(written)).toBe(bytes);
  expect(bytesText(bytes)).toBe(text);
  expect(parseBytes(text)).toBe(bytes);
});

test.each(["", "10M", "10kB", "1.5Mi", "-1", "10 Mi", "0x10", "1e3", "９", "1".repeat(16), 1.5, Number.NaN, -1])(
  "%s is no size",
  (written) => {
    expect(parseBytes(written)).toBeUndefined();
  },
);
