/** One POST: judged first, never redirected, and its answer bounded and not shown. */
import { expect, test } from "vitest";
import { AddressGuard } from "../../../../hosts/postanalytics/export/guarded-address.ts";
import { post } from "../../../../hosts/postanalytics/export/http-delivery.ts";
import { LOOPBACK, startReceiver } from "./stage.ts";

test("it arrives as it was given", async () => {
  const receiver = await startReceiver();
  receiver.answer = { status: 202, body: "taken" };
  expect(await post(LOOPBACK, receiver.url, { "x-a": "1" }, "body")).toBe("taken");
  expect(receiver.received).toMatchObject([
    { path: "/in", body: "body", headers: { "x-a": "1", "user-agent": "merlon" } },
  ]);
});

test("a target that is not allowed never hears of it", async () => {
  const receiver = await startReceiver();
  await expect(post(new AddressGuard([]), receiver.url, {}, "x")).rejects.toThrow(/not on the public Internet/);
  expect(receiver.received).toEqual([]);
});

test("the connection goes to the address that was judged, whatever the name says later", async () => {
  const receiver = await startReceiver();
  const guard = new AddressGuard(["127.0.0.0/8"], async () => [{ address: "127.0.0.1", family: 4 }]);
  await post(guard, new URL(`http://rebinding.example:${receiver.url.port}/in`), {}, "x");
  expect(receiver.received[0]?.headers.host).toBe(`rebinding.example:${receiver.url.port}`);
});

test("a redirect is an error and not followed, and no error shows what the receiver said", async () => {
  const [receiver, other] = [await startReceiver(), await startReceiver()];
  receiver.answer = { status: 307, body: "canary", headers: { location: other.url.href } };
  await expect(post(LOOPBACK, receiver.url, {}, "x")).rejects.toThrow(/^the receiver answered 307$/);
  receiver.answer = { status: 500, body: "canary" };
  await expect(post(LOOPBACK, receiver.url, {}, "x")).rejects.toThrow(/^the receiver answered 500$/);
  expect(other.received).toEqual([]);
});
