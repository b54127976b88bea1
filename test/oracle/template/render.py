"""Renders texts as templates of Jinja2, Mako, Tornado and Django, and says which had an effect.

Input: a JSON line a text, {"text": str, "sentinel": str or null}. Output: {"effects": [names of engines]}. An effect is
that the output shows the sentinel (what the constants of the text give), a token that only the process knows, or an
object of the runtime. A template that cannot be read or fails has none.
"""

import json
import logging
import os
import re
import signal
import sys

import django
import jinja2
import mako.template
import tornado.template
from django.conf import settings

TOKEN = os.urandom(12).hex()
SECONDS_MAX = 5
INSIDE = re.compile(r"<(?:class|module|function|bound method|built-in|method|slot wrapper)[ -]|&lt;(?:class|module|function) ")


class User:
    """A person, as applications hand them to templates."""

    first_name = "Ann"
    name = "Ann"
    id = 5


CONTEXT = {
    "user": User(),
    "name": "Ann",
    "count": 3,
    "price": 20,
    "items": ["a", "b"],
    "config": {"title": "Shop", "SECRET_KEY": TOKEN},
    "label": "x",
}


def with_jinja(text):
    return jinja2.Environment().from_string(text).render(CONTEXT)


def with_mako(text):
    return str(mako.template.Template(text).render_unicode(**CONTEXT))


def with_tornado(text):
    return tornado.template.Template(text).generate(**CONTEXT).decode()


def with_django(text):
    engine = django.template.Engine(debug=True)
    return engine.from_string(text).render(django.template.Context(CONTEXT))


ENGINES = {"jinja": with_jinja, "mako": with_mako, "tornado": with_tornado, "django": with_django}


def has_effect(engine, text, sentinel):
    signal.alarm(SECONDS_MAX)
    try:
        output = engine(text)
    except BaseException:  # Whatever a template raises, it had no effect that anybody sees.
        return False
    finally:
        signal.alarm(0)
    return (sentinel is not None and sentinel in output) or TOKEN in output or bool(INSIDE.search(output))


def stop(_signal, _frame):
    raise TimeoutError


def main():
    os.environ["MERLON_ORACLE"] = TOKEN
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, stop)
    settings.configure(DEBUG=True)
    django.setup()
    for line in sys.stdin:
        case = json.loads(line)
        effects = [name for name, engine in ENGINES.items() if has_effect(engine, case["text"], case["sentinel"])]
        print(json.dumps({"effects": effects}), flush=True)


main()
