"""The core in wasmtime: reads requests as JSON lines, answers each with the line that the core gives.

Arguments: path of the module. Input: {"raw": base64, "step": bytes handed over at once}. Output: {"line": text}.
"""

import base64
import json
import sys

import wasmtime

PEER = b"203.0.113.7"
UNIMPLEMENTED = 12


def load(path):
    """Instantiates the module; the host functions of Envoy answer that they are not there."""
    engine = wasmtime.Engine()
    module = wasmtime.Module.from_file(engine, path)
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    for needed in module.imports:
        linker.define_func(needed.module, needed.name, needed.type, lambda *_: UNIMPLEMENTED)
    exports = linker.instantiate(store, module).exports(store)
    exports["_initialize"](store)
    return store, exports


def main():
    store, core = load(sys.argv[1])
    memory = core["memory"]
    at = core["input"](store)
    for request in sys.stdin:
        wanted = json.loads(request)
        raw = base64.b64decode(wanted["raw"])
        memory.write(store, PEER, at)
        handle = core["tx_begin"](store, len(PEER), 0, 0)
        for start in range(0, len(raw), wanted["step"]):
            piece = raw[start : start + wanted["step"]]
            memory.write(store, piece, at)
            core["tx_raw"](store, handle, len(piece))
        core["tx_end"](store, handle)
        line_at = core["tx_line"](store, handle)
        line = bytes(memory.read(store, line_at, line_at + core["line_size"](store)))
        core["tx_free"](store, handle)
        print(json.dumps({"line": line.decode("ascii")}), flush=True)


main()
