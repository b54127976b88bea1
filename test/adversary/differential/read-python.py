"""Reads parts of requests with Python's standard library: JSON lines in, JSON lines out."""
import base64
import io
import email.parser
import email.policy
import http.cookies
import json
import sys
import urllib.parse
import warnings
import xml.etree.ElementTree as tree

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import cgi
    except ImportError:  # Gone since Python 3.13.
        cgi = None


def leaves(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


def multipart(kind, body):
    head = b"MIME-Version: 1.0\r\nContent-Type: " + kind.encode("latin-1") + b"\r\n\r\n"
    for policy in (email.policy.HTTP, email.policy.compat32):
        message = email.parser.BytesParser(policy=policy).parsebytes(head + body)
        for part in message.walk():
            for value in (part.get_param("name", header="content-disposition"), part.get_filename()):
                if value is not None:
                    yield str(value if isinstance(value, str) else value[2])
            if part.is_multipart() or part is message:
                continue
            payload = part.get_payload(decode=True) or b""
            yield payload.decode(part.get_content_charset("utf-8"), "replace")
            yield payload.decode("latin-1")


def fields(kind, body):
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind.strip(), "CONTENT_LENGTH": str(len(body))}
    storage = cgi.FieldStorage(fp=io.BytesIO(body), environ=environ, keep_blank_values=True)
    for field in storage.list or []:
        yield field.name or ""
        yield field.filename or ""
        yield field.value.decode("utf-8", "replace") if isinstance(field.value, bytes) else str(field.value)


def pairs(text):
    for separator in ("&", ";"):
        for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True, separator=separator):
            yield name
            yield value


def values(kind, content_type, body):
    if kind == "multipart":
        yield from multipart(content_type, body)
        if cgi is not None:
            yield from fields(content_type, body)
    elif kind == "json":
        yield from leaves(json.loads(body))
    elif kind == "xml":
        root = tree.fromstring(body)
        yield "".join(root.itertext())
        for element in root.iter():
            yield from element.attrib.values()
    elif kind == "cookie":
        for name, morsel in http.cookies.SimpleCookie(body.decode("latin-1")).items():
            yield name
            yield morsel.value
    else:
        yield from pairs(body.decode("latin-1"))


for line in sys.stdin:
    asked = json.loads(line)
    found = []
    try:
        for value in values(asked["kind"], asked["type"], base64.b64decode(asked["body"])):
            found.append(value)
    except Exception:  # What a parser refuses, it does not read; what it read before counts.
        pass
    coded = [base64.b64encode(value.encode("utf-8", "replace")).decode() for value in found]
    sys.stdout.write(json.dumps({"values": coded}) + "\n")
    sys.stdout.flush()
