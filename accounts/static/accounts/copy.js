/* Copy buttons.
 *
 *   <button type="button" data-copy="#website-address">Copy</button>   the text or value of that element
 *   <button type="button" data-copy-text="amx 3A33…:9QX…">Copy</button>   that text itself
 *   <button type="button" data-copy-url="/…/copy/" data-copy-what="header">Copy</button>
 *                                       the text that a POST to that address answers with
 *
 * The button reads "Copied" for two seconds and the page's live region (#live) says so. Where
 * the clipboard is blocked the text is selected instead, ready for Ctrl+C: the element's own,
 * or that of a field put behind the button when the text stands nowhere on the page.
 * Words come from data- attributes of #live, so that they are translated with the page.
 */
(() => {
  "use strict";

  const restoring = new WeakMap();

  function say(text) {
    const live = document.getElementById("live");
    live.textContent = "";
    // A region that is set to the text it already holds stays silent.
    requestAnimationFrame(() => {
      live.textContent = text;
    });
  }

  function textOf(element) {
    return "value" in element ? element.value : element.textContent.trim();
  }

  function select(element) {
    if (typeof element.select === "function") {
      element.focus();
      element.select();
      return;
    }
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  /* A field to select from, for text that stands nowhere on the page. */
  function fieldWith(text, button) {
    const field = document.createElement("input");
    field.className = "input";
    field.readOnly = true;
    field.value = text;
    field.setAttribute("aria-label", button.getAttribute("aria-label") ?? button.textContent);
    (button.closest(".code-field") ?? button).after(field);
    return field;
  }

  async function fetched(button) {
    // Asked as htmx asks, so that where to sign in or confirm first comes as a header.
    const headers = {
      ...JSON.parse(document.body.getAttribute("hx-headers")),
      "HX-Request": "true",
      "HX-Current-URL": window.location.href,
    };
    const body = new URLSearchParams({ what: button.dataset.copyWhat ?? "" });
    const response = await fetch(button.dataset.copyUrl, { method: "POST", headers, body });
    const elsewhere = response.headers.get("HX-Redirect");
    if (response.ok && elsewhere === null) return response.text();
    if (elsewhere === null) {
      window.location.reload(); // refused: the page itself says why
    } else {
      window.location.assign(elsewhere);
    }
    return new Promise(() => {});
  }

  function showCopied(button, copied) {
    const label = button.querySelector("[data-copy-label]") ?? button;
    if (!restoring.has(button)) {
      restoring.set(button, { text: label.textContent });
    }
    const state = restoring.get(button);
    clearTimeout(state.timer);
    label.textContent = copied;
    button.classList.add("is-copied");
    state.timer = setTimeout(() => {
      label.textContent = state.text;
      button.classList.remove("is-copied");
      restoring.delete(button);
    }, 2000);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-text], [data-copy-url]");
    if (!button) return;
    const words = document.getElementById("live").dataset;
    const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
    const text = source
      ? textOf(source)
      : (button.dataset.copyText ?? (await fetched(button)));
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      select(source ?? fieldWith(text, button));
      say(words.selected);
      return;
    }
    showCopied(button, words.copied);
    say(words.copied);
  });
})();
