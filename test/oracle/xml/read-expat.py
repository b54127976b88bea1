"""
What Python's expat reads of documents: one in base64 a line of stdin. For each, lines with a letter and base64: T text
between two tags, A value of an attribute, F address that would be fetched; then a line with a dot.
"""
import base64
import sys
import xml.parsers.expat as expat


def tell(letter, value):
    print(letter, base64.b64encode(value.encode("utf-8", "replace")).decode())


def read(document):
    text = []

    def end_text(*_):
        if text:
            tell("T", "".join(text))
        text.clear()

    def start(_name, attributes):
        end_text()
        for value in attributes.values():
            tell("A", value)

    def fetch(_context, _base, system, _public):
        if system:
            tell("F", system)
        return 1

    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
    parser.StartElementHandler = start
    parser.EndElementHandler = end_text
    parser.CharacterDataHandler = text.append
    parser.ExternalEntityRefHandler = fetch
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError):
        pass
    end_text()
    print(".")


for line in sys.stdin:
    read(base64.b64decode(line))
