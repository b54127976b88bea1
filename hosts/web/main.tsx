/** The console: its views in the order of the navigation, put into the page. */
import { render } from "preact";
import { AttacksPage } from "./attacks/attacks-page.tsx";
import { ExceptionsPage } from "./exceptions/exceptions-page.tsx";
import { InventoryPage } from "./inventory/inventory-page.tsx";
import { AuditPage } from "./pages/audit-page.tsx";
import { DashboardPage } from "./pages/dashboard-page.tsx";
import { ExportsPage } from "./pages/exports-page.tsx";
import { IpListsPage } from "./pages/ip-lists-page.tsx";
import { NodesPage } from "./pages/nodes-page.tsx";
import { PolicyPage } from "./pages/policy-page.tsx";
import { UsersPage } from "./pages/users-page.tsx";
import { RecordPage } from "./record/record-page.tsx";
import { RolloutPage } from "./rollout/rollout-page.tsx";
import { App, type View } from "./shell/app.tsx";
import { keptTheme, setTheme } from "./shell/theme.ts";

const [SEE, DECIDE, RUN] = ["Traffic", "Policy", "Operation"];

const VIEWS: readonly View[] = [
  { page: "attacks", label: "Attacks", group: SEE, needs: "records", show: (route) => <AttacksPage route={route} /> },
  {
    ...{ page: "dashboard", label: "Dashboard", group: SEE, needs: "statistics" },
    show: (route) => <DashboardPage route={route} />,
  },
  { page: "record", label: null, group: SEE, needs: "record", show: ({ id }) => <RecordPage key={id} id={id} /> },
  {
    ...{ page: "inventory", label: "API inventory", group: SEE, needs: "endpoints" },
    show: (route) => <InventoryPage route={route} />,
  },
  {
    ...{ page: "rollout", label: "Rollout", group: DECIDE, needs: "readiness" },
    show: (route) => <RolloutPage route={route} />,
  },
  { page: "exceptions", label: "Exceptions", group: DECIDE, needs: "exceptions", show: () => <ExceptionsPage /> },
  {
    page: "ip-lists",
    label: "IP lists",
    group: DECIDE,
    needs: "ipLists",
    show: (route) => <IpListsPage route={route} />,
  },
  { page: "policy", label: "Policy", group: DECIDE, needs: "policy", show: (route) => <PolicyPage route={route} /> },
  { page: "nodes", label: "Nodes", group: RUN, needs: "nodes", show: () => <NodesPage /> },
  { page: "users", label: "Users and tokens", group: RUN, needs: "users", show: () => <UsersPage /> },
  { page: "audit", label: "Audit", group: RUN, needs: "audit", show: (route) => <AuditPage route={route} /> },
  { page: "exports", label: "Exports", group: RUN, needs: "exports", show: () => <ExportsPage /> },
];

setTheme(keptTheme());
const root = document.getElementById("app");
if (root !== null) render(<App views={VIEWS} />, root);
