/* Copy buttons.
 *
 *   <button type="button" data-copy="#website-address">Copy</button>   the text or value of that element
 *   <button type="button" data-copy-text="amx 3A33…:9QX…">Copy</button>   that text itself
 *
 * The button reads "Copied" for two seconds and the page's live region (#live) says so. Where
 * the clipboard is blocked the text is selected instead, ready for Ctrl+C; a `data-copy-text`
 * button, which has nothing on the page to select, then only says that copying is blocked.
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
    const button = event.target.closest("[data-copy], [data-copy-text]");
    if (!button) return;
    const words = document.getElementById("live").dataset;
    const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
    try {
      await navigator.clipboard.writeText(source ? textOf(source) : button.dataset.copyText);
    } catch {
      if (source) select(source);
      say(source ? words.selected : words.blocked);
      return;
    }
    showCopied(button, words.copied);
    say(words.copied);
  });
})();
