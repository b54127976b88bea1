/** Checks the tables of bodies when an image is loaded, so that whoever reads by them looks at no bounds. */
import { NAME_BYTES_MAX } from "../../abi/limits";
import { automatonValid } from "../rule/automaton";
import { Section, sectionOf, sectionSize, within } from "../tables";
import {
  bodyIn,
  FAULTS,
  fieldIn,
  MACHINES_MAX,
  machineIn,
  NONE,
  nodeIn,
  REQUIRED_MAX,
  ruleOf,
  Sizes,
  schemaBytes,
  schemasOf,
  TYPES,
} from "./rows";

/** Machines of all nodes of an image; each is looked at whole when it is loaded. */
const MACHINE_ROWS_MAX: u32 = 4096;

/** How many bodies the image has that was checked last. */
export let bodiesChecked: u32 = 0;

function isNode(node: u32, sizes: Sizes): bool {
  return node < sizes.nodes || node == NONE;
}

function nodesValid(sizes: Sizes): bool {
  for (let i: u32 = 0; i < sizes.nodes; i++) {
    const node = nodeIn(i);
    if (node.types > TYPES || !isNode(node.others, sizes) || !isNode(node.items, sizes)) return false;
    if (!within(node.fields, node.fieldCount, sizes.fields) || !within(node.texts, node.textCount, sizes.texts))
      return false;
    if (!within(node.numbers, node.numberCount, sizes.numbers)) return false;
    if (node.machineCount > MACHINES_MAX || !within(node.machines, node.machineCount, sizes.machines)) return false;
  }
  return true;
}

function fieldsValid(sizes: Sizes, textBytes: u32): bool {
  for (let i: u32 = 0; i < sizes.fields; i++) {
    const field = fieldIn(i);
    if (!isNode(field.node, sizes) || field.bit > REQUIRED_MAX) return false;
    if (field.nameSize > NAME_BYTES_MAX || !within(field.name, field.nameSize, textBytes)) return false;
  }
  return true;
}

function machinesValid(image: usize, sizes: Sizes): bool {
  const automata = sectionOf(image, Section.AUTOMATA);
  const bytes = sectionSize;
  for (let i: u32 = 0; i < sizes.machines; i++) {
    const place = machineIn(i);
    /* Neighbours are often the same one. */
    if (i && place == machineIn(i - 1)) continue;
    if (!within(place, 0, bytes) || !automatonValid(automata + <usize>place, automata + <usize>bytes)) return false;
  }
  return true;
}

/** Whether every row refers to what is there. @param rules how many there are @param textBytes size of the texts */
export function schemasValid(image: usize, rules: u32, textBytes: u32): bool {
  bodiesChecked = 0;
  const at = sectionOf(image, Section.SCHEMAS);
  if (!at) return true;
  const bytes = sectionSize;
  const sizes = schemasOf(image);
  if (at & 3 || !sizes || <u64>bytes != schemaBytes || !sizes.nodes || sizes.machines > MACHINE_ROWS_MAX) return false;
  for (let i: u32 = 0; i < sizes.bodies; i++) {
    const body = bodyIn(i);
    if (body.root >= sizes.nodes) return false;
    for (let fault: u32 = 0; fault < FAULTS; fault++) {
      const rule = ruleOf(body, fault);
      if (rule >= rules && rule != NONE) return false;
    }
  }
  bodiesChecked = sizes.bodies;
  return nodesValid(sizes) && fieldsValid(sizes, textBytes) && machinesValid(image, sizes);
}
