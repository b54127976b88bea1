import { openDatabase } from "../../hosts/postanalytics/store/open-database.ts";
import { BlockScanner } from "../../hosts/postanalytics/store/blocks/scanner.ts";
import { wordsOf } from "../../hosts/postanalytics/store/condition.ts";
const db = await openDatabase(process.argv[2]!);
const sc = new BlockScanner(db);
const t=performance.now(); await sc.warm(); console.log("warm", performance.now()-t);
const w = {from: 0, to: Date.now()*2};
for (const where of [""]) for (const q of [{about:"groups",fields:["type"],order:"records",limit:50,after:null,gapMs:0}]) {
  const ts=[]; for (let i=0;i<12;i++){ const c=process.cpuUsage(); const a=performance.now(); await sc.ask(w, wordsOf({window:w,where,tenants:null},db.dialect,Date.now()), q as never); const d=process.cpuUsage(c); ts.push(Math.round(performance.now()-a)+"/"+Math.round((d.user+d.system)/1000)); }
  console.log(where, q.about, (q as any).fields?.join(), (q as any).order, ts.join(" "));
}
await sc.close(); await db.close();
