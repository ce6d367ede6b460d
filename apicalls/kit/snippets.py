"""A call as code to paste, in the languages that people ask for it in.

Each snippet asks, checks the status, and prints the answer, or what the problem says to do.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apicalls.kit.example import Example

# Where the secret goes when nobody asked for it.
PLACEHOLDER = "CLIENT_SECRET"


@dataclass(frozen=True, slots=True)
class Snippet:
    """`note` is what to know before pasting, "" for nothing."""

    key: str
    label: str
    code: str
    note: str | Promise = ""


def snippets(example: Example, client_secret: str = PLACEHOLDER) -> list[Snippet]:
    """Return all snippets; Client Key and secret are letters and digits, and need no quoting."""
    header = f"amx {example.client_key}:{client_secret}"
    return [
        Snippet(key, label, write(example, header), _NOTES.get(key, ""))
        for key, (label, write) in _WRITERS.items()
    ]


def _curl(example: Example, header: str) -> str:
    authorization = shlex.quote(f"Authorization: {header}")
    return f"curl --fail-with-body -H {authorization} \\\n  {shlex.quote(example.address)}\n"


def _python(example: Example, header: str) -> str:
    if example.output_format == "json":
        imports = ("import json\nimport sys", "")
        read = "json.load(answer)"
        show = "json.dumps(document, indent=2, ensure_ascii=False)"
    else:
        imports = ("import sys", "\nfrom xml.etree import ElementTree")
        read = "ElementTree.parse(answer)"
        show = 'ElementTree.tostring(document.getroot(), encoding="unicode")'
    return f"""{imports[0]}
import urllib.error
import urllib.request{imports[1]}

request = urllib.request.Request(
    {json.dumps(example.address)},
    headers={{"Authorization": {json.dumps(header)}}},
)
try:
    with urllib.request.urlopen(request, timeout=30) as answer:
        document = {read}
except urllib.error.HTTPError as problem:
    sys.exit(f"{{problem.code}}: {{problem.read().decode()}}")
print({show})
"""


def _javascript(example: Example, header: str) -> str:
    read = "await response.text()"
    if example.output_format == "json":
        read = "JSON.stringify(await response.json(), null, 2)"
    return f"""(async () => {{
  const response = await fetch({json.dumps(example.address)}, {{
    headers: {{ Authorization: {json.dumps(header)} }},
  }});
  if (!response.ok) {{
    throw new Error(`${{response.status}}: ${{await response.text()}}`);
  }}
  console.log({read});
}})();
"""


def _csharp(example: Example, header: str) -> str:
    return f"""using System;
using System.Net.Http;

using var client = new HttpClient();
using var request = new HttpRequestMessage(HttpMethod.Get, {json.dumps(example.address)});
request.Headers.TryAddWithoutValidation("Authorization", {json.dumps(header)});
using var response = await client.SendAsync(request);
var body = await response.Content.ReadAsStringAsync();
if (!response.IsSuccessStatusCode)
{{
    throw new HttpRequestException($"{{(int)response.StatusCode}}: {{body}}");
}}
Console.WriteLine(body);
"""


def _powershell(example: Example, header: str) -> str:
    address = example.address.replace("'", "''")
    show = "ConvertTo-Json -Depth 10" if example.output_format == "json" else "% OuterXml"
    return f"""$headers = @{{ Authorization = '{header}' }}
try {{
    Invoke-RestMethod -Uri '{address}' -Headers $headers | {show}
}} catch {{
    Write-Error "$($_.Exception.Message) $($_.ErrorDetails.Message)"
}}
"""


def _power_query(example: Example, header: str) -> str:
    read = "Json.Document" if example.output_format == "json" else "Xml.Tables"
    query = ", ".join(
        f'#"{name}" = "{value.replace(chr(34), chr(34) * 2)}"' for name, value in example.parameters
    )
    options = f'Headers = [Authorization = "{header}"]' + (f", Query = [{query}]" if query else "")
    return f"""let
    Source = {read}(Web.Contents("{example.endpoint}", [{options}]))
in
    Source
"""


_WRITERS: Mapping[str, tuple[str, Callable[[Example, str], str]]] = {
    "curl": ("curl", _curl),
    "python": ("Python", _python),
    "javascript": ("JavaScript", _javascript),
    "csharp": ("C#", _csharp),
    "powershell": ("PowerShell", _powershell),
    "excel": ("Excel", _power_query),
}
_NOTES: Mapping[str, str | Promise] = {
    "curl": _("For a shell on Linux or a Mac; version 7.76 of curl or newer."),
    "python": _("Python 3, with nothing to install."),
    "javascript": _("Node.js 18 or newer. Not for a web page: it would show the secret."),
    "csharp": _("As Program.cs of a console program, .NET 6 or newer."),
    "excel": _(
        "Data, Get Data, Blank Query, Advanced Editor. When Excel asks how to sign in, choose "
        "Anonymous: it refuses a header of your own with any other choice."
    ),
}
