"""An MCP server with one tool, on stdio: `restart` appends a line to $EFFECTS/restarted."""
import json
import os
import sys

TOOL = {
    "name": "restart",
    "description": "Restarts a service",
    "inputSchema": {"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]},
    "annotations": {"destructiveHint": True},
}


def answer(call):
    method, params = call["method"], call.get("params") or {}
    if method == "initialize":
        info = {"name": "ops", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        service = params["arguments"]["service"]
        with open(os.path.join(os.environ["EFFECTS"], "restarted"), "a") as effect:
            effect.write(service + "\n")
        return {"content": [{"type": "text", "text": "restarted " + service}], "isError": False}
    return None


for line in sys.stdin:
    call = json.loads(line)
    if "id" in call and "method" in call:
        result = answer(call)
        outcome = {"result": result} if result is not None else {"error": {"code": -32601, "message": "no such method"}}
        print(json.dumps({"jsonrpc": "2.0", "id": call["id"], **outcome}), flush=True)
