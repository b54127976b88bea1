"""What libxml2 reads of documents; the lines are those of read-expat.py."""
import base64
import sys
from lxml import etree


def tell(letter, value):
    print(letter, base64.b64encode(value.encode("utf-8", "replace")).decode())


class Fetches(etree.Resolver):
    def resolve(self, system_url, public_id, context):
        if system_url:
            tell("F", system_url)
        return self.resolve_string("", context)


def read(document):
    options = {"load_dtd": True, "no_network": False, "resolve_entities": True}
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, **options)
    parser.resolvers.add(Fetches())
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError, AssertionError):
        root = None
    for element in root.iter() if root is not None else []:
        if not isinstance(element.tag, str):
            continue
        for value in element.attrib.values():
            tell("A", value)
        for text in (element.text, element.tail):
            if text:
                tell("T", text)


for line in sys.stdin:
    read(base64.b64decode(line))
    print(".")
