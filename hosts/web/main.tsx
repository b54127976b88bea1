/** The console: its views in the order of the navigation, put into the page. */
import { render } from "preact";
import { AttacksPage } from "./attacks/attacks-page.tsx";
import { RecordPage } from "./record/record-page.tsx";
import { App, type View } from "./shell/app.tsx";
import { keptTheme, setTheme } from "./shell/theme.ts";

const VIEWS: readonly View[] = [
  { page: "attacks", label: "Attacks", group: "", needs: "records", show: (route) => <AttacksPage route={route} /> },
  { page: "record", label: null, group: "", needs: "record", show: ({ id }) => <RecordPage key={id} id={id} /> },
];

setTheme(keptTheme());
const root = document.getElementById("app");
if (root !== null) render(<App views={VIEWS} />, root);
