/** The list: what several nodes sent, put together; and the attacks, each at its endpoint. */
import { expect, test } from "vitest";
import { listEndpoints } from "../../../../hosts/postanalytics/inventory/endpoint-list.ts";
import { NO_SHAPE } from "../../../../hosts/records/inventory/endpoint.ts";

const base = {
  app: null,
  host: "shop.example",
  method: "GET",
  first: 10,
  last: 20,
  calls: 1,
  shape: NO_SHAPE,
} as const;

test("names that one node has folded are folded for all", () => {
  const known = [
    { ...base, path: "/users/ada", first: 5 },
    { ...base, path: "/users/grace", calls: 2 },
    { ...base, path: "/users/{name}", last: 30, calls: 4 },
    { ...base, path: "/users/{id}" },
    { ...base, path: "/posts/ada" },
    { ...base, method: "POST", path: "/users/ada" } as const,
  ];
  expect(
    listEndpoints(known, []).map(({ method, path, first, last, calls }) => [method, path, first, last, calls]),
  ).toEqual([
    ["GET", "/posts/ada", 10, 20, 1],
    ["POST", "/users/ada", 10, 20, 1],
    ["GET", "/users/{id}", 10, 20, 1],
    ["GET", "/users/{name}", 5, 30, 7],
  ]);
});

test("attacks are counted where they were, by application, method and template", () => {
  const known = [
    { ...base, path: "/a/{id}" },
    { ...base, path: "/users/{name}" },
    { ...base, app: "shop", path: "/a/{id}" },
  ];
  const place = { app: null, host: "shop.example", method: "GET", records: 3 };
  const attacked = [
    { ...place, path: "/a/{id}" },
    { ...place, path: "/a/{id}", app: "shop", records: 5 },
    { ...place, path: "/users/ada" },
    { ...place, path: "/users/grace" },
    { ...place, path: "/wp-login.php" },
    { ...place, path: "/a/{id}", method: "POST" },
    { ...place, path: "/a/{id}", host: "other.example" },
  ];
  expect(listEndpoints(known, attacked).map(({ app, path, attacks }) => [app, path, attacks])).toEqual([
    [null, "/a/{id}", 3],
    ["shop", "/a/{id}", 5],
    [null, "/users/{name}", 6],
  ]);
});

test("ids are stable, and no two are the same", () => {
  const known = ["/a", "/b", "/c/{id}"].map((path) => ({ ...base, path }));
  const ids = listEndpoints(known, []).map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
  expect(listEndpoints([...known].reverse(), []).map(({ id }) => id)).toEqual(ids);
});
