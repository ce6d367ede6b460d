"""The figures that the usage pages show, read as a person does who has signed in."""

import re
import urllib.parse
import urllib.request

from lxml import html


class Visitor:
    """The demo's admin at a running server, without a browser."""

    def __init__(self, shipped):
        self._url = shipped.url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        [token] = self.page("/sign-in/").xpath("//input[@name='csrfmiddlewaretoken']/@value")[:1]
        form = {
            "login": shipped.email,
            "password": shipped.password,
            "csrfmiddlewaretoken": token,
        }
        self.page("/sign-in/", form)

    def page(self, path, form=None):
        return html.fromstring(self._read(path, form))

    def text(self, path, form=None):
        return self._read(path, form).decode()

    def ask(self, pair):
        """Ask the API as a program does, and return the answer's body; raise if it is not 200."""
        path = "/api/v1/worker-compliance?workerIDNumber=00417"
        header = {"Authorization": "amx {}:{}".format(*pair)}
        request = urllib.request.Request(self._url + path, headers=header)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def _read(self, path, form):
        data = urllib.parse.urlencode(form).encode() if form else None
        with self._opener.open(self._url + path, data, timeout=60) as answer:
            return answer.read()


def by_outcome(page):
    """Return what the chart's table says of all its days together: answered, refused, failed."""
    rows = page.xpath("//table[@id='usage-days']/tbody/tr")
    return tuple(sum(column) for column in zip(*map(_numbers, rows), strict=True))


def by_call(page):
    """Return name -> (answered, refused, failed) from the page of all calls."""
    rows = page.xpath("//section[@aria-labelledby='by-call']//tbody/tr")
    return {row.xpath("string(th)").strip(): _numbers(row)[:3] for row in rows}


def by_caller(page):
    """Return program -> (requests, refused among them) from the page of one call."""
    found = {}
    for row in page.xpath("//section[@aria-labelledby='callers']//tbody/tr"):
        program = row.xpath("string(th)").partition(",")[0].strip()
        said = row.xpath("string(td[@data-label='Requests (30 days)'])")
        requests, refused = re.fullmatch(
            r"([\d,]+)(?:, ([\d,]+) of them refused)?", said.strip()
        ).groups()
        found[program] = (_number(requests), _number(refused or "0"))
    return found


def _numbers(row):
    return tuple(_number(cell.text) for cell in row.xpath("td[@class='number']"))


def _number(text):
    return int(text.replace(",", ""))


def form_with(page, name):
    """Return what the form with a field of that name would send, by name."""
    [form] = [one for one in page.forms if name in one.fields]
    return dict(form.form_values())
