/** What a service does with tokens and certificates, over real connections: forged ones, expired ones, strangers'. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import {
  issueCertificate,
  makeAuthority,
  makeRequest,
  newKey,
  publicKeyOf,
} from "../../../../hosts/policy/identity/certificates.ts";
import { parseEnrolmentToken } from "../../../../hosts/policy/identity/enrolment-token.ts";
import { issuedSchema } from "../../../../hosts/policy/wire.ts";
import { makeCertificate } from "../../dataplane/sidecar/certificates.ts";
import { BLOCKING, type EnrolmentStage, makeFolder, startEnrolment } from "./stage.ts";

interface Said {
  readonly status: number;
  readonly body: string;
}

async function ask(stage: EnrolmentStage, path: string, body?: object, shown: object = {}): Promise<Said> {
  const agent = new Agent({ connect: { ca: stage.authority.certificate, ...shown } });
  const init = { method: body === undefined ? "GET" : "POST", dispatcher: agent } as const;
  const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await request(stage.url + path, body === undefined ? init : { ...init, ...json });
  const said = { status: answer.statusCode, body: await answer.body.text() };
  await agent.close();
  return said;
}

async function enrol(stage: EnrolmentStage, token: string, key: string): Promise<Said> {
  const { secret } = parseEnrolmentToken(token);
  return await ask(stage, "/v1/enrolment/enrol", { secret, request: await makeRequest(key) });
}

test("a token brings a certificate of its own name, and that is known until it is revoked", async () => {
  const stage = await startEnrolment();
  await stage.service.publish(BLOCKING);
  const key = newKey();
  const token = await stage.token("shop-1");
  expect((await enrol(stage, token.replace("shop-1", "admin"), key)).status).toBe(200);
  const again = await enrol(stage, token, key);
  const issued = issuedSchema.parse(JSON.parse(again.body));
  expect(issued).toMatchObject({ name: "shop-1", authority: stage.authority.certificate });
  expect(new X509Certificate(issued.certificate).subject).toBe("CN=shop-1");
  expect(await enrol(stage, token, newKey())).toMatchObject({
    status: 401,
    body: expect.stringContaining("used already"),
  });
  const own = { cert: issued.certificate, key };
  expect((await ask(stage, "/v1/policy", undefined, own)).status).toBe(200);
  expect((await ask(stage, "/v1/objects", undefined, own)).status).toBe(403);
  expect((await ask(stage, "/v1/policy")).status).toBe(401);
  const renewed = await ask(stage, "/v1/enrolment/renew", {}, own);
  expect(JSON.parse(renewed.body).certificate).not.toBe(issued.certificate);
  await stage.identities.revoke("shop-1");
  for (const path of ["/v1/policy", "/v1/enrolment/renew"]) {
    const body = path.endsWith("renew") ? {} : undefined;
    expect(await ask(stage, path, body, own)).toMatchObject({ status: 401, body: expect.stringContaining("revoked") });
  }
  const next = JSON.parse((await enrol(stage, await stage.token("shop-1"), newKey())).body);
  expect(next.name).toBe("shop-1");
  expect((await ask(stage, "/v1/policy", undefined, own)).body).toContain("does not know this certificate of shop-1");
});

test("certificates that prove nothing", async () => {
  const stage = await startEnrolment(1000);
  await stage.service.publish(BLOCKING);
  const key = newKey();
  const publicKey = publicKeyOf(key);
  await enrol(stage, await stage.token("shop-1"), key);
  const stranger = await makeAuthority("Merlon policy service", Date.now() - 1000, Date.now() + 1e9);
  const own = makeCertificate(makeFolder(), "shop-1");
  const forged = { cert: stranger.certificate, key: stranger.key };
  const [from, until] = [Date.now() - 1000, Date.now() + 1e9];
  // The node's own name and key, under the right issuer's name.
  const prolonged = await issueCertificate(stranger, { name: "shop-1", hosts: [], publicKey, from, until });
  const expired = await stage.authority.sign({ name: "shop-1", hosts: [], publicKey }, -1000);
  const long = await stage.authority.sign({ name: "shop-1", hosts: [], publicKey }, -8 * 86_400_000);
  const server = await stage.authority.serverCertificate(["shop-1"]);
  const shown: [object, string][] = [
    [forged, "no token and no certificate"],
    [{ cert: prolonged, key }, "no token and no certificate"],
    [own, "no token and no certificate"],
    [{ cert: expired, key }, "certificate of shop-1 has expired"],
    [{ cert: long, key }, "certificate of shop-1 has expired"],
    [{ cert: server.certificate, key: server.key }, "does not know this certificate of shop-1"],
  ];
  for (const [material, says] of shown) {
    const pem =
      "certFile" in material ? { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) } : material;
    expect(await ask(stage, "/v1/policy", undefined, pem)).toMatchObject({
      status: 401,
      body: expect.stringContaining(says),
    });
  }
  // Who slept past the end of its certificate renews it, and who slept for longer than a week enrols anew.
  const late = await ask(stage, "/v1/enrolment/renew", {}, { cert: expired, key });
  const { certificate } = issuedSchema.parse(JSON.parse(late.body));
  expect((await ask(stage, "/v1/policy", undefined, { cert: certificate, key })).status).toBe(200);
  expect((await ask(stage, "/v1/enrolment/renew", {}, { cert: long, key })).status).toBe(401);
  expect((await ask(stage, "/v1/enrolment/renew", {})).body).toContain("no certificate of this service to renew");
});

test("bad requests get one sentence, and use no token up", async () => {
  const stage = await startEnrolment();
  const token = await stage.token("shop-1");
  const { secret } = parseEnrolmentToken(token);
  const post = async (body: object): Promise<string> => {
    const { status, body: text } = await ask(stage, "/v1/enrolment/enrol", body);
    return `${status} ${text}`;
  };
  expect(await post({ secret, request: "x" })).toContain("400 ");
  expect(await post({ secret, request: "x".repeat(5000) })).toContain("400 ");
  expect(await post({ secret: "x".repeat(20_000), request: "" })).toContain("413 ");
  expect(await post({ secret: "x".repeat(43), request: await makeRequest(newKey()) })).toContain("nobody has this");
  expect((await ask(stage, "/v1/enrolment/x", {})).status).toBe(404);
  expect((await enrol(stage, token, newKey())).status).toBe(200);
  const plain = await startEnrolment(undefined, { ownNames: [] });
  onTestFinished(() => plain.close());
  const answer = await fetch(`${plain.url.replace("https", "http")}/v1/enrolment/renew`, { method: "POST" });
  expect(answer.status).toBe(401);
});
